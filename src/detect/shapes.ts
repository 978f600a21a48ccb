// The short cut of the walk: shapes of records, learned from the records that come. A shape is the sequence of keys
// and containers of a record, kept as steps of numbers; a record of a known shape costs one comparison a key (of its
// length, or of its bytes where another key of that length would lead somewhere) and one jump a value, and takes no
// decision that the last record did not take too. Measured: a third of the plain walk, half of a mere skip.
// What fits no step is learned, or walked plainly from there to the end of the value or map it is in; then the steps
// go on. The plain walk (walk.ts) is the slow twin: the same offsets and findings, whatever comes.
import { dataView } from '../msgpack/dataView.js';
import { lengthAt, TRUNCATED, u16 } from '../msgpack/scan.js';
import { SCALAR_SIZE } from '../msgpack/sizes.js';
import type { Found } from './found.js';
import type { PathState, StateSet } from './paths.js';
import { RecordKeys } from './recordKeys.js';
import { type Trace, traceOf } from './shapeCode.js';
import {
  AFTER,
  COMPARED,
  CONTAINER,
  DEPTH,
  END,
  FIRST,
  KEYED,
  keySize,
  LAST_WORD,
  LEFT,
  OTHER,
  PARENT,
  REPORTED,
  SCALAR,
  SHORT,
  ShapeStore,
  type Source,
  STATE,
  STEP,
  TARGET,
  WALKED,
  WORDS,
} from './shapeStore.js';
import { Walker } from './walk.js';

// The layout again, for the loop below: V8 takes a module's own constants as constants and reads imported ones anew at
// every use, which made the loop three times as slow.
const compared = COMPARED;
const containerAt = CONTAINER;
const end = END;
const keyed = KEYED;
const lastWordAt = LAST_WORD;
const reported = REPORTED;
const scalar = SCALAR;
const short = SHORT;
const stateAt = STATE;
const stepSize = STEP;
const wordsAt = WORDS;
const sizes = SCALAR_SIZE;

/** No step reads further than this (a key of 257 bytes, a header of 5) before it knows that the bytes are there. */
const REACH = 300;
/** Steps that are tried at one place of a shape. */
const MAX_OTHERS = 16;
/** A step that was begun from so often is followed by code of its own; and how many such there may be. */
const HOT = 2000;
const MAX_TRACES = 32;
/** Places that fitted nothing and could not be learned, after which all shapes are forgotten; doubles each time. */
const FORGET_AFTER = 50_000;

export class Shapes {
  readonly found: Found;
  /** Of the record that was walked last. */
  readonly keys = new RecordKeys();
  readonly #states: StateSet;
  readonly #walker: Walker;
  readonly #store: ShapeStore;
  readonly #source: Source = { buf: Buffer.alloc(0), view: new DataView(new ArrayBuffer(0)), end: 0 };
  /** Where `#other` has got to. */
  #pos = 0;
  #unlearned = 0;
  #forgetAfter = FORGET_AFTER;
  readonly #hot: number;
  /** By step: how often it was begun from; and its code, null as long as there is none. */
  #begun = new Uint16Array(0);
  #traces: (Trace | null)[] = [];
  #traced = 0;
  /** Where the last trace got to: offset, values found, and keys of the record itself and of its `event` map. */
  readonly #reached = new Int32Array(4);

  /** @param hot how often a step is begun from before code is made for it. */
  constructor(found: Found, states: StateSet, firstMark: number, hot = HOT) {
    this.found = found;
    this.#hot = hot;
    this.#states = states;
    this.#walker = new Walker(found, firstMark);
    this.#store = new ShapeStore(states, firstMark, found, this.#walker);
  }

  /** The buffer that the next walks are over. `end` bounds every value. */
  over(buf: Buffer, end: number): void {
    const source = this.#source;
    source.end = end;
    if (source.buf !== buf) {
      source.buf = buf;
      source.view = dataView(buf);
    }
    this.#walker.over(buf, source.view, end);
  }

  /** Walks the record at `pos`. Returns the offset past it, or TRUNCATED, INVALID, TOO_DEEP. `found` has its values. */
  walk(pos: number): number {
    const { found } = this;
    found.count = 0;
    this.keys.begin(this.#source.buf, pos);
    const store = this.#store;
    if (this.#unlearned > this.#forgetAfter) this.#forget();
    if (store.used === 0) {
      const next = store.learnRecord(this.#source, pos);
      return next < 0 ? this.#plainly(pos) : next;
    }
    let i = 0;
    let at = pos;
    for (;;) {
      i = this.#begin(i, at);
      at = this.#pos;
      if (i < 0) return at <= this.#source.end ? at : this.#plainly(pos);
      i = this.#other(i, at);
      if (i < 0) return i;
      at = this.#pos;
    }
  }

  /** As `#follow`, over the code of step `i` where there is some. */
  #begin(i: number, pos: number): number {
    const trace = this.#traces[i / stepSize];
    if (!trace) {
      this.#count(i);
      return this.#follow(i, pos);
    }
    const { found, keys } = this;
    const { buf, view } = this.#source;
    const reached = this.#reached;
    found.reserve(this.#store.used / stepSize);
    const { states, positions } = found;
    const next = trace(
      buf,
      view,
      pos,
      states,
      positions,
      reached,
      found.count,
      keys.starts,
      keys.passed,
      keys.eventStarts,
      keys.eventPassed,
    );
    found.count = reached[1]!;
    keys.passed = reached[2]!;
    keys.eventPassed = reached[3]!;
    this.#pos = reached[0]!;
    return next < 0 ? next : this.#follow(next, this.#pos);
  }

  #count(i: number): void {
    const step = i / stepSize;
    if (step >= this.#begun.length) {
      const begun = new Uint16Array(this.#store.steps.length / stepSize);
      begun.set(this.#begun);
      this.#begun = begun;
    }
    const times = this.#begun[step]! + 1;
    if (times > this.#hot) return;
    this.#begun[step] = times;
    if (times < this.#hot || this.#traced === MAX_TRACES) return;
    while (this.#traces.length <= step) this.#traces.push(null);
    this.#traces[step] = traceOf(this.#store, i);
    this.#traced += 1;
  }

  /**
   * From step `i` at `pos` on as long as the steps fit; `#pos` says how far that was. Returns the step that does not
   * fit, or -1 at the end of the shape. All that it reads in the loop is in constants of the function: that is what
   * lets the compiler keep them in registers.
   */
  #follow(i: number, pos: number): number {
    const { found } = this;
    const { steps, words, used } = this.#store;
    const { buf, view } = this.#source;
    const limit = buf.length - REACH;
    // No step finds more than one value.
    found.reserve(used / stepSize);
    const { states, positions } = found;
    let { count } = found;
    fits: for (;;) {
      const what = steps[i]!;
      if (what < 0) {
        if (what === end) {
          i = -1;
          break;
        }
        i = steps[i + wordsAt]!;
        continue;
      }
      if (pos > limit) break;
      const at = pos + ((what >> 8) & 0x1ff);
      if ((what & keyed) !== 0) {
        if (buf[pos] !== (what & 0xff)) break;
        if ((what & compared) !== 0) {
          let w = steps[i + wordsAt]!;
          if ((what & short) !== 0) {
            if ((view.getInt32(pos, true) & words[w + 1]!) !== words[w]) break;
          } else {
            const last = steps[i + lastWordAt]!;
            for (let p = pos; w < last; w += 1, p += 4) if (view.getInt32(p, true) !== words[w]) break fits;
            if (view.getInt32(at - 4, true) !== words[last]) break;
          }
        }
      }
      const b = buf[at]!;
      let size: number;
      if ((what & scalar) !== 0) {
        if ((b & 0xe0) === 0xa0) size = 1 + (b & 0x1f);
        else if (b === 0xd9) size = 2 + buf[at + 1]!;
        else {
          size = b === 0xda ? 3 + u16(buf, at + 1) : sizes[b]!;
          if (size === 0) break;
        }
      } else {
        const container = steps[i + containerAt]!;
        if (b !== (container & 0x1ff)) break;
        size = 1;
        if (b >= 0xdc) {
          if (lengthAt(buf, at) !== container >> 9) break;
          size = (b & 1) === 0 ? 3 : 5;
        }
      }
      if ((what & reported) !== 0 && b !== 0xc0) {
        states[count] = steps[i + stateAt]!;
        positions[count] = at;
        count += 1;
      }
      pos = at + size;
      i += stepSize;
    }
    found.count = count;
    this.#pos = pos;
    return i;
  }

  /** The whole record by the plain walk: it says exactly what is wrong with it. */
  #plainly(pos: number): number {
    this.found.count = 0;
    return this.#walker.value(this.#states.root, pos, 0);
  }

  /**
   * What step `i` does not fit at `pos`: the next step to try there, or past what was learned or walked instead
   * (`#pos` says how far that was). Negative: the record is broken.
   */
  #other(i: number, pos: number): number {
    const store = this.#store;
    const { places } = store;
    const parent = places[i + PARENT]!;
    if (pos > this.#source.buf.length - REACH) {
      // Too near the end of the buffer to look ahead: nothing is learned from that.
      this.#pos = parent === -1 ? this.#walker.value(this.#states.root, pos, 0) : this.#rest(i, pos);
      return this.#pos < 0 ? this.#pos : places[(parent === -1 ? i : parent) + AFTER]!;
    }
    const other = places[i + OTHER]!;
    if (other !== 0) {
      this.#pos = pos;
      return other;
    }
    let same = -1;
    let tried = 1;
    for (let step = places[i + FIRST]!; step !== i; step = places[step + OTHER]!) {
      tried += 1;
      if (same === -1 && this.#hasKey(step, pos)) same = step;
    }
    if (same === -1 && this.#hasKey(i, pos)) same = i;
    if (same !== -1) return this.#value(same, i, pos, tried < MAX_OTHERS);
    const next = tried < MAX_OTHERS ? store.learnRest(this.#source, pos, i) : -1;
    if (next < 0) this.#unlearned += 1;
    this.#pos = next < 0 ? this.#rest(i, pos) : next;
    return this.#pos < 0 ? this.#pos : store.places[parent + AFTER]!;
  }

  /** The value at a place whose key is known: in another form than any step has. */
  #value(same: number, last: number, pos: number, mayLearn: boolean): number {
    const store = this.#store;
    const { buf, end } = this.#source;
    const at = pos + keySize(store.steps[same]!);
    if (at >= end) return TRUNCATED;
    const b = buf[at]!;
    const isContainer = (b >= 0x80 && b <= 0x9f) || (b >= 0xdc && b <= 0xdf);
    const isScalar = (store.steps[same]! & SCALAR) !== 0;
    const isWalked = !isScalar && store.steps[same + CONTAINER] === WALKED;
    // A scalar where a scalar is known needs no step; one that is never learned neither.
    const isNew = !isWalked && (isContainer || !isScalar);
    let next = isNew && mayLearn ? store.learnValue(this.#source, pos, same, last) : -1;
    if (next < 0) {
      if (isNew) this.#unlearned += 1;
      const target = store.places[same + TARGET]!;
      next = this.#walker.value(this.#state(target), at, store.places[same + DEPTH]!);
    }
    this.#pos = next;
    return next < 0 ? next : store.places[same + AFTER]!;
  }

  /** The rest of the container that step `i` is in, walked plainly. */
  #rest(i: number, pos: number): number {
    const { steps, places } = this.#store;
    const parent = places[i + PARENT]!;
    const state = this.#state(places[parent + TARGET]!);
    const depth = places[parent + DEPTH]!;
    return (steps[i]! & KEYED) === 0
      ? this.#walker.elements(state, pos, places[i + LEFT]!, depth)
      : this.#walker.pairs(state, pos, places[i + LEFT]!, depth);
  }

  #hasKey(step: number, pos: number): boolean {
    const { steps, words } = this.#store;
    const { buf, view } = this.#source;
    const what = steps[step]!;
    if ((what & KEYED) === 0) return true;
    if (buf[pos] !== (what & 0xff)) return false;
    if ((what & COMPARED) === 0) return true;
    const first = steps[step + WORDS]!;
    if ((what & SHORT) !== 0) return (view.getInt32(pos, true) & words[first + 1]!) === words[first];
    const last = steps[step + LAST_WORD]!;
    for (let w = first; w < last; w += 1) {
      if (view.getInt32(pos + 4 * (w - first), true) !== words[w]) return false;
    }
    return view.getInt32(pos + keySize(what) - 4, true) === words[last];
  }

  #state(id: number): PathState | null {
    return id === -1 ? null : this.#states.states[id]!;
  }

  /** Shapes change with the traffic; those that were learned first may be those that no longer come. */
  #forget(): void {
    this.#store.clear();
    this.#begun.fill(0);
    this.#traces = [];
    this.#traced = 0;
    this.#unlearned = 0;
    this.#forgetAfter *= 2;
  }
}
