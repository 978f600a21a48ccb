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
  readonly onGivenUp: (context: FrameContext, cause: Error) => void;
  /** Monotonic ms. */
  readonly now: () => number;
}

/** A held chunk: told of each of its confirmations, or that one of them failed. */
export interface Held {
  confirm(): void;
  fail(cause: Error): void;
}

class HeldChunk implements Held {
  readonly name: ChunkName;
  readonly context: FrameContext;
  readonly bytes: number;
  readonly ownBytes: number;
  /** Monotonic ms. */
  readonly acceptedAt: number;
  node: FifoNode<HeldChunk> | null = null;
  readonly #end: (held: HeldChunk, cause: Error | null) => void;
  /** Confirmations to come; 0: it has ended. */
  #left: number;

  constructor(
    name: ChunkName,
    context: FrameContext,
    bytes: number,
    ownBytes: number,
    acceptedAt: number,
    confirmations: number,
    end: (held: HeldChunk, cause: Error | null) => void,
  ) {
    this.name = name;
    this.context = context;
    this.bytes = bytes;
    this.ownBytes = ownBytes;
    this.acceptedAt = acceptedAt;
    this.#left = confirmations;
    this.#end = end;
  }

  confirm(): void {
    if (this.#left === 0) return;
    this.#left -= 1;
    if (this.#left === 0) this.#end(this, null);
  }

  fail(cause: Error): void {
    if (this.#left === 0) return;
    this.#left = 0;
    this.#end(this, cause);
  }
}

export class AckChain {
  readonly #options: AckChainOptions;
  #heldBytes = 0;
  /** Of those, what does not lie in the blocks that frames were read into. */
  #ownBytes = 0;
  readonly #held = new Fifo<HeldChunk>();
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
    return this.#held.all().map((held) => held.name);
  }

  /** Reading has stopped. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /**
   * Holds a chunk until so many confirmations of it were told, then acks it; gives it up when one of them fails.
   * @param frameBytes as it was read. @param ownBytes what it takes beside that: inflated, copied, its alerts.
   */
  hold(
    name: ChunkName,
    context: FrameContext,
    frameBytes: number,
    ownBytes: number,
    confirmations: number,
  ): Held {
    const bytes = frameBytes + ownBytes;
    const acceptedAt = this.#options.now();
    const held = new HeldChunk(name, context, bytes, ownBytes, acceptedAt, confirmations, this.#end);
    held.node = this.#held.add(held);
    this.#heldBytes += bytes;
    this.#own(ownBytes);
    this.#press();
    return held;
  }

  /** Resolves when nothing is held any more. */
  idle(): Promise<void> {
    if (this.#held.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** @param cause why it is given up; null: it is confirmed. */
  readonly #end = (held: HeldChunk, cause: Error | null): void => {
    const { context } = held;
    if (cause === null) {
      context.ack();
      this.#options.onAcked(this.#options.now() - held.acceptedAt);
    } else {
      this.#options.onGivenUp(context, cause);
      context.refuse('downstream_refused', 'the chunk could not be confirmed and must be sent again');
    }
    this.#heldBytes -= held.bytes;
    this.#own(-held.ownBytes);
    this.#held.delete(held.node!);
    this.#press();
    if (this.#held.size === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  };

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
