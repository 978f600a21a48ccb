// The one owner of the ack: a chunk is confirmed to its sender only when the output has confirmed it and its alerts
// are delivered or safely on disk. States of a chunk: held → safe → acked, or held → given up (the sender's
// connection is closed without an ack, so that it sends again). See docs/adr/0002-ack-chain.md.
import { Fifo, Linked } from '../forward/fifo.js';
import type { Frame, FrameContext } from '../forward/message.js';
import type { Fate } from '../sinks/output.js';
import type { Assembled } from './assembly.js';

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
  /** The output has confirmed a chunk of so many events. */
  readonly onWritten: (events: number) => void;
  /** A chunk was confirmed to its sender, this many ms after it was accepted. */
  readonly onAcked: (latencyMs: number) => void;
  /** A chunk was given up, because a confirmation failed. */
  readonly onGivenUp: (context: FrameContext, cause: Error) => void;
  /** Monotonic ms. */
  readonly now: () => number;
}

/** What has become of a chunk: `chain` is told once. */
interface Chain {
  onWritten(events: number): void;
  end(held: HeldChunk, cause: Error | null): void;
}

/** A chunk that is held until so many confirmations of it were told, or one of them has failed. */
export class HeldChunk extends Linked implements ChunkName, Fate {
  readonly context: FrameContext;
  readonly tag: string;
  readonly events: number;
  readonly wantsAck: boolean;
  /** Of the frame as it was read, and what it takes beside that: inflated, copied, its alerts. */
  readonly bytes: number;
  readonly ownBytes: number;
  /** Monotonic ms. */
  acceptedAt = 0;
  #chain: Chain | null = null;
  /** What the output reads; null: nothing that must be released. */
  readonly #body: Assembled | null;
  /** Confirmations to come; 0: it has ended. */
  #left: number;

  constructor(
    { tag, start, end, option }: Frame,
    context: FrameContext,
    events: number,
    ownBytes: number,
    body: Assembled | null,
    confirmations: number,
  ) {
    super();
    this.context = context;
    this.tag = tag;
    this.events = events;
    this.wantsAck = option.chunkStart !== -1;
    this.bytes = end - start + ownBytes;
    this.ownBytes = ownBytes;
    this.#body = body;
    this.#left = confirmations;
  }

  get peer(): string {
    return this.context.peer;
  }

  holdIn(chain: Chain, now: number): void {
    this.#chain = chain;
    this.acceptedAt = now;
  }

  /** By the output. */
  confirm(): void {
    this.#body?.release();
    this.#chain!.onWritten(this.events);
    this.confirmed();
  }

  /** By the output. */
  fail(cause: Error): void {
    this.#body?.release();
    this.giveUp(cause);
  }

  /** By another than the output. */
  confirmed(): void {
    if (this.#left === 0) return;
    this.#left -= 1;
    if (this.#left === 0) this.#chain!.end(this, null);
  }

  giveUp(cause: Error): void {
    if (this.#left === 0) return;
    this.#left = 0;
    this.#chain!.end(this, cause);
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

  readonly #chain: Chain = {
    onWritten: (events) => this.#options.onWritten(events),
    end: (held, cause) => this.#end(held, cause),
  };

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

  /** Holds a chunk until all of its confirmations were told, then acks it; gives it up when one of them fails. */
  hold(held: HeldChunk): void {
    held.holdIn(this.#chain, this.#options.now());
    this.#held.add(held);
    this.#heldBytes += held.bytes;
    this.#own(held.ownBytes);
    this.#press();
  }

  /** Resolves when nothing is held any more. */
  idle(): Promise<void> {
    if (this.#held.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** @param cause why it is given up; null: it is confirmed. */
  #end(held: HeldChunk, cause: Error | null): void {
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
    this.#held.delete(held);
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
