// Payloads that take too long to inflate at once: they are inflated in the thread pool, one at a time. What their
// connection has sent behind them waits for them, and what other connections send goes on meanwhile.
import { inflateApart } from '../forward/inflate.js';
import type { Frame, FrameContext } from '../forward/message.js';
import { Rejection } from '../forward/rejection.js';

/** A frame that has come. */
interface Come {
  readonly frame: Frame;
  readonly context: FrameContext;
  readonly input: { readonly decompressionSizeLimit: number };
}

export interface LargeInflatesDeps<A> {
  /** There is memory for the next one. */
  readonly mayBegin: () => boolean;
  /** @param behind what its connection has sent since, in order. */
  readonly onInflated: (large: A, inflated: Buffer, behind: readonly A[]) => void;
  readonly onRefused: (large: A, why: Rejection, behind: readonly A[]) => void;
}

export class LargeInflates<A extends Come> {
  readonly #deps: LargeInflatesDeps<A>;
  /** By connection, in the order in which they came: the one to inflate, and what came behind it. */
  readonly #waiting = new Map<number, [large: A, ...behind: A[]]>();
  #running: Promise<void> | null = null;

  constructor(deps: LargeInflatesDeps<A>) {
    this.#deps = deps;
  }

  /** The one that is being inflated; null: none is. */
  get running(): Promise<void> | null {
    return this.#running;
  }

  /** All that waits, large ones and what is behind them. */
  get waiting(): readonly A[] {
    return [...this.#waiting.values()].flat();
  }

  /** Whether a large one of the same connection is before it: then it waits here. */
  takes(come: A): boolean {
    const before = this.#waiting.get(come.context.connectionId);
    before?.push(come);
    return before !== undefined;
  }

  add(large: A): void {
    this.#waiting.set(large.context.connectionId, [large]);
    large.context.hold(true);
    this.begin();
  }

  /** Begins with the next one, if there is one and none is under way. */
  begin(): void {
    if (this.#running || !this.#deps.mayBegin()) return;
    const [next] = this.#waiting.values();
    if (next) this.#running = this.#inflate(next[0]);
  }

  async #inflate(large: A): Promise<void> {
    const { frame, context, input } = large;
    const body = frame.buffer.subarray(frame.bodyStart, frame.bodyEnd);
    const result = await inflateApart(body, frame.compressed!, input.decompressionSizeLimit).catch(
      (error: unknown) => {
        if (error instanceof Rejection) return error;
        throw error;
      },
    );
    this.#running = null;
    const [, ...behind] = this.#waiting.get(context.connectionId)!;
    this.#waiting.delete(context.connectionId);
    context.hold(false);
    if (result instanceof Rejection) this.#deps.onRefused(large, result, behind);
    else this.#deps.onInflated(large, result, behind);
    this.begin();
  }
}
