// One walk over the bytes of a record: checks that they are whole, and notes where the values lie that some rule
// reads. Nothing is decoded or copied. Cost: about a skip over every value plus one key comparison a key of the
// maps that lead somewhere (bench: `npm run bench`).
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
import { type LearnedKey, type PathState, sameKey } from './paths.js';

/** Deepest nesting of a record that is looked into or passed on. */
const MAX_RECORD_DEPTH = 512;

/** Where values were found: slot, source buffer (index into `sources`) and offset, in document order. */
export class Hits {
  slots = new Int32Array(256);
  positions = new Int32Array(256);
  from = new Int32Array(256);
  count = 0;
  readonly sources: Buffer[] = [];

  clear(): void {
    this.count = 0;
    this.sources.length = 0;
  }

  add(slot: number, position: number, source: number): void {
    const i = this.count;
    if (i === this.slots.length) this.#grow();
    this.slots[i] = slot;
    this.positions[i] = position;
    this.from[i] = source;
    this.count = i + 1;
  }

  #grow(): void {
    const wider = (a: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => {
      const b = new Int32Array(a.length * 2);
      b.set(a);
      return b;
    };
    this.slots = wider(this.slots);
    this.positions = wider(this.positions);
    this.from = wider(this.from);
  }
}

export class Walker {
  #buf: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #end = 0;
  #source = 0;
  #hits: Hits;
  /** Slots from here on are marks: reported for arrays and maps too, not only for scalars. */
  readonly #firstMark: number;

  constructor(hits: Hits, firstMark: number) {
    this.#hits = hits;
    this.#firstMark = firstMark;
  }

  /** The buffer that the next walks are over. `end` bounds every read. */
  over(buf: Buffer, end: number): void {
    if (this.#buf !== buf) {
      this.#buf = buf;
      this.#view = new DataView(buf.buffer, buf.byteOffset, buf.byteLength);
    }
    this.#end = end;
  }

  /** Walks the value at `pos` from `state`. Returns the offset past it, or TRUNCATED, INVALID, TOO_DEEP. */
  walk(state: PathState, pos: number, hits: Hits): number {
    this.#hits = hits;
    this.#source = hits.sources.push(this.#buf) - 1;
    return this.#value(state, pos, 0);
  }

  #map(state: PathState, pos: number, depth: number): number {
    const buf = this.#buf;
    const view = this.#view;
    const end = this.#end;
    const head = buf[pos]!;
    let count: number;
    if (head <= 0x8f) {
      count = head & 0x0f;
      pos += 1;
    } else if (head === 0xde) {
      if (pos + 3 > end) return TRUNCATED;
      count = u16(buf, pos + 1);
      pos += 3;
    } else {
      if (pos + 5 > end) return TRUNCATED;
      count = u32(buf, pos + 1);
      pos += 5;
    }
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
      if (target === null) {
        // The common values of a record inline; everything else by `skip`.
        if (pos >= end) return TRUNCATED;
        const b = buf[pos]!;
        if (b <= 0x7f || b >= 0xe0 || b === 0xc0 || b === 0xc2 || b === 0xc3 || b === 0x80 || b === 0x90) {
          pos += 1;
        } else if (b >= 0xa0 && b <= 0xbf) {
          pos += 1 + (b & 0x1f);
        } else if (b === 0xd9 && pos + 2 <= end) {
          pos += 2 + buf[pos + 1]!;
        } else {
          pos = skip(buf, pos, end, MAX_RECORD_DEPTH - depth);
          if (pos < 0) return pos;
        }
        if (pos > end) return TRUNCATED;
      } else {
        pos = this.#value(target, pos, depth + 1);
        if (pos < 0) return pos;
      }
    }
    return pos;
  }

  #value(state: PathState, pos: number, depth: number): number {
    if (pos >= this.#end) return TRUNCATED;
    if (depth > MAX_RECORD_DEPTH) return TOO_DEEP;
    const b = this.#buf[pos]!;
    if ((b >= 0x80 && b <= 0x8f) || b === 0xde || b === 0xdf) {
      this.#mark(state, pos);
      return this.#map(state, pos, depth);
    }
    if ((b >= 0x90 && b <= 0x9f) || b === 0xdc || b === 0xdd) {
      this.#mark(state, pos);
      return this.#array(state, pos, depth);
    }
    if (b === 0xc1) return INVALID;
    const next = skip(this.#buf, pos, this.#end);
    if (next > 0 && b !== 0xc0) {
      const slots = state.slots;
      for (let i = 0; i < slots.length; i += 1) this.#hits.add(slots[i]!, pos, this.#source);
    }
    return next;
  }

  #array(state: PathState, pos: number, depth: number): number {
    const buf = this.#buf;
    const b = buf[pos]!;
    const size = headerSize(b);
    if (pos + size > this.#end) return TRUNCATED;
    let count = lengthAt(buf, pos);
    pos += size;
    for (; count > 0; count -= 1) {
      pos = this.#value(state, pos, depth + 1);
      if (pos < 0) return pos;
    }
    return pos;
  }

  #mark(state: PathState, pos: number): void {
    const slots = state.slots;
    for (let i = slots.length - 1; i >= 0 && slots[i]! >= this.#firstMark; i -= 1) {
      this.#hits.add(slots[i]!, pos, this.#source);
    }
  }
}
