// How each field is read in one view: from which slots of the automaton, by which precedence. Worked out once a view.
import type { FieldSource, RawValue } from '../fields/mapping.js';
import type { DerivedField, Views } from './views.js';

/** Values at a slot, counting only while none of other slots was hit. */
export interface Way {
  readonly slot: number;
  readonly unless: readonly number[];
  readonly whole: FieldSource['whole'] | null;
}

export interface FieldReads {
  /** What the mapping itself gives; null: it gives nothing. */
  readonly constant: readonly RawValue[] | null;
  readonly derived: DerivedField | null;
  readonly ways: readonly Way[];
  /** The same for values at the field or below it; empty when no rule asks whether it exists. */
  readonly deep: readonly Way[];
}

/** By field. */
export function fieldReads(fieldCount: number, views: Views, view: number): readonly FieldReads[] {
  const { derived, constants, sources } = views.views[view]!;
  const ways: Way[][] = Array.from({ length: fieldCount }, () => []);
  const deep: Way[][] = Array.from({ length: fieldCount }, () => []);
  views.slots.forEach((meaning, slot) => {
    if (!meaning || meaning.derived || (meaning.view !== view && meaning.view !== 0)) return;
    const { field, whole } = meaning;
    let unless = meaning.before;
    if (view !== 0 && meaning.view === 0) {
      // The record's own ECS spelling stands back where the mapping knows the field.
      const source = sources[field];
      if (source === null) return;
      unless = source ?? [];
    }
    (meaning.deep ? deep : ways)[field]!.push({ slot, unless, whole });
  });
  const given = new Map(constants.map((c) => [c.field, c.values]));
  const made = new Map(derived.map((d) => [d.field, d]));
  return ways.map((own, field) => ({
    constant: given.get(field) ?? null,
    derived: made.get(field) ?? null,
    ways: own,
    deep: deep[field]!,
  }));
}
