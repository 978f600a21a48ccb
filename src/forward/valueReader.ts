// The bytes of one connection, cut into whole top-level values: msgpack back to back, or JSON when the first byte of
// the connection says so. Reads into blocks; copies only what crosses the end of a block.
import { ResumableSkip } from '../msgpack/resumableSkip.js';
import { INVALID, TOO_DEEP, TRUNCATED } from '../msgpack/scan.js';
import { Block, type BlockPool, MAX_BLOCK, MIN_BLOCK } from './blocks.js';
import { JsonFramer, messageOfJson } from './jsonFrames.js';
import type { LargeMessages, LargeReader } from './largeMessages.js';
import { Rejection } from './rejection.js';
import type { ReadTarget } from './socketReads.js';

export interface ReaderLimits {
  /** A whole message, in bytes. */
  readonly chunkSizeLimit: number;
  /** Containers inside containers. */
  readonly maxDepth: number;
}

/**
 * One whole value: an array at `[start, end)` with the offsets of its elements, which are those of the next value
 * afterwards. `retain` before keeping its bytes.
 */
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
  /** Reading must stop until there is memory for a large message (true), or goes on (false). */
  onWait(waits: boolean): void;
}

/** The memory that readers share. */
export interface ReadMemory {
  readonly pool: BlockPool;
  readonly large: LargeMessages;
}

/** Where bytes go that nobody wants: those of a closed connection. */
const scratch = Buffer.alloc(MIN_BLOCK);
/** Room left in a block below which a new one is taken. */
const LEAST_ROOM = 16 * 1024;
/** What may come of the next message when one has been read to its end: about what its option takes. Bytes. */
const SPILL = 4096;
/** Messages in a block that is made for them; of shorter ones than this there are many in any block. Bytes. */
const FEW = 3;
const MIN_EXACT = 256 * 1024;
/** Beside what is known of a large message: its option comes last. */
const SLACK = 64 * 1024;

export class ValueReader implements ReadTarget, LargeReader {
  readonly #pool: BlockPool;
  readonly #large: LargeMessages;
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
  /** Bytes of the block that count as this reader's; 0: a large message's own. */
  #counted = 0;
  /** Room that `#large` has granted for the message being read. */
  #grant = 0;
  #asked = 0;
  #turnIsOver = false;
  #isLetGo = false;
  /** Length of the last message: the next one is most likely as long. */
  #usual = 0;
  bytesRead = 0;

  constructor(memory: ReadMemory, limits: ReaderLimits, events: ReaderEvents) {
    this.#pool = memory.pool;
    this.#large = memory.large;
    this.#limits = limits;
    this.#events = events;
    this.#skip = new ResumableSkip(limits.maxDepth);
    this.#pool.readers(1);
    this.#block = this.#pool.take(this.#pool.least);
    this.#count(this.#block.buffer.length);
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
    if (this.#closed) {
      this.gone();
      return scratch;
    }
    const { buffer } = this.#block;
    const have = this.#filled - this.#start;
    const left = buffer.length - this.#filled;
    if (have === 0 && this.#grant === 0 && buffer.length > this.#pool.share) {
      this.#moveTo(this.#blockOf(this.#usual));
    } else if (have === 0 && this.#start > 0 && this.#block.alone) {
      this.#start = 0;
      this.#filled = 0;
    } else if (have === 0 && left < (this.#usual < MIN_EXACT ? buffer.length / 2 : this.#usual)) {
      this.#moveTo(this.#blockOf(this.#usual));
    } else if (this.#grant > buffer.length) {
      this.#moveTo(this.#grant);
    } else if (have > 0 && have <= SPILL && this.#known > buffer.length - this.#start) {
      // It will not fit: better moved now, with little of it here, than when most of it is.
      this.#moveTo(this.#blockOf(this.#known));
    } else if (left < this.#leastRoom) {
      this.#moveTo(this.#roomFor(have));
    }
    return this.#block.buffer.subarray(this.#filled, this.#readEnd());
  }

  /** Bytes that the value being read is long, as far as is known. */
  get #known(): number {
    return this.#json ? 0 : this.#skip.needed;
  }

  /**
   * Where reading into the block ends. The last message that the block has room for is read to its end and hardly
   * further: what came of the next one would have to be copied to another block.
   */
  #readEnd(): number {
    const { length } = this.#block.buffer;
    const known = this.#known;
    const end = this.#start + known;
    if (known <= 4 * SPILL || end > length || length - end >= known) return length;
    return Math.min(length, Math.max(end, this.#filled) + SPILL);
  }

  filled(n: number): void {
    if (this.#closed) return;
    this.#filled += n;
    this.bytesRead += n;
    if (this.#stopped) {
      this.#start = this.#filled;
      return;
    }
    try {
      this.#takeValues();
      if (this.#closed) return;
      if (this.#turnIsOver) this.#endTurn();
      this.#askForRoom();
    } catch (error) {
      this.#stopped = true;
      this.#start = this.#filled;
      if (!(error instanceof Rejection)) throw error;
      this.#events.onReject(error);
    }
  }

  /** Nothing is read afterwards. What the socket was given to read into stays ours until it asks for more, or is gone. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopped = true;
    this.#start = this.#filled;
    this.#pool.readers(-1);
    this.#large.giveBack(this);
  }

  /** The socket is gone: nothing can be read into the block any more. */
  gone(): void {
    this.close();
    if (this.#isLetGo) return;
    this.#isLetGo = true;
    this.#count(0);
    this.#block.leave();
  }

  granted(): void {
    if (this.#closed) return;
    this.#grant = this.#asked;
    this.#events.onWait(false);
  }

  evict(why: string): void {
    if (!this.#closed) this.#events.onReject(new Rejection('stalled', why));
  }

  /** A message that does not fit into this reader's share needs leave: for what its headers promise, within
   * chunk_size_limit, or else for twice what has come. */
  #askForRoom(): void {
    const have = this.pending;
    if (have === 0 || this.#stopped) return;
    const known = Math.max(this.#known, have + this.#leastRoom);
    if (this.#start + known <= this.#block.buffer.length || known <= this.#pool.least) return;
    // What its headers promise beyond what is here is believed; where they promise no more, it may still be twice as long.
    const isPromised = this.#known >= known;
    const twice = isPromised ? 0 : Math.min(have * 2, this.#limits.chunkSizeLimit);
    const exact = Math.max(known, twice) + SLACK;
    const wanted = exact > MAX_BLOCK ? exact : roundUp(exact);
    if (wanted <= this.#grant || this.#pool.allows(wanted, this.#counted)) return;
    this.#asked = wanted;
    if (this.#large.ask(this, wanted)) {
      this.#grant = wanted;
    } else if (!this.#closed) {
      this.#events.onWait(true);
    }
  }

  /** The large message was read: its block is left to it, with what has come of the next one taken along. */
  #endTurn(): void {
    this.#turnIsOver = false;
    this.#grant = 0;
    this.#large.giveBack(this);
    this.#moveTo(this.#roomFor(this.pending));
  }

  /** A block for what is there and some more: for the whole message, where that is not over eight times what has come.
   * Without leave for more, just for what is on its way already: reading stops then. */
  #roomFor(have: number): number {
    const least = have + this.#leastRoom;
    const known = Math.min(this.#known, 8 * least);
    const size =
      known === this.#known && known >= least ? this.#blockOf(known) : this.#shareOf(Math.max(least, known));
    return size >= least ? size : have + SLACK;
  }

  get #leastRoom(): number {
    return Math.min(LEAST_ROOM, this.#pool.least / 4);
  }

  /** The largest block up to `wanted` that this reader may have: doubled with what really comes, large enough to hold
   * a few of such values. */
  #shareOf(wanted: number): number {
    const few = Math.min(this.#filled - this.#start, MAX_BLOCK) * 2;
    let size = Math.min(roundUp(Math.max(wanted, few)), this.#pool.share);
    while (size > this.#pool.least && !this.#pool.allows(size, this.#counted)) size /= 2;
    return size;
  }

  /** A block for a few messages that are so long, with as little as possible left over: what is left over of a block
   * is memory that nobody can use until its messages are confirmed. */
  #blockOf(known: number): number {
    const one = known + SPILL;
    for (let few = Math.min(FEW, Math.floor(this.#pool.share / one)); few > 0 && one >= MIN_EXACT; few -= 1) {
      if (this.#pool.allows(few * one, this.#counted)) return few * one;
    }
    return this.#shareOf(this.#block.buffer.length);
  }

  #moveTo(size: number): void {
    const next = this.#pool.take(size);
    this.#block.buffer.copy(next.buffer, 0, this.#start, this.#filled);
    this.#filled -= this.#start;
    this.#start = 0;
    this.#block.leave();
    this.#block = next;
    this.#count(this.#grant > 0 ? 0 : next.buffer.length);
  }

  #count(bytes: number): void {
    this.#pool.reads(bytes - this.#counted);
    this.#counted = bytes;
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
    const { elements } = this.#skip;
    this.#skip.reset();
    this.#start += length;
    this.#usual = length;
    return this.#give({ block: this.#block, start, end: start + length, elements });
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
    // Not out of the pool: its blocks are 16 KiB and more, and small messages may be held by the thousand.
    const block = new Block(bytes, null);
    const more = this.#give({ block, start: 0, end: bytes.length, elements: skip.elements });
    block.leave();
    return more;
  }

  #give(value: WholeValue): boolean {
    this.#turnIsOver = this.#grant > 0;
    const more = this.#events.onValue(value);
    if (!more) {
      this.#stopped = true;
      this.#start = this.#filled;
    }
    return more;
  }
}

function roundUp(size: number): number {
  return 2 ** Math.ceil(Math.log2(size));
}

function tooLarge(bytes: number, limit: number): Rejection {
  return new Rejection(
    'frame_too_large',
    `a message is ${bytes} bytes or more, over ${limit}; raise chunk_size_limit or lower the sender's chunk size`,
  );
}
