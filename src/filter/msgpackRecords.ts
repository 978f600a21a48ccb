// A stream of msgpack values in pieces to one record at a time: maps end to end, or arrays of maps, as exec_filter's
// msgpack formatter and parser have them. A value that is no map costs itself; after bytes that are not msgpack nothing
// tells where the next record starts, so reading stops.
import { ResumableSkip } from '../msgpack/resumableSkip.js';
import { headerSize, kindOf, lengthAt, skip, TOO_DEEP, TRUNCATED } from '../msgpack/scan.js';

export interface MsgpackRecordEvents {
  onMap(buf: Buffer, start: number, end: number): void;
  /** What stands here is no record and is left out; `offset`: bytes from the start of the stream. */
  onLost(why: string, offset: number): void;
}

/** Nesting at which the end of a value is no longer looked for. */
const MAX_DEPTH = 4096;

export class MsgpackRecords {
  readonly #limit: number;
  readonly #events: MsgpackRecordEvents;
  readonly #skip = new ResumableSkip(MAX_DEPTH);
  /** The start of a value whose end has not come; it grows by doubling, so that small pieces cost no more. */
  #held: Buffer = Buffer.alloc(0);
  #heldBytes = 0;
  /** Offset in the stream of the next value. */
  #offset = 0;
  /** Nothing more can be read. */
  stopped = false;

  /** @param limit bytes of one value. */
  constructor(limit: number, events: MsgpackRecordEvents) {
    this.#limit = limit;
    this.#events = events;
  }

  feed(piece: Buffer): void {
    if (this.stopped) return;
    const [buf, end] = this.#heldBytes === 0 ? [piece, piece.length] : this.#joined(piece);
    let at = 0;
    while (at < end) {
      const length = this.#skip.advance(buf, at, end);
      if (length === TRUNCATED) break;
      if (length < 0) {
        this.#stop(
          length === TOO_DEEP
            ? `a value is nested more than ${MAX_DEPTH} deep`
            : 'the input is not msgpack here',
        );
        return;
      }
      this.#skip.reset();
      this.#value(buf, at, at + length);
      this.#offset += length;
      at += length;
    }
    this.#keep(buf, at, end);
    if (this.#heldBytes > this.#limit) this.#stop(`a record is over ${this.#limit} bytes (--record-limit)`);
  }

  end(): void {
    if (this.#heldBytes > 0 && !this.stopped)
      this.#events.onLost('the input ends inside this record', this.#offset);
  }

  #joined(piece: Buffer): [Buffer, number] {
    const length = this.#heldBytes + piece.length;
    if (length > this.#held.length) {
      const wider = Buffer.allocUnsafe(Math.max(length, this.#held.length * 2));
      this.#held.copy(wider, 0, 0, this.#heldBytes);
      this.#held = wider;
    }
    piece.copy(this.#held, this.#heldBytes);
    this.#heldBytes = length;
    return [this.#held, length];
  }

  /** Keeps `[at, end)` for the next piece. */
  #keep(buf: Buffer, at: number, end: number): void {
    if (buf === this.#held && at === 0) return;
    // A copy: records that went out before may still lie in the old buffer.
    this.#held = Buffer.from(buf.subarray(at, end));
    this.#heldBytes = end - at;
  }

  #value(buf: Buffer, start: number, end: number): void {
    const kind = kindOf(buf[start]!);
    if (kind === 'map') this.#events.onMap(buf, start, end);
    else if (kind === 'array') {
      let at = start + headerSize(buf[start]!);
      for (let left = lengthAt(buf, start); left > 0; left -= 1) {
        const next = skip(buf, at, end, MAX_DEPTH);
        if (kindOf(buf[at]!) === 'map') this.#events.onMap(buf, at, next);
        else this.#noMap(buf, at, start);
        at = next;
      }
    } else this.#noMap(buf, start, start);
  }

  #noMap(buf: Buffer, at: number, start: number): void {
    this.#events.onLost(`a record is a map; this is of kind ${kindOf(buf[at]!)}`, this.#offset + at - start);
  }

  #stop(why: string): void {
    this.stopped = true;
    this.#held = Buffer.alloc(0);
    this.#heldBytes = 0;
    this.#events.onLost(
      `${why}: where the next record starts is unknown, and nothing after it is read`,
      this.#offset,
    );
  }
}
