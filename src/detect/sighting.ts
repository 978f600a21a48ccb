// One record as the rules see it, after the walk: which atoms hold, and the values of each field, in the view that
// its form calls for. A field is read when it is first asked for. Reused for every record: `begin` forgets the last one
// by counting up a serial.
import type { RawValue } from '../fields/mapping.js';
import type { ScalarKind } from '../kql/predicate.js';
import { decode } from '../msgpack/decode.js';
import { headerSize, lengthAt } from '../msgpack/scan.js';
import { type FieldPlan, planFields } from './fieldPlan.js';
import { type FieldReads, fieldReads, type Way } from './fieldReads.js';
import { Hits } from './found.js';
import type { TextPlace } from './match.js';
import type { Atom } from './program.js';
import { RecordValues, SEVERAL } from './recordValues.js';
import { scalarKind, scalarText } from './scalars.js';
import type { StateMeanings } from './stateMeanings.js';
import type { Views } from './views.js';

const several = SEVERAL;
const nothing: readonly string[] = [];
/** The last record that a serial can be given to. */
const MAX_SERIAL = 0x7fffffff;

export class Sighting {
  readonly #atoms: readonly Atom[];
  readonly #views: Views;
  readonly #plans: readonly FieldPlan[];
  /** By view, made when it is first seen. */
  readonly #reads: (readonly FieldReads[] | undefined)[] = [];
  readonly #values: RecordValues;
  #view = 0;
  #hits = new Hits();
  #outers: readonly Hits[] = [];
  #own: ReadonlySet<number> = new Set();
  #serial = 0;
  /** By atom: the record for which it holds; for which it was asked, and the answer. */
  readonly #held: Int32Array;
  readonly #asked: Int32Array;
  readonly #answers: Uint8Array;
  /** By field: the record for which it was read; for which it has values, the first and last of them. */
  readonly #read: Int32Array;
  readonly #valued: Int32Array;
  readonly #head: Int32Array;
  readonly #tail: Int32Array;
  readonly #everSeen: Uint8Array;
  /** The values: a place in a buffer, or a text. */
  #count = 0;
  readonly #next: number[] = [];
  readonly #buffer: (Buffer | null)[] = [];
  readonly #position: number[] = [];
  readonly #text: (string | null)[] = [];
  readonly #kind: ScalarKind[] = [];

  constructor(fieldCount: number, atoms: readonly Atom[], views: Views, meanings: StateMeanings) {
    this.#atoms = atoms;
    this.#views = views;
    this.#plans = planFields(fieldCount, atoms);
    this.#values = new RecordValues(fieldCount, views, meanings);
    this.#held = new Int32Array(atoms.length);
    this.#asked = new Int32Array(atoms.length);
    this.#answers = new Uint8Array(atoms.length);
    this.#read = new Int32Array(fieldCount);
    this.#valued = new Int32Array(fieldCount);
    this.#head = new Int32Array(fieldCount);
    this.#tail = new Int32Array(fieldCount);
    this.#everSeen = new Uint8Array(fieldCount);
  }

  /**
   * Takes in what a walk found, which must stay as it is until the next record. `outers` are the records around an
   * inner one, the nearest last: their ECS fields count where the record has none, those of `own` excepted.
   */
  begin(hits: Hits, view: number, outers: readonly Hits[], own: ReadonlySet<number>): void {
    this.#nextRecord();
    this.#count = 0;
    this.#view = view;
    this.#hits = hits;
    this.#outers = outers;
    this.#own = own;
    this.#values.begin(hits, view, this.#serial);
  }

  /** Reads every field: so that it is known which of them records have. */
  readAll(): void {
    for (let field = 0; field < this.#read.length; field += 1) this.#see(field);
  }

  /** Reads a field, for the same end. */
  read(field: number): void {
    this.#see(field);
  }

  /** Whether a test of values holds for the record, or a field exists in it. */
  holds(atom: number): boolean {
    const serial = this.#serial;
    if (this.#asked[atom] !== serial) {
      this.#asked[atom] = serial;
      const a = this.#atoms[atom]!;
      this.#answers[atom] = (a.kind === 'test' ? this.#anyValue(a) : this.#exists(a.field)) ? 1 : 0;
    }
    return this.#answers[atom] === 1;
  }

  /** Whether an exact atom of the field holds. */
  holdsExact(field: number, atom: number): boolean {
    if (this.#read[field] !== this.#serial) this.#see(field);
    return this.#held[atom] === this.#serial;
  }

  /** Whether the field has a value of its own. */
  hasValue(field: number): boolean {
    if (this.#read[field] !== this.#serial) this.#see(field);
    return this.#valued[field] === this.#serial;
  }

  /** Whether any of some exact atoms of one field holds. */
  holdsAny(field: number, atoms: readonly number[]): boolean {
    const serial = this.#serial;
    if (this.#read[field] !== serial) this.#see(field);
    if (this.#valued[field] !== serial) return false;
    const held = this.#held;
    for (let i = 0; i < atoms.length; i += 1) if (held[atoms[i]!] === serial) return true;
    return false;
  }

  /** Whether any record so far was seen to have a value of the field. */
  everSeen(field: number): boolean {
    return this.#everSeen[field] !== 0;
  }

  /** The texts of a field's values, in document order. */
  values(field: number): readonly string[] {
    if (this.#read[field] !== this.#serial) this.#see(field);
    if (this.#valued[field] !== this.#serial) return nothing;
    const out: string[] = [];
    for (let v = this.#head[field]!; v !== -1; v = this.#next[v]!) out.push(this.#textOf(v));
    return out;
  }

  /** Where the first value of a field lies, if it is a string of the record. */
  place(field: number): TextPlace | null {
    if (!this.hasValue(field)) return null;
    const v = this.#head[field]!;
    const buf = this.#buffer[v]!;
    if (buf === null || this.#kind[v] !== 'string') return null;
    const pos = this.#position[v]!;
    const start = pos + headerSize(buf[pos]!);
    return { buf, start, end: start + lengthAt(buf, pos) };
  }

  /** Serials are 32 bits wide: after a few hours of full load they begin again. */
  #nextRecord(): void {
    if (this.#serial === MAX_SERIAL) {
      this.#serial = 0;
      for (const serials of [this.#held, this.#asked, this.#read, this.#valued]) serials.fill(0);
      this.#values.forget();
    }
    this.#serial += 1;
  }

  #anyValue(atom: Extract<Atom, { kind: 'test' }>): boolean {
    const { field, test } = atom;
    if (this.#read[field] !== this.#serial) this.#see(field);
    if (this.#valued[field] !== this.#serial) return false;
    for (let v = this.#head[field]!; v !== -1; v = this.#next[v]!) {
      if (test.matches(this.#textOf(v), this.#kind[v]!)) return true;
    }
    return false;
  }

  #textOf(v: number): string {
    let text = this.#text[v]!;
    if (text === null) {
      text = scalarText(this.#buffer[v]!, this.#position[v]!);
      this.#text[v] = text;
    }
    return text;
  }

  #readsOf(view: number): readonly FieldReads[] {
    let reads = this.#reads[view];
    if (reads === undefined) {
      reads = fieldReads(this.#read.length, this.#views, view);
      this.#reads[view] = reads;
    }
    return reads;
  }

  #see(field: number): void {
    if (this.#read[field] === this.#serial) return;
    this.#read[field] = this.#serial;
    const { constant, derived, ways } = this.#readsOf(this.#view)[field]!;
    const { entries } = this.#values;
    let i = this.#values.only(field, ways);
    if (i === several) {
      const count = this.#values.collect(ways);
      for (let n = 0; n < count; n += 1) this.#take(field, this.#hits, entries[n]!, this.#values.wholeOf(n));
    } else {
      for (; i !== -1; i = this.#values.after(i)) this.#take(field, this.#hits, i, null);
    }
    if (derived !== null)
      this.#addAll(field, derived.as(derived.slots.map((slot) => this.#values.rawValues(slot))));
    if (constant !== null) this.#addAll(field, constant);
    if (this.#outers.length === 0 || this.#valued[field] === this.#serial || this.#own.has(field)) return;
    for (let o = this.#outers.length - 1; o >= 0; o -= 1) {
      const outer = this.#outers[o]!;
      const count = this.#values.collectAround(outer, this.#readsOf(0)[field]!.ways);
      for (let n = 0; n < count; n += 1) this.#take(field, outer, entries[n]!, null);
      if (this.#valued[field] === this.#serial) return;
    }
  }

  /** Whether the record has anything at the field or below it. */
  #exists(field: number): boolean {
    if (this.hasValue(field)) return true;
    const { deep } = this.#readsOf(this.#view)[field]!;
    if (deep.length > 0 && this.#anyScalar(this.#hits, this.#values.collect(deep))) return true;
    if (this.#own.has(field)) return false;
    for (const outer of this.#outers) {
      if (this.#anyScalar(outer, this.#values.collectAround(outer, this.#readsOf(0)[field]!.deep)))
        return true;
    }
    return false;
  }

  #anyScalar(hits: Hits, count: number): boolean {
    const { entries } = this.#values;
    for (let n = 0; n < count; n += 1) {
      const i = entries[n]!;
      if (scalarKind(hits.sources[hits.sourceOf(i)]!, hits.positions[i]!) !== null) return true;
    }
    return false;
  }

  #take(field: number, hits: Hits, i: number, whole: Way['whole']): void {
    const buf = hits.sources[hits.sourceOf(i)]!;
    const pos = hits.positions[i]!;
    if (whole) {
      this.#addAll(field, whole(decode(buf, { pos })));
      return;
    }
    const kind = scalarKind(buf, pos);
    if (kind === null) return;
    const plan = this.#plans[field]!;
    const v = this.#push(field, kind);
    this.#buffer[v] = buf;
    this.#position[v] = pos;
    this.#text[v] = null;
    if (kind !== 'string') {
      if (plan.isLoose) this.#hold(plan.looseAtoms(this.#textOf(v), kind));
    } else if (plan.literals.size > 0) {
      const start = pos + headerSize(buf[pos]!);
      const atom = plan.literals.findBytes(buf, start, start + lengthAt(buf, pos));
      if (atom !== -1) this.#held[atom] = this.#serial;
    }
  }

  #addAll(field: number, values: readonly RawValue[]): void {
    const plan = this.#plans[field]!;
    for (let i = 0; i < values.length; i += 1) {
      const { kind, text } = values[i]!;
      const v = this.#push(field, kind);
      this.#buffer[v] = null;
      this.#text[v] = text;
      if (kind === 'string') {
        const atom = plan.literals.findText(text);
        if (atom !== -1) this.#held[atom] = this.#serial;
      } else if (plan.isLoose) this.#hold(plan.looseAtoms(text, kind));
    }
  }

  #push(field: number, kind: ScalarKind): number {
    const v = this.#count;
    this.#count = v + 1;
    this.#kind[v] = kind;
    this.#next[v] = -1;
    if (this.#valued[field] === this.#serial) {
      this.#next[this.#tail[field]!] = v;
    } else {
      this.#valued[field] = this.#serial;
      this.#head[field] = v;
      this.#everSeen[field] = 1;
    }
    this.#tail[field] = v;
    return v;
  }

  #hold(atoms: readonly number[]): void {
    for (let i = 0; i < atoms.length; i += 1) this.#held[atoms[i]!] = this.#serial;
  }
}
