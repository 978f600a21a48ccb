// Every ECS field of a record, as a mapping reads it: for people, and for what cannot be asked field by field.
import { jsonInText } from './jsonText.js';
import type { RawValue, SourceMapping } from './mapping.js';
import { isMap, plainEntries } from './plain.js';
import { pushScalar } from './rawValues.js';
import { snakeCase } from './snakeCase.js';
import { mappedValues } from './view.js';

export type EcsFields = ReadonlyMap<string, readonly RawValue[]>;

/** @param mapping null: the record is ECS as it stands. */
export function ecsFields(record: unknown, mapping: SourceMapping | null): EcsFields {
  const own = new Map<string, RawValue[]>();
  leaves(record, '', mapping?.jsonText ?? [], own);
  if (!mapping) return new Map([...own].sort(byName));
  const names = new Set<string>(own.keys());
  for (const name of [...Object.keys(mapping.constants), ...Object.keys(mapping.fields)]) names.add(name);
  for (const { ecs, raw, keys, pairs } of mapping.trees) {
    if (pairs) for (const { text } of own.get(`${raw}.key`) ?? []) names.add(`${ecs}.${text}`);
    for (const path of pairs ? [] : own.keys()) {
      if (raw !== '' && !path.startsWith(`${raw}.`)) continue;
      const below = raw === '' ? path : path.slice(raw.length + 1);
      names.add(`${ecs}.${keys === 'snake' ? below.split('.').map(snakeCase).join('.') : below}`);
    }
  }
  const fields = new Map<string, readonly RawValue[]>();
  for (const name of [...names].sort()) {
    const values = mappedValues(record, mapping, name);
    if (values.length > 0) fields.set(name, values);
  }
  return fields;
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : a > b ? 1 : 0;

function leaves(
  value: unknown,
  path: string,
  jsonText: readonly string[],
  into: Map<string, RawValue[]>,
): void {
  if (Array.isArray(value)) {
    for (const element of value) leaves(element, path, jsonText, into);
  } else if (isMap(value)) {
    for (const [key, inner] of plainEntries(value))
      leaves(inner, path === '' ? key : `${path}.${key}`, jsonText, into);
  } else {
    const list = into.get(path) ?? [];
    pushScalar(value, list);
    if (list.length > 0) into.set(path, list);
    const inside = typeof value === 'string' && jsonText.includes(path) ? jsonInText(value) : undefined;
    if (inside !== undefined) leaves(inside, path, jsonText, into);
  }
}
