// What a walk found of one record, by slot: the values of a slot in document order, and whether it was hit at all.
import type { RawValue } from '../fields/mapping.js';
import type { Way } from './fieldReads.js';
import { Hits, Sequence } from './found.js';
import { scalarKind, scalarText } from './scalars.js';
import { IS_MARKED, type StateMeanings } from './stateMeanings.js';
import type { Views } from './views.js';

const NONE = -1;
const UNKNOWN = -3;
export const SEVERAL = -2;

export class RecordValues {
  /** What `collect` found: values of the record, ascending. */
  readonly entries: number[] = [];
  /** And the way of each. */
  readonly #ways: Way[] = [];
  readonly #views: Views;
  readonly #meanings: StateMeanings;
  #hits = new Hits();
  #view = 0;
  #serial = 0;
  /** Of the record that what follows was worked out for; it is kept for the next one if that has the same. */
  readonly #sequence = new Sequence();
  /** By field, what `only` has said of it. */
  readonly #only: Int32Array;
  /** By state: the record in which it has values, the first and last of them; by value: the next of its state, or -1. */
  #seen = new Int32Array(0);
  #first = new Int32Array(0);
  #last = new Int32Array(0);
  #next = new Int32Array(256);

  constructor(fieldCount: number, views: Views, meanings: StateMeanings) {
    this.#only = new Int32Array(fieldCount);
    this.#views = views;
    this.#meanings = meanings;
  }

  begin(hits: Hits, view: number, serial: number): void {
    this.#meanings.learn();
    this.#hits = hits;
    const { count, states, sources } = hits;
    if (sources.length === 1 && view === this.#view && this.#sequence.isOf(hits)) return;
    if (sources.length === 1) this.#sequence.take(hits);
    else this.#sequence.forget();
    this.#only.fill(UNKNOWN);
    this.#view = view;
    this.#serial = serial;
    if (this.#seen.length < this.#meanings.count) this.#widen();
    if (this.#next.length < count) this.#next = new Int32Array(states.length);
    const seen = this.#seen;
    const first = this.#first;
    const last = this.#last;
    const next = this.#next;
    for (let i = 0; i < count; i += 1) {
      const state = states[i]!;
      if (seen[state] === serial) next[last[state]!] = i;
      else {
        seen[state] = serial;
        first[state] = i;
      }
      last[state] = i;
      next[i] = -1;
    }
  }

  /** Serials begin again. */
  forget(): void {
    this.#seen.fill(0);
    this.#sequence.forget();
  }

  /** The first value that counts for `field`, which is read in these ways, if all are of one state; NONE, or SEVERAL: they must be collected. */
  only(field: number, ways: readonly Way[]): number {
    let only = this.#only[field]!;
    if (only === UNKNOWN) {
      only = this.#onlyOf(ways);
      this.#only[field] = only;
    }
    return only;
  }

  #onlyOf(ways: readonly Way[]): number {
    let only = NONE;
    for (let w = 0; w < ways.length; w += 1) {
      const states = this.#meanings.ofSlot(ways[w]!.slot);
      for (let s = 0; s < states.length; s += 1) {
        const state = states[s]!;
        if (this.#seen[state] !== this.#serial) continue;
        if (only !== NONE || (this.#meanings.flags[state]! & IS_MARKED) !== 0) return SEVERAL;
        only = this.#first[state]!;
      }
    }
    return only === NONE || this.#hits.sources.length === 1 ? only : SEVERAL;
  }

  /** The value after `i` of the same state; NONE: it is the last. */
  after(i: number): number {
    return this.#next[i]!;
  }

  /** Puts the values that count for a field on `entries`; returns how many there are. */
  collect(ways: readonly Way[]): number {
    const { entries } = this;
    let count = 0;
    let runs = 0;
    for (let w = 0; w < ways.length; w += 1) {
      const way = ways[w]!;
      const { slot, unless, whole } = way;
      const states = this.#meanings.ofSlot(slot);
      const before = count;
      for (let s = 0; s < states.length; s += 1) {
        const state = states[s]!;
        if (this.#seen[state] !== this.#serial || this.#anyHit(unless)) continue;
        runs += 1;
        for (let i = this.#first[state]!; i !== -1; i = this.#next[i]!) {
          if (!this.#counts(i, slot, state)) continue;
          this.#ways[count] = way;
          entries[count++] = i;
        }
      }
      if (whole && count > before) {
        // What a map or list holds was reported after it: only the first value counts.
        for (let n = before + 1; n < count; n += 1) entries[before] = Math.min(entries[before]!, entries[n]!);
        count = before + 1;
      }
    }
    if (runs > 1 && count > 1) this.#sort(count);
    return count;
  }

  /** What is to be made of the value at place `n` of `entries` as a whole; null: it is the value. */
  wholeOf(n: number): Way['whole'] {
    return this.#ways[n]!.whole;
  }

  /** The same in a record around this one, which only the slots of ECS are asked of. */
  collectAround(outer: Hits, ways: readonly Way[]): number {
    let count = 0;
    for (const { slot } of ways) {
      const states = this.#meanings.ofSlot(slot);
      if (states.length === 0) continue;
      for (let i = 0; i < outer.count; i += 1) {
        if (states.includes(outer.states[i]!) && outer.columns[outer.sourceOf(i)] === -1)
          this.entries[count++] = i;
      }
    }
    return count;
  }

  /** The scalars at a slot, whatever the view. */
  rawValues(slot: number): RawValue[] {
    const out: RawValue[] = [];
    const found: number[] = [];
    const states = this.#meanings.ofSlot(slot);
    for (let s = 0; s < states.length; s += 1) {
      const state = states[s]!;
      if (this.#seen[state] !== this.#serial) continue;
      for (let i = this.#first[state]!; i !== -1; i = this.#next[i]!) found.push(i);
    }
    if (states.length > 1) found.sort((a, b) => a - b);
    for (let n = 0; n < found.length; n += 1) {
      const i = found[n]!;
      const buf = this.#hits.sources[this.#hits.sourceOf(i)]!;
      const kind = scalarKind(buf, this.#hits.positions[i]!);
      if (kind !== null) out.push({ kind, text: scalarText(buf, this.#hits.positions[i]!) });
    }
    return out;
  }

  #anyHit(slots: readonly number[]): boolean {
    for (let n = 0; n < slots.length; n += 1) {
      const slot = slots[n]!;
      const states = this.#meanings.ofSlot(slot);
      for (let s = 0; s < states.length; s += 1) {
        const state = states[s]!;
        if (this.#seen[state] !== this.#serial) continue;
        for (let i = this.#first[state]!; i !== -1; i = this.#next[i]!)
          if (this.#isHit(i, slot, state)) return true;
      }
    }
    return false;
  }

  /** Maps and lists are only reported to marks. */
  #isHit(i: number, slot: number, state: number): boolean {
    if ((this.#meanings.flags[state]! & IS_MARKED) === 0 || slot >= this.#views.firstMark) return true;
    const b = this.#hits.sources[this.#hits.sourceOf(i)]![this.#hits.positions[i]!]!;
    return !((b >= 0x80 && b <= 0x9f) || (b >= 0xdc && b <= 0xdf));
  }

  /** Whether a value counts in the view: one in a column's JSON text only if the view knows that column. */
  #counts(i: number, slot: number, state: number): boolean {
    const { columns, sources } = this.#hits;
    if (sources.length > 1) {
      const column = columns[this.#hits.sourceOf(i)]!;
      if (column !== -1 && !this.#views.columns[this.#view]!.has(column)) return false;
    }
    return this.#isHit(i, slot, state);
  }

  #sort(count: number): void {
    const { entries } = this;
    // Few, and nearly in order.
    for (let n = 1; n < count; n += 1) {
      const i = entries[n]!;
      const way = this.#ways[n]!;
      let at = n;
      for (; at > 0 && entries[at - 1]! > i; at -= 1) {
        entries[at] = entries[at - 1]!;
        this.#ways[at] = this.#ways[at - 1]!;
      }
      entries[at] = i;
      this.#ways[at] = way;
    }
  }

  #widen(): void {
    const size = this.#meanings.count * 2;
    const seen = new Int32Array(size);
    seen.set(this.#seen);
    this.#seen = seen;
    this.#first = new Int32Array(size);
    this.#last = new Int32Array(size);
  }
}
