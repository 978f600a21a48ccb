// The slow reading of a raw record through a mapping, for fields that no rule reads (explaining, grouping) and as the
// reference that the walk over bytes is held against.
import type { Clue, RawValue, SourceMapping } from './mapping.js';
import { firstAt, type RawPathOptions, rawValues, spellingOf } from './rawValues.js';
import { pairSource, pathsOf, type RawPath } from './sources.js';

/** The first mapping one of whose groups of clues all hold; null: the record is ECS, or nothing we know. */
export function recognise(record: unknown, mappings: readonly SourceMapping[]): SourceMapping | null {
  return mappings.find((m) => m.when.some((group) => group.every((clue) => holds(record, m, clue)))) ?? null;
}

function holds(record: unknown, mapping: SourceMapping, clue: Clue): boolean {
  const found = rawValues(record, clue.path, {
    keys: 'exact',
    deep: 'exists' in clue,
    jsonText: mapping.jsonText,
  });
  if ('exists' in clue) return found.length > 0;
  if ('oneOf' in clue) return found.some((v) => clue.oneOf.includes(v.text));
  return found.some((v) => v.text.endsWith(clue.endsWith));
}

/** The values of an ECS field in a raw record, by the mapping: constants, sources, trees, else the record's own. */
export function mappedValues(record: unknown, mapping: SourceMapping, field: string): readonly RawValue[] {
  const given = Object.hasOwn(mapping.constants, field) ? mapping.constants[field] : undefined;
  if (given) return given.map((text) => ({ kind: 'string', text }));
  const options: RawPathOptions = { keys: 'exact', deep: false, jsonText: mapping.jsonText };
  const source = Object.hasOwn(mapping.fields, field) ? mapping.fields[field] : pairSource(mapping, field);
  if (source?.as) return source.as(source.from.map((path) => rawValues(record, path, options)));
  if (source?.whole) {
    const whole = source.from.map((path) => firstAt(record, path, options)).find((v) => v !== undefined);
    return whole === undefined ? rawValues(record, field, options) : source.whole(whole);
  }
  for (const { path, keys } of pathsOf(mapping, field, source)) {
    const values = rawValues(record, path, { ...options, keys });
    if (values.length > 0) return values;
  }
  return rawValues(record, field, options);
}

/** Where the mapping finds a field of a record, in the record's own spelling; '': the mapping itself says it. */
export function foundAt(record: unknown, mapping: SourceMapping, field: string): readonly string[] {
  if (Object.hasOwn(mapping.constants, field)) return [''];
  const options: RawPathOptions = { keys: 'exact', deep: false, jsonText: mapping.jsonText };
  const source = Object.hasOwn(mapping.fields, field) ? mapping.fields[field] : pairSource(mapping, field);
  const spelled = (path: string, keys: RawPathOptions['keys']): string[] => {
    const at = spellingOf(record, path, { ...options, keys });
    return at === undefined ? [] : [at];
  };
  if (source?.as) {
    const inputs = source.from.flatMap((path) => spelled(path, 'exact'));
    return inputs.length > 0 ? inputs : [''];
  }
  for (const { path, keys } of source?.whole ? exactly(source.from) : pathsOf(mapping, field, source)) {
    const at = spelled(path, keys);
    if (at.length > 0) return at;
  }
  return [field];
}

function exactly(paths: readonly string[]): readonly RawPath[] {
  return paths.map((path) => ({ path, keys: 'exact' }));
}
