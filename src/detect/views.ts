// The fields that rules read, as paths to watch for in each form a record can have: view 0 is ECS as it stands,
// view n the n-th source mapping. All views are walked at once; which one counts is decided after the walk.
import type { Clue, FieldSource, RawValue, SourceMapping } from '../fields/mapping.js';
import { pairSource, pathsBelow, pathsOf } from '../fields/sources.js';
import type { Want } from './paths.js';
import { recordMarks } from './recordUnits.js';

/** What a hit on a slot means. */
interface SlotMeaning {
  readonly view: number;
  readonly field: number;
  /** Only for `field:*`: the value lies at the field or below it. */
  readonly deep: boolean;
  /** Slots of the same field that go before this one: with a value there, this one does not count. */
  readonly before: readonly number[];
  /** The value is input to a derived field, not the field's own. */
  readonly derived: boolean;
  /** What is here, a map or list too, is turned into the field's values; null: scalars are the values. */
  readonly whole: FieldSource['whole'] | null;
}

export interface DerivedField {
  readonly field: number;
  readonly slots: readonly number[];
  readonly as: NonNullable<FieldSource['as']>;
}

export interface View {
  /** Null: ECS as it stands. */
  readonly mapping: SourceMapping | null;
  readonly derived: readonly DerivedField[];
  /** Fields whose value the mapping itself gives. */
  readonly constants: readonly { readonly field: number; readonly values: readonly RawValue[] }[];
  /**
   * By field: the slots where the mapping finds it; the record's own ECS spelling counts only when none of them was
   * hit. Null: the mapping gives the field itself, and the own spelling never counts. Undefined: the mapping knows nothing of it.
   */
  readonly sources: readonly (readonly number[] | null | undefined)[];
  /** The record's form is recognised when all clues of a group hold. */
  readonly clues: readonly (readonly CompiledClue[])[];
}

export interface CompiledClue {
  readonly slot: number;
  /** `exists` holds for any value. */
  readonly clue: Clue;
  holds(text: string): boolean;
}

export interface Views {
  readonly wants: readonly Want[];
  readonly slots: readonly (SlotMeaning | null)[];
  readonly views: readonly View[];
  /** Slots whose hits are clues to a record's form: no hit on any of them means view 0. */
  readonly clueSlots: readonly boolean[];
  readonly firstMark: number;
  /** The view of a record without any clue: 0, or that of a mapping which asks for none. */
  readonly fallback: number;
  /** Mark slot to the path that it marks. */
  readonly marks: ReadonlyMap<number, string>;
  /** Mark slot to the raw path whose string holds JSON text, and the column's number. */
  readonly jsonText: ReadonlyMap<number, { readonly column: number; readonly path: string }>;
  /** By view: the columns that hold JSON text in it. */
  readonly columns: readonly ReadonlySet<number>[];
  /** By slot: the view that it is watched for. */
  readonly slotViews: readonly number[];
}

/**
 * @param fields dotted ECS names, the index is the field's id.
 * @param deepFields ids of fields that are asked for existence.
 */
export function compileViews(
  fields: readonly string[],
  deepFields: ReadonlySet<number>,
  mappings: readonly SourceMapping[],
  /** Further keys that may hold records. */
  moreMarks: readonly string[] = [],
): Views {
  const wants: Want[] = [];
  const slots: (SlotMeaning | null)[] = [];
  const clueSlots: boolean[] = [];
  const slotViews: number[] = [];
  let view = 0;
  const want = (path: string, keys: Want['keys'], meaning: SlotMeaning | null, begins = false): number => {
    const slot = slots.push(meaning) - 1;
    slotViews.push(meaning?.view ?? view);
    wants.push({ slot, path, keys, deep: meaning?.deep ?? false, begins });
    clueSlots.push(meaning === null);
    return slot;
  };
  const plain = { before: [], derived: false, whole: null };
  fields.forEach((name, field) => {
    want(name, 'exact', { view: 0, field, deep: false, ...plain });
    if (deepFields.has(field)) want(name, 'exact', { view: 0, field, deep: true, ...plain });
  });
  const ecs: View = { mapping: null, derived: [], constants: [], sources: [], clues: [] };
  const views: View[] = [ecs];
  // Maps and lists are only reported to marks.
  const wholes: { path: string; meaning: SlotMeaning; into: number[] }[] = [];
  const there: { view: number; clue: { slot: number; readonly clue: Clue } }[] = [];
  for (const mapping of mappings) {
    view = views.length;
    const derived: DerivedField[] = [];
    const constants: { field: number; values: readonly RawValue[] }[] = [];
    const sources: (number[] | null | undefined)[] = fields.map(() => undefined);
    fields.forEach((name, field) => {
      const given = own(mapping.constants, name);
      if (given) {
        constants.push({ field, values: given.map((text) => ({ kind: 'string', text })) });
        sources[field] = null;
        return;
      }
      const source = own(mapping.fields, name) ?? pairSource(mapping, name);
      if (source?.as) {
        const meaning = { view, field, deep: false, ...plain, derived: true };
        derived.push({ field, slots: source.from.map((p) => want(p, 'exact', meaning)), as: source.as });
        sources[field] = null;
        return;
      }
      const found: number[] = [];
      if (source?.whole) {
        const meaning = { view, field, deep: false, ...plain, whole: source.whole };
        for (const path of source.from) wholes.push({ path, meaning, into: found });
        sources[field] = found;
        return;
      }
      const from = pathsOf(mapping, name, source);
      for (const { path, keys } of from) {
        const before = [...found];
        found.push(want(path, keys, { view, field, deep: false, ...plain, before }));
        // A list of ids that may be a list of objects with ids: what else these hold is not the field's.
        if (deepFields.has(field) && !from.some((other) => other.path.startsWith(`${path}.`)))
          want(path, keys, { view, field, deep: true, ...plain, before });
      }
      if (found.length > 0) sources[field] = found;
      if (deepFields.has(field))
        for (const { path, keys } of pathsBelow(mapping, name))
          want(path, keys, { view, field, deep: true, ...plain });
    });
    const clues = mapping.when.map((group) =>
      group.map((clue): CompiledClue => {
        const compiled = { slot: -1, clue, holds: clueTest(clue) };
        if ('exists' in clue) there.push({ view, clue: compiled });
        else compiled.slot = want(clue.path, 'exact', null);
        return compiled;
      }),
    );
    views.push({ mapping, derived, constants, sources, clues });
  }
  const firstMark = slots.length;
  const marks = new Map<number, string>();
  for (const path of [...recordMarks, ...moreMarks]) marks.set(want(path, 'exact', null), path);
  const jsonText = new Map<number, { column: number; path: string }>();
  const paths = [...new Set(mappings.flatMap((m) => m.jsonText))];
  paths.forEach((path, column) => void jsonText.set(want(path, 'exact', null), { column, path }));
  const columns = [
    new Set<number>(),
    ...mappings.map((m) => new Set(m.jsonText.map((p) => paths.indexOf(p)))),
  ];
  for (const { path, meaning, into } of wholes) into.push(want(path, 'exact', meaning));
  for (let i = firstMark; i < clueSlots.length; i += 1) clueSlots[i] = false;
  // That there is anything at a path is seen from the map or list there: nothing inside of it need be reported.
  for (const { view: of, clue } of there) {
    view = of;
    clue.slot = want(clue.clue.path, 'exact', null, true);
  }
  const fallback = Math.max(
    0,
    views.findIndex((v) => v.clues.some((group) => group.length === 0)),
  );
  return { wants, slots, slotViews, views, clueSlots, fallback, firstMark, marks, jsonText, columns };
}

/** Rules may read fields called `constructor`: own keys only. */
function own<V>(table: Readonly<Record<string, V>>, key: string): V | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function clueTest(clue: Clue): (text: string) => boolean {
  if ('exists' in clue) return () => true;
  if ('oneOf' in clue) {
    const allowed = new Set(clue.oneOf);
    return (text) => allowed.has(text);
  }
  return (text) => text.endsWith(clue.endsWith);
}
