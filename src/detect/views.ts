// The fields that rules read, as paths to watch for in each form a record can have: view 0 is ECS as it stands,
// view n the n-th source mapping. All views are walked at once; which one counts is decided after the walk.
import type { Clue, FieldSource, RawValue, SourceMapping } from '../fields/mapping.js';
import type { Want } from './paths.js';

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
}

interface DerivedField {
  readonly field: number;
  readonly slots: readonly number[];
  readonly as: NonNullable<FieldSource['as']>;
}

interface View {
  /** Null: ECS as it stands. */
  readonly mapping: SourceMapping | null;
  readonly derived: readonly DerivedField[];
  /** Fields whose value the mapping itself gives. */
  readonly constants: readonly { readonly field: number; readonly values: readonly RawValue[] }[];
  /** The mapping says where the field is found; the record's own ECS spelling counts only when nothing is there. */
  readonly covers: readonly boolean[];
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
  /** Mark slot to the raw path whose string holds JSON text in that view. */
  readonly jsonText: ReadonlyMap<number, { readonly view: number; readonly path: string }>;
}

/** Where an event may hold records of its own. */
const recordMarks = [
  'records',
  'value',
  'message',
  'log',
  'payload',
  'payload.records',
  'event.original',
] as const;

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
  const want = (path: string, keys: Want['keys'], meaning: SlotMeaning | null, deep = false): number => {
    const slot = slots.push(meaning) - 1;
    wants.push({ slot, path, keys, deep: meaning?.deep ?? deep });
    clueSlots.push(meaning === null);
    return slot;
  };
  const plain = { before: [], derived: false };
  fields.forEach((name, field) => {
    want(name, 'exact', { view: 0, field, deep: false, ...plain });
    if (deepFields.has(field)) want(name, 'exact', { view: 0, field, deep: true, ...plain });
  });
  const ecs: View = { mapping: null, derived: [], constants: [], covers: fields.map(() => false), clues: [] };
  const views: View[] = [ecs];
  for (const mapping of mappings) {
    const view = views.length;
    const derived: DerivedField[] = [];
    const constants: { field: number; values: readonly RawValue[] }[] = [];
    const covers = fields.map(() => false);
    fields.forEach((name, field) => {
      const given = own(mapping.constants, name);
      if (given) {
        constants.push({ field, values: given.map((text) => ({ kind: 'string', text })) });
        covers[field] = true;
        return;
      }
      const source = own(mapping.fields, name);
      if (source?.as) {
        const meaning = { view, field, deep: false, before: [], derived: true };
        derived.push({ field, slots: source.from.map((p) => want(p, 'exact', meaning)), as: source.as });
        covers[field] = true;
        return;
      }
      const before: number[] = [];
      const watch = (path: string, keys: Want['keys']): void => {
        covers[field] = true;
        const earlier = [...before];
        before.push(want(path, keys, { view, field, deep: false, before: earlier, derived: false }));
        if (deepFields.has(field)) want(path, keys, { view, field, deep: true, ...plain });
      };
      for (const path of source?.from ?? []) watch(path, 'exact');
      if (source) return;
      for (const tree of mapping.trees) {
        if (!name.startsWith(`${tree.ecs}.`)) continue;
        const rest = name.slice(tree.ecs.length + 1);
        watch(tree.raw === '' ? rest : `${tree.raw}.${rest}`, tree.keys === 'snake' ? 'snake' : 'exact');
        break;
      }
    });
    const clues = mapping.when.map((group) =>
      group.map((clue): CompiledClue => {
        const slot = want(clue.path, 'exact', null, 'exists' in clue);
        return { slot, clue, holds: clueTest(clue) };
      }),
    );
    views.push({ mapping, derived, constants, covers, clues });
  }
  const firstMark = slots.length;
  const marks = new Map<number, string>();
  for (const path of [...recordMarks, ...moreMarks]) marks.set(want(path, 'exact', null), path);
  const jsonText = new Map<number, { view: number; path: string }>();
  mappings.forEach((mapping, i) => {
    for (const path of mapping.jsonText) jsonText.set(want(path, 'exact', null), { view: i + 1, path });
  });
  for (let i = firstMark; i < clueSlots.length; i += 1) clueSlots[i] = false;
  const fallback = Math.max(
    0,
    views.findIndex((v) => v.clues.some((group) => group.length === 0)),
  );
  return { wants, slots, views, clueSlots, fallback, firstMark, marks, jsonText };
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
