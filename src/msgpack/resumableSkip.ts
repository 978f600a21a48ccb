// A skip that can stop in the middle of a value and go on when more bytes have come, without starting over: the cost
// of a large frame stays linear however small its pieces are. Notes where the elements of the outermost array start.
import { INVALID, kindOf, skip, TOO_DEEP, TRUNCATED, u16, u32 } from './scan.js';

export class ResumableSkip {
  /** Offset of the next unread value, from the start of the outermost one. */
  #at = 0;
  #depth = 0;
  #left = 1;
  readonly #remaining: number[] = [];
  readonly #maxDepth: number;
  /**
   * Offsets at which the elements of the outermost array start, as far as they have been seen; the first eight. One list
   * for all values: an emptied one would have to be made anew for each.
   */
  readonly elements: number[] = [];
  #count = 0;
  /** At least this many bytes the value is long, as far as is known. */
  needed = 1;

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth;
  }

  /** Starts on a new value. */
  reset(): void {
    this.#at = 0;
    this.#depth = 0;
    this.#left = 1;
    this.#count = 0;
    this.needed = 1;
  }

  /**
   * Goes on in `buf`, where the value starts at `start` and bytes are there up to `end`. Returns the value's length,
   * or TRUNCATED (call again with more), INVALID, TOO_DEEP.
   */
  advance(buf: Uint8Array, start: number, end: number): number {
    const length = this.#advance(buf, start, end);
    if (this.elements.length !== this.#count) this.elements.length = this.#count;
    return length;
  }

  #advance(buf: Uint8Array, start: number, end: number): number {
    if (this.#at === 0 && this.#depth === 0) {
      const length = this.#short(buf, start, end);
      if (length !== -1) return length;
    }
    let pos = start + this.#at;
    for (;;) {
      while (this.#left === 0) {
        if (this.#depth === 0) return pos - start;
        this.#depth -= 1;
        this.#left = this.#remaining[this.#depth]!;
      }
      if (this.#depth === 1 && this.#count < 8 && !this.#isLast(pos - start)) {
        this.elements[this.#count++] = pos - start;
      }
      this.#at = pos - start;
      if (this.#depth === 2) {
        // An entry of Forward mode: skipped at once when it is all there. Not deeper in, where the same bytes would be
        // looked at again at every level.
        const next = isContainer(buf, pos, end) ? skip(buf, pos, end, this.#maxDepth - 2) : TRUNCATED;
        if (next >= 0) {
          pos = next;
          this.#left -= 1;
          continue;
        }
      }
      const size = pos < end ? extent(buf, pos, end) : TRUNCATED;
      if (size === TRUNCATED) {
        this.needed = Math.max(this.needed, this.#at + 1 + this.#left - 1);
        return TRUNCATED;
      }
      if (size === INVALID) return INVALID;
      if (size > 0) {
        if (pos + size > end) {
          this.needed = this.#at + size + this.#left - 1;
          return TRUNCATED;
        }
        pos += size;
        this.#left -= 1;
        continue;
      }
      // A container whose header is all there.
      const { header, children } = container(buf, pos);
      pos += header;
      this.#left -= 1;
      if (children > 0) {
        if (this.#depth >= this.#maxDepth) return TOO_DEEP;
        this.#remaining[this.#depth] = this.#left;
        this.#depth += 1;
        this.#left = children;
        this.needed = Math.max(this.needed, pos - start + children);
      }
    }
  }

  #isLast(offset: number): boolean {
    return this.#count > 0 && this.elements[this.#count - 1] === offset;
  }

  /**
   * The length of a short array that is all there already, as a small message mostly is: half the cost of stopping and
   * going on. -1: it must be looked at piece by piece. What holds an array (Forward mode) is, because it may be long, and
   * looked at twice.
   */
  #short(buf: Uint8Array, start: number, end: number): number {
    const count = start < end ? buf[start]! - 0x90 : 0;
    if (count <= 0 || count > 8) return -1;
    const { elements } = this;
    let pos = start + 1;
    for (let i = 0; i < count; i += 1) {
      elements[i] = pos - start;
      const isArray = pos < end && kindOf(buf[pos]!) === 'array';
      const next = isArray ? TRUNCATED : skip(buf, pos, end, this.#maxDepth - 1);
      if (next < 0) return -1;
      pos = next;
    }
    this.#count = count;
    return pos - start;
  }
}

function isContainer(buf: Uint8Array, pos: number, end: number): boolean {
  if (pos >= end) return false;
  const kind = kindOf(buf[pos]!);
  return kind === 'array' || kind === 'map';
}

/** Whole size of the scalar at `pos`; 0 for a container whose header is all there; TRUNCATED; INVALID. */
function extent(buf: Uint8Array, pos: number, end: number): number {
  const b = buf[pos]!;
  if (b <= 0x7f || b >= 0xe0) return 1;
  if (b >= 0xa0 && b <= 0xbf) return 1 + (b & 0x1f);
  if (b <= 0x9f) return 0;
  const have = end - pos;
  switch (b) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
      return 1;
    case 0xc1:
      return INVALID;
    case 0xcc:
    case 0xd0:
      return 2;
    case 0xcd:
    case 0xd1:
    case 0xd4:
      return 3;
    case 0xd5:
      return 4;
    case 0xca:
    case 0xce:
    case 0xd2:
      return 5;
    case 0xd6:
      return 6;
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return 9;
    case 0xd7:
      return 10;
    case 0xd8:
      return 18;
    case 0xc4:
    case 0xd9:
      return have < 2 ? TRUNCATED : 2 + buf[pos + 1]!;
    case 0xc5:
    case 0xda:
      return have < 3 ? TRUNCATED : 3 + u16(buf, pos + 1);
    case 0xc6:
    case 0xdb:
      return have < 5 ? TRUNCATED : 5 + u32(buf, pos + 1);
    case 0xc7:
      return have < 2 ? TRUNCATED : 3 + buf[pos + 1]!;
    case 0xc8:
      return have < 3 ? TRUNCATED : 4 + u16(buf, pos + 1);
    case 0xc9:
      return have < 5 ? TRUNCATED : 6 + u32(buf, pos + 1);
    case 0xdc:
    case 0xde:
      return have < 3 ? TRUNCATED : 0;
    default:
      return have < 5 ? TRUNCATED : 0;
  }
}

function container(buf: Uint8Array, pos: number): { header: number; children: number } {
  const b = buf[pos]!;
  if (b <= 0x8f) return { header: 1, children: (b & 0x0f) * 2 };
  if (b <= 0x9f) return { header: 1, children: b & 0x0f };
  if (b === 0xdc) return { header: 3, children: u16(buf, pos + 1) };
  if (b === 0xdd) return { header: 5, children: u32(buf, pos + 1) };
  if (b === 0xde) return { header: 3, children: u16(buf, pos + 1) * 2 };
  return { header: 5, children: u32(buf, pos + 1) * 2 };
}
