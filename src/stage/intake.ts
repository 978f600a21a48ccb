// The order in which frames are taken: one that must wait (for memory to inflate it, for an answer that alerting needs,
// for its payload to be inflated apart) holds up what must come after it, and nothing else.
import type { InputConfig } from '../config/config.js';
import type { Frame, FrameContext, RejectCode } from '../forward/message.js';
import { LargeInflates } from './largeInflates.js';

/** A frame that has come, and from whom. */
export interface Accepted {
  readonly frame: Frame;
  readonly context: FrameContext;
  readonly input: InputConfig;
  /** Its payload, where that was inflated apart. */
  readonly inflated?: Buffer;
}

export interface IntakeDeps {
  /** Memory is short: nothing is inflated. */
  readonly isShort: () => boolean;
  /** @param nowMs when it was taken for the first time; absent: this is the first. */
  readonly take: (accepted: Accepted, nowMs?: number) => void;
  readonly refuse: (accepted: Accepted, code: RejectCode, detail: string) => void;
  /** Alerting could not be asked. */
  readonly onUnanswered: (accepted: Accepted, cause: Error) => void;
}

export class Intake {
  readonly #deps: IntakeDeps;
  /** In order. */
  readonly #deferred: Accepted[] = [];
  /** Under way: what alerting must be asked before the chunk under work can be made. */
  #asking: Promise<void> | null = null;
  readonly #large = new LargeInflates<Accepted>({
    mayBegin: () => !this.#deps.isShort() && this.#deferred[0]?.inflated === undefined,
    onInflated: (large, inflated, behind) => {
      this.#deferred.unshift({ ...large, inflated }, ...behind);
      this.goOn();
    },
    onRefused: (large, { code, message }, behind) => {
      // Nor is taken what its sender sent behind it: it gets no ack, and sends all of it again.
      for (const { context } of [large, ...behind]) this.#deps.refuse({ ...large, context }, code, message);
    },
  });

  constructor(deps: IntakeDeps) {
    this.#deps = deps;
  }

  /** What is under way and must end before nothing is; null: nothing. */
  get underWay(): Promise<void> | null {
    return this.#asking ?? this.#large.running;
  }

  /** Frames that wait, in order. */
  get waiting(): readonly Accepted[] {
    return [...this.#deferred, ...this.#large.waiting];
  }

  /** What inflates is put off while memory is short, and what comes behind it too. */
  accept(accepted: Accepted): void {
    const mustWait = this.#deps.isShort() && accepted.frame.compressed !== null;
    if (this.#deferred.length > 0 || this.#asking || mustWait) this.#deferred.push(accepted);
    else this.#take(accepted);
  }

  /** There may be memory again. */
  goOn(): void {
    while (!this.#deps.isShort() && !this.#asking) {
      const next = this.#deferred.shift();
      if (!next) break;
      this.#take(next);
    }
    this.#large.begin();
  }

  /** The frame is taken once its payload has been inflated, in the thread pool. */
  inflateApart(accepted: Accepted): void {
    this.#large.add(accepted);
  }

  /** The frame is taken again once alerting knows more; what comes meanwhile waits. */
  ask(asked: Promise<void>, accepted: Accepted, nowMs: number): void {
    this.#asking = this.#askAndTake(asked, accepted, nowMs);
  }

  #take(accepted: Accepted, nowMs?: number): void {
    if (!this.#large.takes(accepted)) this.#deps.take(accepted, nowMs);
  }

  async #askAndTake(asked: Promise<void>, accepted: Accepted, nowMs: number): Promise<void> {
    try {
      await asked;
    } catch (error) {
      this.#asking = null;
      this.#deps.onUnanswered(accepted, error as Error);
      this.#deps.refuse(accepted, 'downstream_refused', 'stateful rules could not be asked');
      this.goOn();
      return;
    }
    this.#asking = null;
    this.#take(accepted, nowMs);
    this.goOn();
  }
}
