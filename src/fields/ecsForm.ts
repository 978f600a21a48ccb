// An event as the rules see it, written out whole: which records it holds, which mapping reads each, and every ECS
// field with its values. The slow, readable twin of what the engine does over bytes; for people and for explaining.
import { ecsRecord } from './ecsRecord.js';
import type { SourceMapping } from './mapping.js';
import { snakeCase } from './snakeCase.js';
import { mappedValues, recognise } from './view.js';

type Plain = Readonly<Record<string, unknown>>;

export interface EcsForm {
  /** Which record of an envelope (`records[3]`, `message`); null: the event itself. */
  readonly path: string | null;
  /** The mapping's name; null: the record is read as ECS. */
  readonly mapping: string | null;
  /** ECS field to its values. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  /** The whole record in ECS, objects kept as objects. */
  readonly record: unknown;
}

/** Keys at the top that hold records as JSON text, whatever the config adds. */
const textKeys = ['message', 'log', 'payload'];

/**
 * The event itself first, then the records inside it.
 * @param jsonText the config's further keys that hold JSON text.
 */
export function ecsForms(
  event: Plain,
  mappings: readonly SourceMapping[],
  jsonText: readonly string[] = [],
): EcsForm[] {
  return [{ path: null, record: event }, ...recordsIn(event, [...textKeys, ...jsonText])].map(
    ({ path, record }) => {
      const mapping = recognise(record, mappings);
      const fields = fieldsOf(record, mapping);
      return {
        path,
        mapping: mapping?.name ?? null,
        fields,
        record: mapping ? ecsRecord(record, mapping) : record,
      };
    },
  );
}

interface Inner {
  readonly path: string;
  readonly record: Plain;
}

function recordsIn(event: Plain, keys: readonly string[]): Inner[] {
  const found = envelope(event, '');
  for (const key of keys) {
    const value = event[key];
    if (typeof value === 'string' && /^\s*[{[]/.test(value)) found.push(...insideText(value, key));
    else if (key === 'payload' && isPlain(value)) {
      const inner = envelope(value, 'payload.');
      found.push(...(inner.length > 0 ? inner : [{ path: key, record: value }]));
    }
  }
  return found;
}

function envelope(value: Plain, prefix: string): Inner[] {
  return ['records', 'value'].flatMap((key) => elements(value[key], `${prefix}${key}`));
}

function elements(value: unknown, path: string): Inner[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((record: unknown, n) => (isPlain(record) ? [{ path: `${path}[${n}]`, record }] : []));
}

function insideText(text: string, key: string): Inner[] {
  const parsed = jsonOf(text);
  if (Array.isArray(parsed)) return elements(parsed, key);
  if (!isPlain(parsed)) return [];
  const inner = envelope(parsed, `${key}.`);
  return inner.length > 0 ? inner : [{ path: key, record: parsed }];
}

function fieldsOf(record: Plain, mapping: SourceMapping | null): Map<string, readonly string[]> {
  const own = new Map<string, string[]>();
  leaves(record, '', mapping?.jsonText ?? [], own);
  const names = new Set<string>(own.keys());
  if (mapping) {
    for (const name of [...Object.keys(mapping.constants), ...Object.keys(mapping.fields)]) names.add(name);
    for (const { ecs, raw, keys } of mapping.trees) {
      for (const path of own.keys()) {
        if (raw !== '' && !path.startsWith(`${raw}.`)) continue;
        const below = raw === '' ? path : path.slice(raw.length + 1);
        names.add(`${ecs}.${keys === 'snake' ? below.split('.').map(snakeCase).join('.') : below}`);
      }
    }
  }
  const fields = new Map<string, readonly string[]>();
  for (const name of [...names].sort()) {
    const values = mapping ? mappedValues(record, mapping, name).map((v) => v.text) : (own.get(name) ?? []);
    if (values.length > 0) fields.set(name, values);
  }
  return fields;
}

function leaves(
  value: unknown,
  path: string,
  jsonText: readonly string[],
  into: Map<string, string[]>,
): void {
  if (Array.isArray(value)) for (const element of value) leaves(element, path, jsonText, into);
  else if (isPlain(value))
    for (const [key, inner] of Object.entries(value))
      leaves(inner, path === '' ? key : `${path}.${key}`, jsonText, into);
  else if (typeof value === 'string' && jsonText.includes(path) && isPlain(jsonOf(value)))
    leaves(jsonOf(value), path, jsonText, into);
  else if (value !== null && value !== undefined) into.set(path, [...(into.get(path) ?? []), String(value)]);
}

/** Undefined: text that only looks like JSON is text. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
