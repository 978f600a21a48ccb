// The new body of a chunk, put together from pieces of the old one and of our own bytes. A few pieces stay where they
// are and are written as slices. Many short ones, as of a chunk in which every event is tagged (or that a sender can
// provoke with a broken entry beside every good one), are copied to blocks: a slice takes more than a hundred bytes of
// memory and a part of a write, and a fresh buffer of this size costs more than copying (page faults; see blocks.ts).
import type { Block } from '../forward/blocks.js';
import { type PieceTarget, sliceOf } from '../msgpack/pieces.js';

/** Pieces that are looked at together: copied when they are shorter than LONG on average. */
const BATCH = 16;
const LONG = 8 * 1024;
/** Up to this size a byte at a time: a view of the bytes costs more. */
const TINY = 32;
export const ASSEMBLY_BLOCK = 256 * 1024;

/** A body that was put together; `release` gives back the blocks that it lies in. */
export interface Assembled {
  readonly slices: readonly Buffer[];
  release(): void;
}

/** One body after the other. */
export class Assembly implements PieceTarget {
  readonly #takeBlock: (size: number) => Block;
  #slices: Buffer[] = [];
  #blocks: Block[] = [];
  /** The block that is copied to, from `#from` (what is before that is among the slices) to `#to`. */
  #block: Buffer | null = null;
  #from = 0;
  #to = 0;
  /** Where in the block the room begins that was claimed last. */
  #claimed = 0;
  /** Pieces that wait for their batch to be full, and how many and how long they are. */
  readonly #bufs: Buffer[] = [];
  readonly #offsets: number[] = [];
  #count = 0;
  #waiting = 0;
  /** What was copied from last, and the memory that it lies in: asking for that costs as much as a small copy. */
  #source: Buffer | null = null;
  #memory: ArrayBufferLike | null = null;
  #memoryAt = 0;

  /** @param takeBlock of at least so many bytes. */
  constructor(takeBlock: (size: number) => Block) {
    this.#takeBlock = takeBlock;
  }

  add(buf: Buffer, from: number, to: number): void {
    if (to <= from) return;
    if (this.#block !== null && this.#count === 0 && to - from < LONG) {
      this.put(buf, from, to);
      return;
    }
    const i = this.#count++;
    this.#bufs[i] = buf;
    this.#offsets[2 * i] = from;
    this.#offsets[2 * i + 1] = to;
    this.#waiting += to - from;
    if (i === BATCH - 1) this.#settle();
  }

  claim(length: number): boolean {
    if (this.#block === null || length > LONG) return false;
    if (this.#count > 0) this.#settle();
    this.#makeRoom(length);
    this.#claimed = this.#to;
    return true;
  }

  change(at: number, byte: number): void {
    this.#block![this.#claimed + at] = byte;
  }

  /** The body is whole; what is added from now on is of the next one. */
  finish(): Assembled {
    // The last ones are too few to be worth a first block.
    if (this.#block === null) this.#keepAll();
    else this.#settle();
    this.#endPart();
    const slices = this.#slices;
    const blocks = this.#blocks;
    this.#begin();
    return {
      slices,
      release: () => {
        for (const block of blocks.splice(0)) block.release();
      },
    };
  }

  /** Nothing comes of what was added. */
  drop(): void {
    for (const block of this.#blocks) block.release();
    this.#clear();
    this.#begin();
  }

  #begin(): void {
    this.#slices = [];
    this.#blocks = [];
    // An inflated payload among them would stay as long as the next chunks need no edit.
    this.#bufs.length = 0;
    this.#source = null;
    this.#memory = null;
    this.#block = null;
    this.#from = 0;
    this.#to = 0;
  }

  #settle(): void {
    if (this.#waiting >= this.#count * LONG) this.#keepAll();
    else {
      for (let i = 0; i < this.#count; i += 1)
        this.put(this.#bufs[i]!, this.#offsets[2 * i]!, this.#offsets[2 * i + 1]!);
      this.#clear();
    }
  }

  #keepAll(): void {
    if (this.#count === 0) return;
    this.#endPart();
    for (let i = 0; i < this.#count; i += 1)
      this.#slices.push(sliceOf(this.#bufs[i]!, this.#offsets[2 * i]!, this.#offsets[2 * i + 1]!));
    this.#clear();
  }

  #clear(): void {
    this.#count = 0;
    this.#waiting = 0;
  }

  put(buf: Buffer, from: number, to: number): void {
    const length = to - from;
    const block = this.#makeRoom(length);
    if (length <= TINY) {
      let at = this.#to;
      for (let i = from; i < to; i += 1) block[at++] = buf[i]!;
    } else if (length === buf.length) block.set(buf, this.#to);
    else {
      if (this.#source !== buf) {
        this.#source = buf;
        this.#memory = buf.buffer;
        this.#memoryAt = buf.byteOffset;
      }
      block.set(new Uint8Array(this.#memory!, this.#memoryAt + from, length), this.#to);
    }
    this.#to += length;
  }

  /** The block that so many more bytes go to. */
  #makeRoom(length: number): Buffer {
    if (this.#block !== null && this.#to + length <= this.#block.length) return this.#block;
    this.#endPart();
    const next = this.#takeBlock(Math.max(ASSEMBLY_BLOCK, length));
    this.#blocks.push(next);
    this.#block = next.buffer;
    this.#from = 0;
    this.#to = 0;
    return next.buffer;
  }

  #endPart(): void {
    if (this.#block !== null && this.#to > this.#from)
      this.#slices.push(this.#block.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }
}
