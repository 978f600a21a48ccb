// The steps of the shapes that were met (see shapes.ts), and how a new piece is written down from the bytes of a
// record. Numbers in typed arrays, bounded: past the bound nothing more is learned.
import { headerSize, kindOf, lengthAt } from '../msgpack/scan.js';
import type { Found } from './found.js';
import type { PathState, StateSet } from './paths.js';
import { isMarked, type Walker } from './walk.js';

/** Numbers a step, in `steps` (read for every record) and in `places` (read when a record leaves the shape). */
export const STEP = 8;

// steps, by offset:
/**
 * What there is to do, packed into one number, because loads are what a step costs: the key's first byte (8 bits),
 * the key's bytes with its header (9 bits), and the flags below. Negative: a JUMP to WORDS, or the END.
 */
const WHAT = 0;
export const KEYED = 1 << 17;
/** The key's bytes are compared; else its length alone says that it leads nowhere. */
export const COMPARED = 1 << 18;
/** Of at most three bytes with its header: one word, and a mask. */
export const SHORT = 1 << 19;
/** The value is a scalar; else the container that CONTAINER says. */
export const SCALAR = 1 << 20;
/** The value is reported under STATE. */
export const REPORTED = 1 << 21;
const JUMP = -2;
export const END = -1;
/** First and last of the key's words in `words`; the last lies over the key's last four bytes. */
export const WORDS = 1;
export const LAST_WORD = 2;
/** First byte of the container (9 bits) and its children; or WALKED: too deep, too wide or too odd to learn. */
export const CONTAINER = 3;
export const WALKED = 0x1ff;
export const STATE = 4;

export const keySize = (what: number): number => (what >> 8) & 0x1ff;

// places, by offset:
/** The container's step; -1: the record itself. */
export const PARENT = 0;
/** Pairs or elements from this one on. */
export const LEFT = 1;
/** The step after the value. */
export const AFTER = 2;
/** The next step to try at this place; 0: none. The first one of them. */
export const OTHER = 3;
export const FIRST = 4;
/** State of the value (also when nothing is reported there); -1: nothing below is wanted. */
export const TARGET = 5;
export const DEPTH = 6;

const MAX_STEPS = 16_384;
const MAX_WORDS = 65_536;
/** Deeper and wider containers are walked. */
const MAX_DEPTH = 32;
const MAX_CHILDREN = 128;

/** What cannot be learned: the bytes are not whole, or the store is full. */
const FAILED = -1;
const ODD_KEY = -2;

/** The record that is learned from. */
export interface Source {
  buf: Buffer;
  view: DataView;
  end: number;
}

export class ShapeStore {
  steps = new Int32Array(64 * STEP);
  places = new Int32Array(64 * STEP);
  words = new Int32Array(256);
  /** Numbers used in `steps`; 0: no shape is known. */
  used = 0;
  #usedWords = 0;
  readonly #states: StateSet;
  readonly #firstMark: number;
  readonly #found: Found;
  readonly #walker: Walker;

  constructor(states: StateSet, firstMark: number, found: Found, walker: Walker) {
    this.#states = states;
    this.#firstMark = firstMark;
    this.#found = found;
    this.#walker = walker;
  }

  /** Forgets all shapes. */
  clear(): void {
    this.used = 0;
    this.#usedWords = 0;
  }

  /** Learns a record as the first shape. Returns the offset past it, negative when it cannot be learned. */
  learnRecord(source: Source, pos: number): number {
    return this.#attempt(() => {
      const next = this.#element(source, this.#states.root, pos, -1, 1, 0);
      return next < 0 || !this.#control(END, 0) ? FAILED : next;
    });
  }

  /**
   * Learns another value at the place of step `same`, whose key it has: from `pos`, where that key starts. Tried after
   * step `last`. Returns the offset past the value, negative when it cannot be learned.
   */
  learnValue(source: Source, pos: number, same: number, last: number): number {
    const { places } = this;
    const parent = places[same + PARENT]!;
    const left = places[same + LEFT]!;
    const depth = places[same + DEPTH]!;
    const after = places[same + AFTER]!;
    return this.#alternative(last, after, () =>
      (this.steps[same]! & KEYED) === 0
        ? this.#element(source, this.#state(places[same + TARGET]!), pos, parent, left, depth)
        : this.#pair(source, this.#state(this.places[parent + TARGET]!), pos, parent, left, depth),
    );
  }

  /** Learns another rest of a map: from `pos`, where a key starts that no step at the place of `last` has. */
  learnRest(source: Source, pos: number, last: number): number {
    const { places } = this;
    const parent = places[last + PARENT]!;
    const left = places[last + LEFT]!;
    const state = this.#state(places[parent + TARGET]!);
    return this.#alternative(last, places[parent + AFTER]!, () =>
      this.#pairs(source, state, pos, left, parent, places[last + DEPTH]!),
    );
  }

  #state(id: number): PathState | null {
    return id === -1 ? null : this.#states.states[id]!;
  }

  #alternative(last: number, after: number, write: () => number): number {
    const first = this.used;
    const origin = this.places[last + FIRST]!;
    const next = this.#attempt(() => {
      const past = write();
      return past < 0 || !this.#control(JUMP, after) ? FAILED : past;
    });
    if (next < 0) return next;
    this.places[first + FIRST] = origin;
    this.places[last + OTHER] = first;
    return next;
  }

  /** All or nothing: what was written and found is taken back when it comes to nothing. */
  #attempt(write: () => number): number {
    const { used } = this;
    const usedWords = this.#usedWords;
    const found = this.#found.count;
    const next = write();
    if (next < 0) {
      this.used = used;
      this.#usedWords = usedWords;
      this.#found.count = found;
    }
    return next;
  }

  #pairs(
    source: Source,
    state: PathState | null,
    pos: number,
    count: number,
    parent: number,
    depth: number,
  ): number {
    for (let left = count; left > 0; left -= 1) {
      pos = this.#pair(source, state, pos, parent, left, depth);
      if (pos < 0) return pos;
    }
    return pos;
  }

  #pair(
    source: Source,
    state: PathState | null,
    pos: number,
    parent: number,
    left: number,
    depth: number,
  ): number {
    const { buf, view, end } = source;
    if (pos + 2 > end) return FAILED;
    const b = buf[pos]!;
    if (!((b >= 0xa0 && b <= 0xbf) || b === 0xd9)) return ODD_KEY;
    const head = headerSize(b);
    const length = lengthAt(buf, pos);
    const value = pos + head + length;
    if (value >= end) return FAILED;
    const step = this.#take();
    if (step < 0) return FAILED;
    let target: PathState | null = null;
    let what = KEYED | b | ((head + length) << 8);
    const leads = state !== null && state.lengths[length] !== 0;
    if (leads) target = state.find(buf, view, pos + head, length).target;
    // The length of a longer key is not in its first byte.
    if (leads || b === 0xd9) {
      what |= head + length < 4 ? COMPARED | SHORT : COMPARED;
      if (!this.#writeWords(view, pos, head + length, step)) return FAILED;
    }
    return this.#value(source, target, value, step, what, parent, left, depth);
  }

  #element(
    source: Source,
    state: PathState | null,
    pos: number,
    parent: number,
    left: number,
    depth: number,
  ): number {
    if (pos >= source.end) return FAILED;
    const step = this.#take();
    if (step < 0) return FAILED;
    return this.#value(source, state, pos, step, 0, parent, left, depth);
  }

  #value(
    source: Source,
    state: PathState | null,
    pos: number,
    step: number,
    key: number,
    parent: number,
    left: number,
    depth: number,
  ): number {
    const { buf, end } = source;
    const b = buf[pos]!;
    const kind = kindOf(b);
    const isContainer = kind === 'map' || kind === 'array';
    const reported =
      state !== null && (isContainer ? isMarked(state, this.#firstMark) : state.slots.length > 0);
    this.steps[step + WHAT] = key | (isContainer ? 0 : SCALAR) | (reported ? REPORTED : 0);
    this.steps[step + STATE] = reported ? state.id : 0;
    this.#place(step, parent, left, state, depth);
    let next: number;
    if (!isContainer) {
      next = this.#walker.value(state, pos, depth);
    } else {
      const size = headerSize(b);
      if (pos + size > end) return FAILED;
      const children = lengthAt(buf, pos);
      this.steps[step + CONTAINER] = b | (children << 9);
      next = ODD_KEY;
      if (depth < MAX_DEPTH && children <= MAX_CHILDREN) {
        next = this.#attempt(() => {
          if (reported) this.#found.add(state.id, pos);
          return kind === 'map'
            ? this.#pairs(source, state, pos + size, children, step, depth + 1)
            : this.#elements(source, state, pos + size, children, step, depth + 1);
        });
      }
      if (next === ODD_KEY) {
        this.steps[step + CONTAINER] = WALKED;
        next = this.#walker.value(state, pos, depth);
      }
    }
    if (next < 0) return FAILED;
    this.places[step + AFTER] = this.used;
    return next;
  }

  #elements(
    source: Source,
    state: PathState | null,
    pos: number,
    count: number,
    parent: number,
    depth: number,
  ): number {
    for (let left = count; left > 0; left -= 1) {
      pos = this.#element(source, state, pos, parent, left, depth);
      if (pos < 0) return pos;
    }
    return pos;
  }

  #place(step: number, parent: number, left: number, state: PathState | null, depth: number): void {
    const { places } = this;
    places[step + PARENT] = parent;
    places[step + LEFT] = left;
    places[step + OTHER] = 0;
    places[step + FIRST] = step;
    places[step + TARGET] = state === null ? -1 : state.id;
    places[step + DEPTH] = depth;
  }

  #control(what: number, target: number): boolean {
    const step = this.#take();
    if (step < 0) return false;
    this.steps[step + WHAT] = what;
    this.steps[step + WORDS] = target;
    return true;
  }

  /** A new step; negative: the store is full. */
  #take(): number {
    const step = this.used;
    if (step >= MAX_STEPS * STEP) return -1;
    if (step === this.steps.length) {
      this.steps = wider(this.steps);
      this.places = wider(this.places);
    }
    this.used = step + STEP;
    return step;
  }

  /** Writes down the `size` bytes of a key, header included; false: the store is full. */
  #writeWords(view: DataView, pos: number, size: number, step: number): boolean {
    const first = this.#usedWords;
    const count = size < 4 ? 2 : Math.ceil(size / 4);
    if (first + count > MAX_WORDS) return false;
    while (first + count > this.words.length) this.words = wider(this.words);
    const { words } = this;
    this.#usedWords = first + count;
    this.steps[step + WORDS] = first;
    this.steps[step + LAST_WORD] = first + count - 1;
    if (size < 4) {
      let word = 0;
      for (let i = 0; i < size; i += 1) word |= view.getUint8(pos + i) << (8 * i);
      words[first] = word;
      words[first + 1] = 2 ** (8 * size) - 1;
    } else {
      for (let i = 0; i < count - 1; i += 1) words[first + i] = view.getInt32(pos + 4 * i, true);
      words[first + count - 1] = view.getInt32(pos + size - 4, true);
    }
    return true;
  }
}

function wider(a: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const b = new Int32Array(a.length * 2);
  b.set(a);
  return b;
}
