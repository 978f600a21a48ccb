// Who may read a message that is larger than a connection's share of the blocks. They share a bound: what does not fit
// waits its turn, unread, so that many half-sent messages cannot fill the memory. A connection that keeps its turn and
// sends nothing, while others wait for it, is closed. Every turn ends: the oldest message always gets the room it needs.

/** A connection that reads a large message. */
export interface LargeReader {
  /** Bytes read on this connection. */
  readonly bytesRead: number;
  /** The room that was asked for is there now. */
  granted(): void;
  /** It must give its room up: the connection is closed. */
  evict(why: string): void;
}

export interface LargeMessagesOptions {
  /** Bytes of large messages being read. A single larger one is read alone. */
  readonly capacity: number;
  /** How often progress is looked at while somebody waits, ms. */
  readonly stallMs?: number;
}

/** Bytes that a connection must send in `stallMs` to keep its turn while others wait. */
const LEAST_PROGRESS = 64 * 1024;
const DEFAULT_STALL_MS = 5000;

interface Turn {
  bytes: number;
  /** `bytesRead` when it was last looked at. */
  seen: number;
}

export class LargeMessages {
  readonly #capacity: number;
  readonly #stallMs: number;
  /** Oldest first, both. */
  readonly #turns = new Map<LargeReader, Turn>();
  readonly #waiting = new Map<LargeReader, number>();
  #used = 0;
  #paused = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: LargeMessagesOptions) {
    this.#capacity = options.capacity;
    this.#stallMs = options.stallMs ?? DEFAULT_STALL_MS;
  }

  /** Asks for `bytes` in all; false: `granted` is called when they are there, and nothing may be read until then. */
  ask(reader: LargeReader, bytes: number): boolean {
    const isNext = this.#waiting.size === 0 || this.#turns.has(reader);
    if (isNext && this.#grant(reader, bytes)) return true;
    this.#waiting.set(reader, bytes);
    this.#timer ??= setInterval(() => this.#lookAtProgress(), this.#stallMs).unref();
    this.#untangle();
    return (this.#turns.get(reader)?.bytes ?? 0) >= bytes;
  }

  /** The message was read, or its connection is gone. */
  giveBack(reader: LargeReader): void {
    this.#used -= this.#turns.get(reader)?.bytes ?? 0;
    this.#turns.delete(reader);
    this.#waiting.delete(reader);
    this.#serve();
  }

  /** No connection is read at all (back-pressure): that is nobody's fault. */
  pause(paused: boolean): void {
    this.#paused = paused;
    for (const [reader, turn] of this.#turns) turn.seen = reader.bytesRead;
  }

  #grant(reader: LargeReader, bytes: number): boolean {
    const has = this.#turns.get(reader)?.bytes ?? 0;
    const others = this.#used - has;
    if (others > 0 && others + bytes > this.#capacity) return false;
    this.#used = others + bytes;
    this.#turns.set(reader, { bytes, seen: reader.bytesRead });
    return true;
  }

  #serve(): void {
    // Those in the middle of a message go first: their turn ends sooner.
    const order = [...this.#waiting].sort(
      ([a], [b]) => Number(this.#turns.has(b)) - Number(this.#turns.has(a)),
    );
    for (const [reader, bytes] of order) {
      if (!this.#grant(reader, bytes)) break;
      this.#waiting.delete(reader);
      reader.granted();
    }
    if (this.#waiting.size > 0) {
      this.#untangle();
    } else if (this.#timer) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
  }

  /** When everybody who has a turn waits for more, the latest gives way. */
  #untangle(): void {
    const turns = [...this.#turns.keys()];
    if (turns.length < 2 || turns.some((r) => !this.#waiting.has(r))) return;
    this.#evict(turns.at(-1)!, 'its message grew while memory_limit was reached by other messages');
  }

  #lookAtProgress(): void {
    for (const [reader, turn] of [...this.#turns]) {
      const progress = reader.bytesRead - turn.seen;
      turn.seen = reader.bytesRead;
      if (this.#paused || this.#waiting.has(reader) || progress >= LEAST_PROGRESS) continue;
      this.#evict(
        reader,
        `it sent ${progress} bytes of a large message in ${this.#stallMs} ms while others wait for its memory`,
      );
    }
  }

  #evict(reader: LargeReader, why: string): void {
    reader.evict(`${why}; raise memory_limit or send smaller chunks`);
    this.giveBack(reader);
  }
}
