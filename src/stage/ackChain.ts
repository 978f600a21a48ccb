// The one owner of the ack: a chunk is confirmed to its sender only when the output has confirmed it and its alerts
// are delivered or safely on disk. States of a chunk: held → safe → acked, or held → given up (the sender's
// connection is closed without an ack, so that it sends again). See docs/adr/0002-ack-chain.md.
import { Fifo, type FifoNode } from '../forward/fifo.js';
import type { FrameContext } from '../forward/message.js';

/** What of a chunk is named when it could not be confirmed. */
export interface ChunkName {
  readonly peer: string;
  readonly tag: string;
  readonly events: number;
  /** Its sender waits for an ack, and sends it again without one. */
  readonly wantsAck: boolean;
}

export interface AckChainOptions {
  /** Bytes of held chunks past which reading stops. */
  readonly heldLimit: number;
  /** Bytes of memory that held frames keep from being used again, whatever small part of it is theirs. */
  readonly keptBytes: () => number;
  /** So many bytes of held chunks do not lie in that memory. */
  readonly onOwnBytes: (bytes: number) => void;
  /** Reading must stop (true) or may go on (false): back-pressure on the senders. */
  readonly onPressure: (stop: boolean) => void;
  /** A chunk was confirmed to its sender, this many ms after it was accepted. */
  readonly onAcked: (latencyMs: number) => void;
  /** A chunk was given up, because a confirmation failed. */
  readonly onGivenUp: (context: FrameContext, cause: unknown) => void;
  /** Monotonic ms. */
  readonly now: () => number;
}

interface Held {
  readonly node: FifoNode<ChunkName>;
  readonly bytes: number;
  readonly ownBytes: number;
}

export class AckChain {
  readonly #options: AckChainOptions;
  #heldBytes = 0;
  /** Of those, what does not lie in the blocks that frames were read into. */
  #ownBytes = 0;
  readonly #held = new Fifo<ChunkName>();
  #stopped = false;
  readonly #waiting: (() => void)[] = [];

  constructor(options: AckChainOptions) {
    this.#options = options;
  }

  /** Bytes and chunks accepted and not yet confirmed. */
  get heldBytes(): number {
    return this.#heldBytes;
  }
  get heldChunks(): number {
    return this.#held.size;
  }

  /** What is held, in the order in which it came. */
  get held(): readonly ChunkName[] {
    return this.#held.all();
  }

  /** Reading has stopped. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /**
   * Holds a chunk until all of `confirmations` are fulfilled, then acks it; gives it up when one of them fails.
   * @param frameBytes as it was read. @param ownBytes what it takes beside that: inflated, copied, its alerts.
   */
  hold(
    name: ChunkName,
    context: FrameContext,
    frameBytes: number,
    ownBytes: number,
    confirmations: readonly Promise<unknown>[],
  ): void {
    const accepted = this.#options.now();
    const held: Held = { node: this.#held.add(name), bytes: frameBytes + ownBytes, ownBytes };
    this.#heldBytes += held.bytes;
    this.#own(ownBytes);
    this.#press();
    const all = confirmations.length === 1 ? confirmations[0]! : Promise.all(confirmations);
    all.then(
      () => {
        context.ack();
        this.#options.onAcked(this.#options.now() - accepted);
        this.#let(held);
      },
      (cause: unknown) => {
        this.#options.onGivenUp(context, cause);
        context.refuse('downstream_refused', 'the chunk could not be confirmed and must be sent again');
        this.#let(held);
      },
    );
  }

  /** Resolves when nothing is held any more. */
  idle(): Promise<void> {
    if (this.#held.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #let(held: Held): void {
    this.#heldBytes -= held.bytes;
    this.#own(-held.ownBytes);
    this.#held.delete(held.node);
    this.#press();
    if (this.#held.size === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #own(change: number): void {
    this.#ownBytes += change;
    this.#options.onOwnBytes(this.#ownBytes);
  }

  /** Stops at the limit, goes on below half of it: no flutter around one value. */
  #press(): void {
    const { heldLimit, keptBytes, onPressure } = this.#options;
    const bytes = Math.max(this.#heldBytes, this.#ownBytes + keptBytes());
    if (!this.#stopped && bytes >= heldLimit) {
      this.#stopped = true;
      onPressure(true);
    } else if (this.#stopped && (bytes < heldLimit / 2 || this.#held.size === 0)) {
      this.#stopped = false;
      onPressure(false);
    }
  }
}
