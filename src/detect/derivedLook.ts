// The first look at a field that a mapping derives (`as`): which rules hang on what a record's values make of it. The
// same few values come again and again, so the answer is remembered by them; what is new is worked out.
import type { RawValue } from '../fields/mapping.js';
import { empty } from './empty.js';
import { scalarKind, scalarText } from './scalars.js';
import type { Trial } from './trials.js';
import type { FieldIndex } from './viewIndex.js';
import type { DerivedField } from './views.js';

/** Values remembered a field; past it they are forgotten. */
const MAX_KNOWN = 4096;
/** A longer value is not worth remembering. Bytes. */
const MAX_TEXT = 256;

export class DerivedLook {
  readonly #derived: DerivedField;
  readonly #index: FieldIndex;
  readonly #known = new Map<string, readonly Trial[]>();
  #key = '';
  /** The values of the record, and the input that each belongs to. */
  readonly #values: RawValue[] = [];
  readonly #groups: number[] = [];

  constructor(derived: DerivedField, index: FieldIndex) {
    this.#derived = derived;
    this.#index = index;
  }

  /** Which input of the field a slot is; -1: none. */
  input(slot: number): number {
    return this.#derived.slots.indexOf(slot);
  }

  begin(): void {
    this.#key = '';
    empty(this.#values);
    empty(this.#groups);
  }

  /** A value of input `group`, in document order. */
  add(group: number, buf: Buffer, pos: number): void {
    const kind = scalarKind(buf, pos);
    if (kind === null) return;
    const text = scalarText(buf, pos);
    this.#key += `${group}${kind}${text.length} ${text}`;
    this.#values.push({ kind, text });
    this.#groups.push(group);
  }

  /** The trials that hang on what the values that were added make of the field. */
  trials(): readonly Trial[] {
    const key = this.#key;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const groups: RawValue[][] = this.#derived.slots.map(() => []);
    this.#values.forEach((value, i) => void groups[this.#groups[i]!]!.push(value));
    const { plan, lists, present, exists } = this.#index;
    const trials = new Set<Trial>();
    for (const { kind, text } of this.#derived.as(groups)) {
      for (const trial of [...present, ...exists]) trials.add(trial);
      const places = kind === 'string' ? [plan.literals.findText(text)] : plan.looseAtoms(text, kind);
      for (const place of places) for (const trial of lists[place] ?? []) trials.add(trial);
    }
    const found = [...trials];
    if (key.length <= MAX_TEXT) {
      if (this.#known.size >= MAX_KNOWN) this.#known.clear();
      this.#known.set(key, found);
    }
    return found;
  }
}
