// Bytes that are put together from pieces of others: where the pieces go, end to end.

export interface PieceTarget {
  /** The bytes `[from, to)` of `buf` come next. They stay untouched until the target is done with them. */
  add(buf: Buffer, from: number, to: number): void;
  /** Room for `length` bytes that come next, where pieces are copied: to be filled by `put`. False: they must be added. */
  claim(length: number): boolean;
  /** The bytes `[from, to)` of `buf` come next in what was claimed. */
  put(buf: Buffer, from: number, to: number): void;
  /** Of what was claimed and put the byte at offset `at` is another one. */
  change(at: number, byte: number): void;
}

/** The bytes of a piece, without a view of their own where they are the whole buffer. */
export function sliceOf(buf: Buffer, from: number, to: number): Buffer {
  return from === 0 && to === buf.length ? buf : buf.subarray(from, to);
}

/** Pieces as slices. */
export class PieceList implements PieceTarget {
  readonly slices: Buffer[] = [];

  add(buf: Buffer, from: number, to: number): void {
    if (to > from) this.slices.push(sliceOf(buf, from, to));
  }

  claim(): boolean {
    return false;
  }

  put(): void {
    throw new Error('slices are not copied');
  }

  change(): void {
    throw new Error('slices are not copied');
  }
}
