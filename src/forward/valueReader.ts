// The bytes of one connection, cut into whole top-level values: msgpack back to back, or JSON when the first byte of
// the connection says so. Reads into blocks; copies only what crosses the end of a block.
import { ResumableSkip } from '../msgpack/resumableSkip.js';
import { INVALID, TOO_DEEP, TRUNCATED } from '../msgpack/scan.js';
import { Block, type BlockPool, MAX_BLOCK, MIN_BLOCK } from './blocks.js';
import { JsonFramer, messageOfJson } from './jsonFrames.js';
import { Rejection } from './rejection.js';
import type { ReadTarget } from './socketReads.js';

export interface ReaderLimits {
  /** A whole message, in bytes. */
  readonly chunkSizeLimit: number;
  /** Containers inside containers. */
  readonly maxDepth: number;
}

/** One whole value: an array at `[start, end)` with the offsets of its elements. `retain` before keeping its bytes. */
export interface WholeValue {
  readonly block: Block;
  readonly start: number;
  readonly end: number;
  readonly elements: readonly number[];
}

export interface ReaderEvents {
  /** A whole array; false: no more values are wanted from this connection. */
  onValue(value: WholeValue): boolean;
  onReject(rejection: Rejection): void;
}

/** Where bytes go that nobody wants: those of a closed connection. */
const scratch = Buffer.alloc(MIN_BLOCK);
/** Room left in a block below which a new one is taken. */
const LEAST_ROOM = 16 * 1024;

export class ValueReader implements ReadTarget {
  readonly #pool: BlockPool;
  readonly #limits: ReaderLimits;
  readonly #events: ReaderEvents;
  readonly #skip: ResumableSkip;
  #block: Block;
  /** The value being read starts here; bytes are there up to `#filled`. */
  #start = 0;
  #filled = 0;
  #json: JsonFramer | null = null;
  #first = true;
  #stopped = false;
  #closed = false;

  constructor(pool: BlockPool, limits: ReaderLimits, events: ReaderEvents) {
    this.#pool = pool;
    this.#limits = limits;
    this.#events = events;
    this.#skip = new ResumableSkip(limits.maxDepth);
    this.#block = pool.take(MIN_BLOCK);
  }

  /** The connection speaks JSON: acks go back as JSON. */
  get speaksJson(): boolean {
    return this.#json !== null;
  }

  /** Bytes of a value that has begun and not ended. */
  get pending(): number {
    return this.#filled - this.#start;
  }

  room(): Buffer {
    const { buffer } = this.#block;
    const have = this.#filled - this.#start;
    if (this.#closed) return scratch;
    if (have === 0 && buffer.length > MAX_BLOCK) {
      // One large message does not make its connection large for ever.
      this.#moveTo(MAX_BLOCK);
    } else if (have === 0 && this.#start > 0 && this.#block.alone) {
      this.#start = 0;
      this.#filled = 0;
    } else if (have === 0 && buffer.length - this.#filled < buffer.length / 2) {
      this.#moveTo(this.#nextSize(buffer.length));
    } else if (buffer.length - this.#filled < LEAST_ROOM) {
      this.#moveTo(this.#nextSize(have + LEAST_ROOM));
    }
    return this.#block.buffer.subarray(this.#filled);
  }

  filled(n: number): void {
    if (this.#closed) return;
    this.#filled += n;
    if (this.#stopped) {
      this.#start = this.#filled;
      return;
    }
    try {
      this.#takeValues();
    } catch (error) {
      this.#stopped = true;
      this.#start = this.#filled;
      if (!(error instanceof Rejection)) throw error;
      this.#events.onReject(error);
    }
  }

  /** Lets the block go; nothing is read afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopped = true;
    this.#start = this.#filled;
    this.#block.release();
  }

  /**
   * Doubles with what really comes (each byte is copied once or twice, however large the message), never with what a
   * header promises; large enough to hold a few of such values. Past MAX_BLOCK not more than the message needs.
   */
  #nextSize(least: number): number {
    const doubled = (this.#filled - this.#start) * 2;
    const wanted = Math.max(least, doubled, this.#block.buffer.length);
    if (wanted <= MAX_BLOCK) return wanted;
    if (least <= MAX_BLOCK) return MAX_BLOCK;
    const whole = (this.#json ? this.#limits.chunkSizeLimit : this.#skip.needed) + LEAST_ROOM;
    return Math.max(least, Math.min(doubled, whole));
  }

  #moveTo(size: number): void {
    const next = this.#pool.take(size);
    this.#block.buffer.copy(next.buffer, 0, this.#start, this.#filled);
    this.#filled -= this.#start;
    this.#start = 0;
    this.#block.release();
    this.#block = next;
  }

  #takeValues(): void {
    if (this.#first && this.#filled > 0) {
      this.#first = false;
      const b = this.#block.buffer[0]!;
      // Both are msgpack integers too, which no message starts with.
      if (b === 0x5b || b === 0x7b) this.#json = new JsonFramer();
    }
    while (this.#start < this.#filled) {
      const more = this.#json ? this.#takeJson(this.#json) : this.#takeMsgpack();
      if (!more) return;
    }
  }

  /** Whether the next value may be looked for. */
  #takeMsgpack(): boolean {
    const { buffer } = this.#block;
    const start = this.#start;
    const first = buffer[start]!;
    if (first === 0xc0) {
      // A nil at the top level is a heartbeat.
      this.#start += 1;
      return true;
    }
    if (!((first >= 0x90 && first <= 0x9f) || first === 0xdc || first === 0xdd)) {
      const shown = `0x${first.toString(16).padStart(2, '0')}`;
      throw new Rejection('not_msgpack', `a message starts with ${shown}, which is no msgpack array`);
    }
    const length = this.#skip.advance(buffer, start, this.#filled);
    if (length === TRUNCATED) {
      const { chunkSizeLimit } = this.#limits;
      if (this.#skip.needed > chunkSizeLimit) throw tooLarge(this.#skip.needed, chunkSizeLimit);
      return false;
    }
    if (length === INVALID) throw new Rejection('not_msgpack', 'a byte 0xc1, which msgpack never uses');
    if (length === TOO_DEEP) {
      throw new Rejection('too_deep', `a message is nested more than ${this.#limits.maxDepth} deep`);
    }
    if (length > this.#limits.chunkSizeLimit) throw tooLarge(length, this.#limits.chunkSizeLimit);
    const value = { block: this.#block, start, end: start + length, elements: [...this.#skip.elements] };
    this.#skip.reset();
    this.#start += length;
    return this.#give(value);
  }

  #takeJson(json: JsonFramer): boolean {
    const length = json.find(this.#block.buffer, this.#start, this.#filled);
    const pending = length === -1 ? this.#filled - this.#start : length;
    if (pending > this.#limits.chunkSizeLimit) throw tooLarge(pending, this.#limits.chunkSizeLimit);
    if (length === -1) return false;
    const bytes = messageOfJson(this.#block.buffer.subarray(this.#start, this.#start + length));
    this.#start += length;
    const first = bytes[0]!;
    if (!((first >= 0x90 && first <= 0x9f) || first === 0xdc || first === 0xdd)) {
      throw new Rejection('bad_json', 'a message is not a JSON array');
    }
    const skip = new ResumableSkip(this.#limits.maxDepth);
    if (skip.advance(bytes, 0, bytes.length) < 0) {
      throw new Rejection('too_deep', `a message is nested more than ${this.#limits.maxDepth} deep`);
    }
    // Not out of the pool: its blocks are 64 KiB and more, and small messages may be held by the thousand.
    const block = new Block(bytes, null);
    const more = this.#give({ block, start: 0, end: bytes.length, elements: skip.elements });
    block.release();
    return more;
  }

  #give(value: WholeValue): boolean {
    const more = this.#events.onValue(value);
    if (!more) {
      this.#stopped = true;
      this.#start = this.#filled;
    }
    return more;
  }
}

function tooLarge(bytes: number, limit: number): Rejection {
  return new Rejection(
    'frame_too_large',
    `a message is ${bytes} bytes or more, over ${limit}; raise chunk_size_limit or lower the sender's chunk size`,
  );
}
