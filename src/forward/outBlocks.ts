// Short messages on their way to a server: what one turn of the event loop sends is put together and written at once. A
// buffer and a write for each would cost as much as judging its event, and buffers outside of the heap bring about
// collections of all of it.
import type { OutChunk } from '../sinks/output.js';
import { messageBytes, writeMessage } from './outMessage.js';

/** Longer messages are written by themselves, their payload as it lies. Bytes. */
const SHORT = 32 * 1024;
const BLOCK = 128 * 1024;
/** Blocks that wait to be used again. */
const MAX_FREE = 2;

interface Block {
  readonly buffer: Buffer;
  /** Writes out of it that are under way. */
  writes: number;
}

export type Written = (error?: Error | null) => void;

export class OutBlocks {
  readonly #write: (bytes: Buffer, written: Written) => void;
  readonly #free: Block[] = [];
  #block: Block | null = null;
  /** What is put together and not written: in the block from here to there. */
  #from = 0;
  #to = 0;

  /** @param write tells when the bytes are no longer needed, or could not be written. */
  constructor(write: (bytes: Buffer, written: Written) => void) {
    this.#write = write;
  }

  /** Nothing waits to be written. */
  get isEmpty(): boolean {
    return this.#from === this.#to;
  }

  /** False: it is too long, and to be written by itself, behind what was put together so far. */
  put(chunk: OutChunk, id: string | null): boolean {
    const bytes = messageBytes(chunk, id);
    if (bytes > SHORT) return false;
    if (this.#block === null || this.#to + bytes > BLOCK) this.#next();
    this.#to = writeMessage(chunk, id, this.#block!.buffer, this.#to);
    return true;
  }

  /** Writes what was put together. @param then told once it is written, or could not be. */
  flush(then: Written = () => undefined): void {
    const block = this.#block;
    if (block === null || this.isEmpty) return;
    const bytes = block.buffer.subarray(this.#from, this.#to);
    this.#from = this.#to;
    block.writes += 1;
    this.#write(bytes, (error) => {
      block.writes -= 1;
      if (block.writes === 0) this.#reuse(block);
      then(error);
    });
  }

  #next(): void {
    this.flush();
    this.#block = this.#free.pop() ?? { buffer: Buffer.allocUnsafeSlow(BLOCK), writes: 0 };
    this.#from = 0;
    this.#to = 0;
  }

  #reuse(block: Block): void {
    if (block !== this.#block) {
      if (this.#free.length < MAX_FREE) this.#free.push(block);
    } else if (this.isEmpty) {
      this.#from = 0;
      this.#to = 0;
    }
  }
}
