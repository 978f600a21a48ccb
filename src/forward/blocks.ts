// Blocks of memory that sockets read into: recycled, because a fresh large buffer for each chunk costs more than
// judging its events, and counted, because a chunk's bytes stay in use until it is confirmed downstream.

/** Smallest and largest block that is kept for use again. */
export const MIN_BLOCK = 64 * 1024;
export const MAX_BLOCK = 4 * 1024 * 1024;
/** Free bytes kept over all sizes; more is left to the garbage collector. */
const MAX_FREE = 32 * 1024 * 1024;

export class Block {
  readonly buffer: Buffer;
  readonly #pool: BlockPool | null;
  #users = 1;

  /** @param pool where it goes back to; null: it is not used again. */
  constructor(buffer: Buffer, pool: BlockPool | null) {
    this.buffer = buffer;
    this.#pool = pool;
  }

  /** One more frame lies in it. */
  retain(): void {
    this.#users += 1;
  }

  /** Nothing but the reader itself uses it: it may be filled from the start again. */
  get alone(): boolean {
    return this.#users === 1;
  }

  /** A user is done with it; the last one gives it back. */
  release(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#pool?.giveBack(this.buffer);
  }
}

export class BlockPool {
  readonly #free = new Map<number, Buffer[]>();
  #freeBytes = 0;

  /** A block of at least `size` bytes: the next power of two up to MAX_BLOCK, beyond that just the size. */
  take(size: number): Block {
    const rounded = size > MAX_BLOCK ? size : Math.max(MIN_BLOCK, 2 ** Math.ceil(Math.log2(size)));
    const recycled = this.#free.get(rounded)?.pop();
    if (recycled) this.#freeBytes -= rounded;
    return new Block(recycled ?? Buffer.allocUnsafeSlow(rounded), this);
  }

  giveBack(buffer: Buffer): void {
    const size = buffer.length;
    if (size > MAX_BLOCK || this.#freeBytes + size > MAX_FREE) return;
    const list = this.#free.get(size);
    if (list) list.push(buffer);
    else this.#free.set(size, [buffer]);
    this.#freeBytes += size;
  }

  /** Bytes that wait to be used again. */
  get freeBytes(): number {
    return this.#freeBytes;
  }
}
