// Blocks of memory that sockets read into: recycled, because a fresh large buffer for each chunk costs more than
// judging its events, and counted, because a chunk's bytes stay in use until it is confirmed downstream.

/** Smallest and largest block that is kept for use again. */
const LEAST_BLOCK = 16 * 1024;
export const MIN_BLOCK = 64 * 1024;
export const MAX_BLOCK = 4 * 1024 * 1024;
/** From here on sizes are multiples of a step, not powers of two: as little as possible is left over in them. */
const EXACT_FROM = 512 * 1024;
const STEP = 256 * 1024;
const LARGE_STEP = 1024 * 1024;
const DEFAULT_BUDGET = 32 * 1024 * 1024;

export class Block {
  readonly buffer: Buffer;
  readonly #pool: BlockPool | null;
  #users = 1;
  /** Counted as left: frames still lie in it. */
  #left = false;

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

  /** The reader leaves it: from now on it is there only for the frames that lie in it. */
  leave(): void {
    this.#left = this.#users > 1;
    if (this.#left) this.#pool?.left(this.buffer.length);
    this.release();
  }

  /** A user is done with it; the last one gives it back. */
  release(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    if (this.#left) this.#pool?.left(-this.buffer.length);
    this.#pool?.giveBack(this.buffer);
  }
}

export class BlockPool {
  readonly #free = new Map<number, Buffer[]>();
  readonly #budget: number;
  readonly #held: number;
  #freeBytes = 0;
  #readers = 0;
  #readerBytes = 0;
  #leftBytes = 0;
  #takenBytes = 0;

  /**
   * @param budget bytes that all readers together read into, messages over a reader's share left out.
   * @param held bytes of blocks that may be there besides, for unconfirmed frames or to be used again. A block past that
   * is left to the garbage collector, which is dear: fresh blocks for a part of the chunks made it run ten times a second
   * and cost a quarter of an event.
   */
  constructor(budget = DEFAULT_BUDGET, held = budget) {
    this.#budget = budget;
    this.#held = held;
  }

  /** So much of `held` is taken by what does not lie in blocks: as much less waits to be used again. */
  set takenBytes(bytes: number) {
    this.#takenBytes = bytes;
    this.#makeRoomFor(0);
  }

  /** Lets waiting blocks go, those of `size` itself left out, until there is room for one more. */
  #makeRoomFor(size: number): void {
    if (this.#isRoomFor(size)) return;
    for (const [other, list] of this.#free) {
      while (other !== size && list.length > 0 && !this.#isRoomFor(size)) {
        list.pop();
        this.#freeBytes -= other;
      }
    }
  }

  #isRoomFor(size: number): boolean {
    const all = this.#readerBytes + this.#leftBytes + this.#freeBytes + this.#takenBytes + size;
    return all <= this.#budget + this.#held;
  }

  /** Bytes of blocks that nobody reads into any more and that unconfirmed frames lie in. */
  get leftBytes(): number {
    return this.#leftBytes;
  }

  /** What a reader's block may grow to: many connections get smaller ones. */
  get share(): number {
    const even = this.#budget / Math.max(1, this.#readers);
    return Math.min(MAX_BLOCK, Math.max(LEAST_BLOCK, 2 ** Math.floor(Math.log2(even))));
  }

  /** What a reader begins with. */
  get least(): number {
    return Math.min(MIN_BLOCK, this.share);
  }

  /** A reader came (+1) or went (-1). */
  readers(change: 1 | -1): void {
    this.#readers += change;
  }

  /** A reader's block changed size. */
  reads(change: number): void {
    this.#readerBytes += change;
  }

  /** Whether a reader whose block is `now` bytes may have one of `size` bytes. */
  allows(size: number, now: number): boolean {
    if (size <= this.least) return true;
    return size <= this.share && this.#readerBytes - now + size <= this.#budget;
  }

  /** Frames lie in so many more (or fewer) bytes of blocks that nobody reads into. */
  left(change: number): void {
    this.#leftBytes += change;
  }

  /** A block of at least `size` bytes, rounded so that messages of about one size take turns in the same blocks. */
  take(size: number): Block {
    const rounded = roundedUp(size);
    const recycled = this.#free.get(rounded)?.pop();
    if (recycled) this.#freeBytes -= rounded;
    return new Block(recycled ?? Buffer.allocUnsafeSlow(rounded), this);
  }

  /** A block that no connection reads into, for a chunk that is held: `release` it when that is done. */
  takeHeld(size: number): Block {
    const block = this.take(size);
    block.retain();
    block.leave();
    return block;
  }

  giveBack(buffer: Buffer): void {
    const size = buffer.length;
    // Blocks of other sizes make room: those are of what came earlier.
    this.#makeRoomFor(size);
    if (!this.#isRoomFor(size)) return;
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

function roundedUp(size: number): number {
  if (size <= EXACT_FROM) return Math.max(LEAST_BLOCK, 2 ** Math.ceil(Math.log2(size)));
  const step = size <= MAX_BLOCK ? STEP : LARGE_STEP;
  return Math.ceil(size / step) * step;
}
