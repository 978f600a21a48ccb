// The first look at fields that a mapping derives (`as`): whether some rule is indexed under what a record's values make
// of it. The same few values come again and again, so the answer is remembered by them; what is new is worked out.
import type { RawValue } from '../fields/mapping.js';
import type { Found } from './found.js';
import { scalarKind, scalarText } from './scalars.js';
import type { FieldPlan } from './sighting.js';
import type { Views } from './views.js';

type Derived = Views['views'][number]['derived'][number];

/** Values remembered a field; past it they are forgotten. */
const MAX_KNOWN = 4096;
/** A longer value is not worth remembering. Bytes. */
const MAX_TEXT = 256;

export class DerivedLook {
  readonly #derived: Derived;
  readonly #plan: FieldPlan;
  readonly #known = new Map<string, boolean>();
  #key = '';
  #groups: RawValue[][] = [];

  /** @param plan the atoms of the field that rules are indexed under. */
  constructor(derived: Derived, plan: FieldPlan) {
    this.#derived = derived;
    this.#plan = plan;
  }

  /** Which input of the field a slot is; -1: none. */
  input(slot: number): number {
    return this.#derived.slots.indexOf(slot);
  }

  begin(): void {
    this.#key = '';
  }

  /** A value of input `group`, in document order. */
  add(group: number, buf: Buffer, pos: number): void {
    const kind = scalarKind(buf, pos);
    if (kind !== null) this.#key += `${group}${kind}${scalarText(buf, pos)}\u0000`;
  }

  /** Whether a rule hangs on what the values that were added make of the field. `inputsOf` says again which they were. */
  holds(found: Found, buf: Buffer, inputsOf: (state: number) => readonly number[]): boolean {
    const key = this.#key;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#groups = this.#derived.slots.map(() => []);
    for (let i = 0; i < found.count; i += 1) {
      const pos = found.positions[i]!;
      const kind = scalarKind(buf, pos);
      if (kind === null) continue;
      for (const group of inputsOf(found.states[i]!))
        this.#groups[group]!.push({ kind, text: scalarText(buf, pos) });
    }
    const { present, exists, literals, loose } = this.#plan;
    const holds = this.#derived
      .as(this.#groups)
      .some(
        ({ kind, text }) =>
          present !== -1 ||
          exists !== -1 ||
          (kind === 'string' ? literals.findText(text) !== -1 : loose.length > 0),
      );
    if (key.length <= MAX_TEXT) {
      if (this.#known.size >= MAX_KNOWN) this.#known.clear();
      this.#known.set(key, holds);
    }
    return holds;
  }
}
