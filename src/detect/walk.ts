// The plain walk over the bytes of a record: checks that they are whole, and notes where the values lie that some
// rule reads. Nothing is decoded or copied. It follows any record, key by key; records of a shape that was met before
// take the short cut of shapes.ts, which comes back here for whatever it has not met.
import {
  headerSize,
  INVALID,
  kindOf,
  lengthAt,
  skip,
  TOO_DEEP,
  TRUNCATED,
  u16,
  u32,
} from '../msgpack/scan.js';
import type { Found } from './found.js';
import { type LearnedKey, type PathState, sameKey } from './paths.js';

/** Deepest nesting of a record that is looked into or passed on. */
const MAX_RECORD_DEPTH = 512;

export class Walker {
  readonly #found: Found;
  /** Slots from here on are marks: reported for arrays and maps too, not only for scalars. */
  readonly #firstMark: number;
  #buf: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #end = 0;

  constructor(found: Found, firstMark: number) {
    this.#found = found;
    this.#firstMark = firstMark;
  }

  /** The buffer that the next walks are over. `end` bounds every read. */
  over(buf: Buffer, view: DataView, end: number): void {
    this.#buf = buf;
    this.#view = view;
    this.#end = end;
  }

  /**
   * Walks the value at `pos` from `state` (null: nothing below is wanted). Returns the offset past it, or TRUNCATED,
   * INVALID, TOO_DEEP.
   */
  value(state: PathState | null, pos: number, depth: number): number {
    if (pos >= this.#end) return TRUNCATED;
    if (depth > MAX_RECORD_DEPTH) return TOO_DEEP;
    if (state === null) return skip(this.#buf, pos, this.#end, MAX_RECORD_DEPTH - depth + 1);
    const b = this.#buf[pos]!;
    if ((b >= 0x80 && b <= 0x8f) || b === 0xde || b === 0xdf) {
      if (isMarked(state, this.#firstMark)) this.#found.add(state.id, pos);
      return this.#map(state, pos, depth);
    }
    if ((b >= 0x90 && b <= 0x9f) || b === 0xdc || b === 0xdd) {
      if (isMarked(state, this.#firstMark)) this.#found.add(state.id, pos);
      const size = headerSize(b);
      if (pos + size > this.#end) return TRUNCATED;
      return this.elements(state, pos + size, lengthAt(this.#buf, pos), depth);
    }
    if (b === 0xc1) return INVALID;
    const next = skip(this.#buf, pos, this.#end);
    if (next > 0 && b !== 0xc0 && state.slots.length > 0) this.#found.add(state.id, pos);
    return next;
  }

  #map(state: PathState, pos: number, depth: number): number {
    const buf = this.#buf;
    const end = this.#end;
    const head = buf[pos]!;
    if (head <= 0x8f) return this.pairs(state, pos + 1, head & 0x0f, depth);
    if (head === 0xde) {
      if (pos + 3 > end) return TRUNCATED;
      return this.pairs(state, pos + 3, u16(buf, pos + 1), depth);
    }
    if (pos + 5 > end) return TRUNCATED;
    return this.pairs(state, pos + 5, u32(buf, pos + 1), depth);
  }

  /** Walks `count` elements of an array that is `depth` deep, from `pos`. */
  elements(state: PathState | null, pos: number, count: number, depth: number): number {
    for (; count > 0; count -= 1) {
      pos = this.value(state, pos, depth + 1);
      if (pos < 0) return pos;
    }
    return pos;
  }

  /** Walks `count` pairs of a map that is `depth` deep, from `pos`. */
  pairs(state: PathState | null, pos: number, count: number, depth: number): number {
    if (state === null) return this.elements(null, pos, count * 2, depth);
    const buf = this.#buf;
    const view = this.#view;
    const end = this.#end;
    const lengths = state.lengths;
    let expected: LearnedKey | null = state.first;
    let previous: LearnedKey | null = null;
    for (; count > 0; count -= 1) {
      if (pos >= end) return TRUNCATED;
      const kb = buf[pos]!;
      let length: number;
      if (kb >= 0xa0 && kb <= 0xbf) {
        length = kb & 0x1f;
        pos += 1;
      } else if (kb === 0xd9 && pos + 2 <= end) {
        length = buf[pos + 1]!;
        pos += 2;
      } else {
        const kind = kindOf(kb);
        const size = headerSize(kb);
        if ((kind !== 'str' && kind !== 'bin') || pos + size > end) {
          pos = skip(buf, pos, end, MAX_RECORD_DEPTH - depth);
          if (pos < 0) return pos;
          pos = skip(buf, pos, end, MAX_RECORD_DEPTH - depth);
          if (pos < 0) return pos;
          continue;
        }
        length = lengthAt(buf, pos);
        pos += size;
      }
      if (pos + length > end) return TRUNCATED;
      let target: PathState | null = null;
      if (lengths[length] !== 0) {
        if (expected === null || !sameKey(expected, view, buf, pos, length)) {
          expected = state.find(buf, view, pos, length);
          if (previous === null) state.first = expected;
          else previous.next = expected;
        }
        previous = expected;
        expected = previous.next;
        target = previous.target;
      }
      pos += length;
      pos =
        target === null ? skip(buf, pos, end, MAX_RECORD_DEPTH - depth) : this.value(target, pos, depth + 1);
      if (pos < 0) return pos;
    }
    return pos;
  }
}

/** Whether arrays and maps in this state are reported: slots are ascending, marks are the last. */
export function isMarked(state: PathState, firstMark: number): boolean {
  const { slots } = state;
  return slots.length > 0 && slots[slots.length - 1]! >= firstMark;
}
