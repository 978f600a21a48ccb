// One record as the rules see it, after the walk: which atoms hold, and the values of each field, in the view that
// its form calls for. Reused for every record: `begin` forgets the last one by counting up a serial.
import type { FieldSource, RawValue } from '../fields/mapping.js';
import type { ScalarKind } from '../kql/predicate.js';
import { decode } from '../msgpack/decode.js';
import { headerSize, lengthAt } from '../msgpack/scan.js';
import type { Hits } from './found.js';
import { LiteralTable } from './literals.js';
import type { Atom } from './program.js';
import { scalarKind, scalarText } from './scalars.js';
import type { CompiledClue, Views } from './views.js';

/** What is asked of one field, by atom; -1: not asked. */
export interface FieldPlan {
  readonly literals: LiteralTable;
  /** Exact atoms whose literal could also be the text of a number or boolean. */
  readonly loose: number[];
  present: number;
  exists: number;
}

/** The last record that a serial can be given to. */
const MAX_SERIAL = 0x7fffffff;

export class Sighting {
  readonly #atoms: readonly Atom[];
  readonly #views: Views;
  readonly #plans: readonly FieldPlan[];
  readonly #onAtom: (atom: number) => void;
  #serial = 0;
  readonly #held: Int32Array;
  readonly #asked: Int32Array;
  readonly #answers: Uint8Array;
  /** By field: the serial in which it got values, the first and last of them. */
  readonly #fieldSerial: Int32Array;
  readonly #head: Int32Array;
  readonly #tail: Int32Array;
  /** By slot: the serial in which it was hit, the first hit and the last; by hit: the next one of its slot, or -1. */
  readonly #slotSerial: Int32Array;
  readonly #slotFirst: Int32Array;
  readonly #slotLast: Int32Array;
  readonly #nextHit: number[] = [];
  /** The values: a place in `#buffers`, or a text of the mapping's own. */
  #count = 0;
  readonly #next: number[] = [];
  readonly #buffer: (Buffer | null)[] = [];
  readonly #position: number[] = [];
  readonly #text: (string | null)[] = [];
  readonly #kind: ScalarKind[] = [];

  /** @param onAtom told once a record of every atom that the walk finds to hold. */
  constructor(
    plans: readonly FieldPlan[],
    atoms: readonly Atom[],
    views: Views,
    onAtom: (atom: number) => void,
  ) {
    const fieldCount = plans.length;
    this.#atoms = atoms;
    this.#views = views;
    this.#onAtom = onAtom;
    this.#held = new Int32Array(atoms.length);
    this.#asked = new Int32Array(atoms.length);
    this.#answers = new Uint8Array(atoms.length);
    this.#fieldSerial = new Int32Array(fieldCount);
    this.#head = new Int32Array(fieldCount);
    this.#tail = new Int32Array(fieldCount);
    this.#slotSerial = new Int32Array(views.slots.length);
    this.#slotFirst = new Int32Array(views.slots.length);
    this.#slotLast = new Int32Array(views.slots.length);
    this.#plans = plans;
  }

  /**
   * Takes in what a walk found; returns the record's view. `outers` are the records around an inner one, the nearest
   * last: their ECS fields count where the record has none, those of `own` excepted.
   */
  begin(hits: Hits, outers: readonly Hits[], own: ReadonlySet<number>): number {
    this.#nextRecord();
    this.#count = 0;
    const view = this.#recognise(hits);
    this.#takeHits(hits, view, null);
    const { derived, constants } = this.#views.views[view]!;
    for (let i = 0; i < derived.length; i += 1) {
      const d = derived[i]!;
      this.#addAll(d.field, d.as(d.slots.map((slot) => this.#slotValues(slot, hits))));
    }
    for (let i = 0; i < constants.length; i += 1) this.#addAll(constants[i]!.field, constants[i]!.values);
    for (let i = outers.length - 1; i >= 0; i -= 1) this.#takeHits(outers[i]!, 0, own);
    return view;
  }

  /** The view that a record's form calls for; 0: ECS, or nothing that is known. Forgets the record before. */
  viewOf(hits: Hits): number {
    this.#nextRecord();
    return this.#recognise(hits);
  }

  /** Whether an atom holds for the record. */
  holds(atom: number): boolean {
    if (this.#held[atom] === this.#serial) return true;
    const a = this.#atoms[atom]!;
    if (a.kind !== 'test') return false;
    if (this.#asked[atom] !== this.#serial) {
      this.#asked[atom] = this.#serial;
      this.#answers[atom] = this.#anyValue(a) ? 1 : 0;
    }
    return this.#answers[atom] === 1;
  }

  /** Whether any record so far had a value of the field. */
  everSeen(field: number): boolean {
    return this.#fieldSerial[field] !== 0;
  }

  /** The texts of a field's values, in document order. */
  values(field: number): string[] {
    const out: string[] = [];
    if (this.#fieldSerial[field] !== this.#serial) return out;
    for (let v = this.#head[field]!; v !== -1; v = this.#next[v]!) out.push(this.#textOf(v));
    return out;
  }

  /** Serials are 32 bits wide: after a few hours of full load they begin again. */
  #nextRecord(): void {
    if (this.#serial === MAX_SERIAL) {
      this.#serial = 0;
      for (const serials of [this.#held, this.#asked, this.#slotSerial]) serials.fill(0);
      for (let f = 0; f < this.#fieldSerial.length; f += 1)
        if (this.#fieldSerial[f] !== 0) this.#fieldSerial[f] = -1;
    }
    this.#serial += 1;
  }

  #anyValue(atom: Extract<Atom, { kind: 'test' }>): boolean {
    if (this.#fieldSerial[atom.field] !== this.#serial) return false;
    for (let v = this.#head[atom.field]!; v !== -1; v = this.#next[v]!) {
      if (atom.test.matches(this.#textOf(v), this.#kind[v]!)) return true;
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

  /** The view for the record's form: the first mapping one of whose clue groups holds, else ECS. */
  #recognise(hits: Hits): number {
    const { clueSlots, slotViews, views } = this.#views;
    const serial = this.#serial;
    let clue = false;
    for (let i = 0; i < hits.count; i += 1) {
      const slot = hits.slots[i]!;
      if (!this.#isIn(slotViews[slot]!, hits, i)) continue;
      if (this.#slotSerial[slot] !== serial) {
        this.#slotSerial[slot] = serial;
        this.#slotFirst[slot] = i;
        if (clueSlots[slot]) clue = true;
      } else {
        this.#nextHit[this.#slotLast[slot]!] = i;
      }
      this.#slotLast[slot] = i;
      this.#nextHit[i] = -1;
    }
    if (!clue) return this.#views.fallback;
    for (let v = 1; v < views.length; v += 1) {
      for (const group of views[v]!.clues) {
        if (group.every((c) => this.#clueHolds(c, hits))) return v;
      }
    }
    return 0;
  }

  /** Whether a hit counts in a view: one in a column's JSON text only if the view knows that column. */
  #isIn(view: number, hits: Hits, i: number): boolean {
    const column = hits.columns[hits.from[i]!]!;
    return column === -1 || this.#views.columns[view]!.has(column);
  }

  #clueHolds({ slot, clue, holds }: CompiledClue, hits: Hits): boolean {
    if (this.#slotSerial[slot] !== this.#serial) return false;
    for (let i = this.#slotFirst[slot]!; i !== -1; i = this.#nextHit[i]!) {
      const buf = hits.sources[hits.from[i]!]!;
      const pos = hits.positions[i]!;
      // Most of a record can lie below a clue that only asks for a value: none of it is read.
      if (scalarKind(buf, pos) !== null && ('exists' in clue || holds(scalarText(buf, pos)))) return true;
    }
    return false;
  }

  /** Of the record that was recognised last. */
  #slotValues(slot: number, hits: Hits): RawValue[] {
    if (this.#slotSerial[slot] !== this.#serial) return [];
    const out: RawValue[] = [];
    for (let i = this.#slotFirst[slot]!; i !== -1; i = this.#nextHit[i]!) {
      const buf = hits.sources[hits.from[i]!]!;
      const kind = scalarKind(buf, hits.positions[i]!);
      if (kind !== null) out.push({ kind, text: scalarText(buf, hits.positions[i]!) });
    }
    return out;
  }

  /** @param missing only fields that have no value yet, and none of these; null: all. */
  #takeHits(hits: Hits, view: number, missing: ReadonlySet<number> | null): void {
    const { slots, views } = this.#views;
    const { sources } = views[view]!;
    const serial = this.#serial;
    const own = this.#count;
    for (let i = 0; i < hits.count; i += 1) {
      const meaning = slots[hits.slots[i]!];
      if (!meaning || meaning.derived || (meaning.view !== view && meaning.view !== 0)) continue;
      if (!this.#isIn(view, hits, i)) continue;
      const field = meaning.field;
      if (missing !== null) {
        if (missing.has(field) || (this.#fieldSerial[field] === serial && this.#head[field]! < own)) continue;
      } else if (view !== 0 && meaning.view === 0) {
        const source = sources[field];
        if (source !== undefined && (source === null || this.#anyHit(source))) continue;
      }
      if (meaning.before.length > 0 && this.#anyHit(meaning.before)) continue;
      if (meaning.whole) this.#addWhole(field, meaning.whole, hits, i);
      else this.#add(field, hits.sources[hits.from[i]!]!, hits.positions[i]!, meaning.deep);
    }
  }

  #anyHit(slots: readonly number[]): boolean {
    for (let i = 0; i < slots.length; i += 1) if (this.#slotSerial[slots[i]!] === this.#serial) return true;
    return false;
  }

  /** What a map or list holds was marked after it: only the first hit counts. */
  #addWhole(field: number, whole: NonNullable<FieldSource['whole']>, hits: Hits, i: number): void {
    if (this.#slotFirst[hits.slots[i]!] !== i) return;
    this.#addAll(field, whole(decode(hits.sources[hits.from[i]!]!, { pos: hits.positions[i]! })));
  }

  #add(field: number, buf: Buffer, pos: number, deep: boolean): void {
    const kind = scalarKind(buf, pos);
    if (kind === null) return;
    const plan = this.#plans[field]!;
    if (deep) {
      this.#hold(plan.exists);
      return;
    }
    const v = this.#push(field, kind);
    this.#buffer[v] = buf;
    this.#position[v] = pos;
    this.#text[v] = null;
    if (kind !== 'string') {
      this.#looseMatch(plan, this.#textOf(v), kind);
    } else if (plan.literals.size > 0) {
      const start = pos + headerSize(buf[pos]!);
      const atom = plan.literals.findBytes(buf, start, start + lengthAt(buf, pos));
      if (atom !== -1) this.#hold(atom);
    }
  }

  #addAll(field: number, values: readonly RawValue[]): void {
    const plan = this.#plans[field]!;
    for (let i = 0; i < values.length; i += 1) {
      const { kind, text } = values[i]!;
      const v = this.#push(field, kind);
      this.#buffer[v] = null;
      this.#text[v] = text;
      this.#hold(plan.exists);
      if (kind === 'string') {
        const atom = plan.literals.findText(text);
        if (atom !== -1) this.#hold(atom);
      } else {
        this.#looseMatch(plan, text, kind);
      }
    }
  }

  #push(field: number, kind: ScalarKind): number {
    const v = this.#count;
    this.#count = v + 1;
    this.#kind[v] = kind;
    this.#next[v] = -1;
    if (this.#fieldSerial[field] === this.#serial) {
      this.#next[this.#tail[field]!] = v;
    } else {
      this.#fieldSerial[field] = this.#serial;
      this.#head[field] = v;
      this.#hold(this.#plans[field]!.present);
    }
    this.#tail[field] = v;
    return v;
  }

  #looseMatch(plan: FieldPlan, text: string, kind: ScalarKind): void {
    for (const atom of plan.loose) {
      const a = this.#atoms[atom]!;
      if (a.kind === 'exact' && a.test.matches(text, kind)) this.#hold(atom);
    }
  }

  #hold(atom: number): void {
    if (atom === -1 || this.#held[atom] === this.#serial) return;
    this.#held[atom] = this.#serial;
    this.#onAtom(atom);
  }
}

/** @param wanted which atoms count; by default all. */
export function planFields(
  fieldCount: number,
  atoms: readonly Atom[],
  wanted: (atom: number) => boolean = () => true,
): FieldPlan[] {
  const plans = Array.from(
    { length: fieldCount },
    (): FieldPlan => ({ literals: new LiteralTable(), loose: [], present: -1, exists: -1 }),
  );
  atoms.forEach((atom, id) => {
    if (!wanted(id)) return;
    const plan = plans[atom.field]!;
    if (atom.kind === 'present') plan.present = id;
    else if (atom.kind === 'exists') plan.exists = id;
    else if (atom.kind === 'exact') {
      plan.literals.add(atom.text, id);
      if (atom.text === 'true' || atom.text === 'false' || /^[-+.]?\d|nan|inf/i.test(atom.text))
        plan.loose.push(id);
    }
  });
  return plans;
}
