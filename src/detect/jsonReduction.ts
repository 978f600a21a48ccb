// One JSON object as bytes to the msgpack record that the engine walks, with only those values in it that some rule
// or the event's time can read: what no path leads to is checked and left out, not copied. Finding nothing in the
// reduced record means finding nothing in the whole one; what may match is read again by the slow twin
// (`jsonToMsgpack`), which also says what is wrong with text that this one refuses.
import { jsonToMsgpack } from '../msgpack/json.js';
import {
  MAX_JSON_BYTES_DEPTH,
  pastBlanks,
  pastPlain,
  pastStringFrom,
  pastValue,
  REFUSED,
} from '../msgpack/jsonBytes.js';
import { type LearnedKey, type PathState, type StateSet, sameKey } from './paths.js';

/** Longest run of bytes that is copied one by one: a call of `copy` costs more. */
const SHORT = 48;
/** A map16 or array16 header, patched once the count is known. */
const HEADER = 3;

export class JsonReduction {
  /** The reduced record, as long as the last `reduce` said; overwritten by the next. */
  record: Buffer = Buffer.allocUnsafe(64 * 1024);
  readonly #root: PathState;
  /** Where no path leads on. */
  readonly #nowhere: PathState;
  /** Slots that mark places which may hold whole records: those are kept whole. */
  readonly #marks: ReadonlySet<number>;
  /** By state: whether it has such a slot. */
  readonly #marked: (boolean | undefined)[] = [];
  /** The last record has, at its top, what is surely a time (ISO 8601 in UTC), as a string. */
  isTimed = false;
  readonly #whole: boolean;
  /** From here on slots are those of the event's time. */
  readonly #firstTime: number;
  /** Slots that ask whether there is any scalar below a path: one is enough. */
  readonly #witnesses: ReadonlySet<number>;
  #serial = 0;
  #src: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #end = 0;
  #length = 0;

  /** @param whole keep everything: some rule reads fields that have no fixed path. */
  constructor(
    states: StateSet,
    marks: ReadonlySet<number>,
    witnesses: ReadonlySet<number>,
    firstTime: number,
    whole: boolean,
  ) {
    this.#root = states.root;
    this.#nowhere = states.intern([], []);
    this.#marks = marks;
    this.#witnesses = witnesses;
    this.#firstTime = firstTime;
    this.#whole = whole;
  }

  /**
   * Reduces the JSON object in `[start, end)`, blanks around it allowed. Returns the length of `record`, or REFUSED for
   * what the slow reader must look at: no JSON object, nested deep, escapes in keys. The bytes must be UTF-8.
   */
  reduce(src: Buffer, start: number, end: number): number {
    if (this.#src !== src) {
      this.#src = src;
      this.#view = new DataView(src.buffer, src.byteOffset, src.byteLength);
    }
    this.#end = end;
    this.#length = 0;
    this.#serial += 1;
    this.isTimed = false;
    let at = pastBlanks(src, start, end);
    if (at >= end || src[at] !== 0x7b) return REFUSED;
    at = this.#map(this.#root, at, this.#whole, 0);
    if (at < 0) return REFUSED;
    return pastBlanks(src, at, end) < end ? REFUSED : this.#length;
  }

  /** `{ "key": value, … }` at `at`: the pairs that lead somewhere; past it, or REFUSED. */
  #map(state: PathState, at: number, whole: boolean, depth: number): number {
    if (depth > MAX_JSON_BYTES_DEPTH) return REFUSED;
    const src = this.#src;
    const end = this.#end;
    const view = this.#view;
    const lengths = state.lengths;
    const header = this.#length;
    this.#room(HEADER);
    this.#length = header + HEADER;
    let count = 0;
    let expected: LearnedKey | null = state.first;
    let previous: LearnedKey | null = null;
    at += 1;
    if (src[at] !== 0x22) {
      at = pastBlanks(src, at, end);
      if (at < end && src[at] === 0x7d) {
        this.#patch(header, 0xde, 0);
        return at + 1;
      }
    }
    for (;;) {
      if (at >= end || src[at] !== 0x22) return REFUSED;
      const key = at + 1;
      at = pastPlain(src, key, end);
      if (at >= end || src[at] !== 0x22) return REFUSED;
      const length = at - key;
      at += 1;
      if (src[at] !== 0x3a) {
        at = pastBlanks(src, at, end);
        if (at >= end || src[at] !== 0x3a) return REFUSED;
      }
      at += 1;
      if (src[at] === 0x20) at = pastBlanks(src, at + 1, end);
      let target: PathState | null = null;
      if (lengths[length] !== 0) {
        if (expected === null || !sameKey(expected, view, src, key, length)) {
          expected = state.find(src, view, key, length);
          if (previous === null) state.first = expected;
          else previous.next = expected;
        }
        previous = expected;
        expected = previous.next;
        target = previous.target;
        if (target !== null && target.witnessed === this.#serial) target = null;
      }
      if (target !== null || whole) {
        this.#string(key, length);
        count += 1;
        const from = at;
        at = this.#value(target ?? this.#nowhere, at, whole || this.#isMark(target), depth + 1);
        if (depth === 0 && target !== null && this.#isTime(target) && isInstant(src, from, at))
          this.isTimed = true;
      } else {
        at = pastValue(src, at, end, depth + 1);
      }
      if (at < 0) return REFUSED;
      if (src[at] !== 0x2c) {
        at = pastBlanks(src, at, end);
        if (at >= end) return REFUSED;
        if (src[at] === 0x7d) break;
        if (src[at] !== 0x2c) return REFUSED;
      }
      at += 1;
      if (src[at] !== 0x22) at = pastBlanks(src, at, end);
    }
    this.#patch(header, 0xde, count);
    return count > 0xffff ? REFUSED : at + 1;
  }

  /** A scalar was kept: where any one would have done, further ones are left out. */
  #witness(state: PathState): void {
    const slots = state.slots;
    if (state.leadsOn || slots.length === 0) return;
    for (let i = 0; i < slots.length; i += 1) if (!this.#witnesses.has(slots[i]!)) return;
    state.witnessed = this.#serial;
  }

  #isTime(target: PathState): boolean {
    const slots = target.slots;
    return slots.length > 0 && slots[slots.length - 1]! >= this.#firstTime;
  }

  #isMark(target: PathState | null): boolean {
    if (target === null) return false;
    const known = this.#marked[target.id];
    if (known !== undefined) return known;
    const isMarked = target.slots.some((slot) => this.#marks.has(slot));
    this.#marked[target.id] = isMarked;
    return isMarked;
  }

  /** A value that is kept. */
  #value(state: PathState, at: number, whole: boolean, depth: number): number {
    const src = this.#src;
    const end = this.#end;
    at = pastBlanks(src, at, end);
    if (at >= end) return REFUSED;
    const c = src[at]!;
    if (c === 0x22) {
      const stop = pastPlain(src, at + 1, end);
      const past = pastStringFrom(src, stop, end);
      if (past < 0) return REFUSED;
      this.#witness(state);
      if (past > stop + 1) this.#slowly(at, past);
      else this.#string(at + 1, stop - at - 1);
      return past;
    }
    if (c === 0x7b) return this.#map(state, at, whole, depth);
    if (c === 0x5b) return this.#array(state, at, whole, depth);
    const past = pastValue(src, at, end, depth);
    if (past < 0) return REFUSED;
    if (c !== 0x6e) this.#witness(state);
    this.#room(1);
    if (c === 0x74) this.record[this.#length++] = 0xc3;
    else if (c === 0x66) this.record[this.#length++] = 0xc2;
    else if (c === 0x6e) this.record[this.#length++] = 0xc0;
    else if (past === at + 1) this.record[this.#length++] = c - 0x30;
    else this.#slowly(at, past);
    return past;
  }

  #array(state: PathState, at: number, whole: boolean, depth: number): number {
    if (depth > MAX_JSON_BYTES_DEPTH) return REFUSED;
    const src = this.#src;
    const end = this.#end;
    const header = this.#length;
    this.#room(HEADER);
    this.#length = header + HEADER;
    let count = 0;
    at = pastBlanks(src, at + 1, end);
    if (at < end && src[at] === 0x5d) {
      this.#patch(header, 0xdc, 0);
      return at + 1;
    }
    for (;;) {
      at = this.#value(state, at, whole, depth + 1);
      if (at < 0) return REFUSED;
      count += 1;
      at = pastBlanks(src, at, end);
      if (at >= end) return REFUSED;
      if (src[at] === 0x5d) break;
      if (src[at] !== 0x2c) return REFUSED;
      at += 1;
    }
    this.#patch(header, 0xdc, count);
    return count > 0xffff ? REFUSED : at + 1;
  }

  /** A kept string without escapes, as msgpack. */
  #string(from: number, length: number): void {
    this.#room(length + 5);
    const out = this.record;
    let to = this.#length;
    if (length < 32) out[to++] = 0xa0 | length;
    else if (length < 0x100) {
      out[to++] = 0xd9;
      out[to++] = length;
    } else {
      out[to] = 0xdb;
      out.writeUInt32BE(length, to + 1);
      to += 5;
    }
    const src = this.#src;
    if (length <= SHORT) for (let i = 0; i < length; i += 1) out[to + i] = src[from + i]!;
    else src.copy(out, to, from, from + length);
    this.#length = to + length;
  }

  /** A kept scalar with escapes or digits: read by the slow twin. */
  #slowly(from: number, to: number): void {
    const bytes = jsonToMsgpack(this.#src.toString('utf8', from, to));
    this.#room(bytes.length);
    bytes.copy(this.record, this.#length);
    this.#length += bytes.length;
  }

  #patch(header: number, kind: number, count: number): void {
    this.record[header] = kind;
    this.record[header + 1] = count >>> 8;
    this.record[header + 2] = count;
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.record.length) return;
    const wider = Buffer.allocUnsafe(Math.max(this.record.length * 2, this.#length + bytes));
    this.record.copy(wider, 0, 0, this.#length);
    this.record = wider;
  }
}

/** `"2026-03-10T09:30:41.9879036Z"`, quotes included. Fewer spellings than are read as a time: a yes is sure. */
function isInstant(src: Buffer, from: number, to: number): boolean {
  const length = to - from;
  if (length < 22 || length > 40 || src[from] !== 0x22) return false;
  for (let i = 0; i < 19; i += 1) {
    const c = src[from + 1 + i]!;
    if (i === 4 || i === 7) {
      if (c !== 0x2d) return false;
    } else if (i === 10) {
      if (c !== 0x54) return false;
    } else if (i === 13 || i === 16) {
      if (c !== 0x3a) return false;
    } else if (c < 0x30 || c > 0x39) return false;
  }
  if (src[to - 2] !== 0x5a) return false;
  if (length === 22) return true;
  if (src[from + 20] !== 0x2e || length === 23) return false;
  for (let i = from + 21; i < to - 2; i += 1) if (src[i]! < 0x30 || src[i]! > 0x39) return false;
  return true;
}
