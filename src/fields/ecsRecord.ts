// A raw record as one record in ECS, objects kept as objects: what nested conditions, wildcard field names and bare
// values are judged by, which ask for more than the values of a field. Slow; made only when such a condition is reached.

import { jsonInText } from './jsonText.js';
import type { RawValue, SourceMapping } from './mapping.js';
import { isMap, type Plain, plainEntries } from './plain.js';
import { snakeCase } from './snakeCase.js';
import { mappedValues } from './view.js';

/** The record's own keys, and over them what the mapping makes of them: trees, fields, constants. */
export function ecsRecord(record: unknown, mapping: SourceMapping): Plain {
  const out: Plain = {};
  const put = (key: string, value: unknown): void => {
    Object.defineProperty(out, key, { value, writable: true, enumerable: true, configurable: true });
  };
  for (const [key, value] of plainEntries(record)) put(key, value);
  const named = [...Object.keys(mapping.constants), ...Object.keys(mapping.fields)];
  // The first tree that a field lies below counts, so it is put last; those of one name are there together.
  for (const ecs of [...new Set(mapping.trees.map((tree) => tree.ecs))].reverse()) {
    const own = named.filter((name) => name.startsWith(`${ecs}.`)).map((name) => name.slice(ecs.length + 1));
    const found = mapping.trees.flatMap(({ ecs: name, raw, keys, pairs }): unknown[] => {
      if (name !== ecs) return [];
      const subtree = raw === '' ? record : subtreeAt(record, raw.split('.'), raw, mapping.jsonText);
      if (subtree === undefined) return [];
      if (pairs) return [pairsOf(subtree)];
      return [transformed(subtree, keys === 'snake', raw, mapping.jsonText, new Set(own))];
    });
    if (found.length > 0) put(ecs, found.length === 1 ? found[0] : found);
  }
  for (const name of named) {
    const values = mappedValues(record, mapping, name);
    if (values.length > 0) put(name, values.map(plainOf));
  }
  return out;
}

/** The value at a raw path; several objects on the way (an array) become an array of what is in them. */
function subtreeAt(
  value: unknown,
  path: readonly string[],
  raw: string,
  jsonText: readonly string[],
): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  if (Array.isArray(value)) {
    const found = value.map((v: unknown) => subtreeAt(v, path, raw, jsonText)).filter((v) => v !== undefined);
    return found.length > 0 ? found : undefined;
  }
  const at = raw.split('.').slice(0, -path.length).join('.');
  const inText = typeof value === 'string' && jsonText.includes(at) ? jsonInText(value) : undefined;
  const map = inText ?? value;
  if (!isMap(map)) return undefined;
  const entries = plainEntries(map);
  const direct = entries.find(([key]) => key === first);
  if (direct) return subtreeAt(direct[1], rest, raw, jsonText);
  // The source itself may spell the path with dots.
  const dotted = entries.find(([key]) => key.includes('.') && `${path.join('.')}.`.startsWith(`${key}.`));
  return dotted ? subtreeAt(dotted[1], path.slice(dotted[0].split('.').length), raw, jsonText) : undefined;
}

/** @param left paths (below here) that the mapping gives otherwise. */
function transformed(
  value: unknown,
  snake: boolean,
  at: string,
  jsonText: readonly string[],
  left: ReadonlySet<string>,
  below = '',
): unknown {
  if (Array.isArray(value))
    return value.map((v: unknown) => transformed(v, snake, at, jsonText, left, below));
  if (typeof value === 'string' && jsonText.includes(at)) {
    const inside = jsonInText(value);
    return inside === undefined ? value : transformed(inside, snake, at, jsonText, left, below);
  }
  if (!isMap(value)) return value;
  const pairs = plainEntries(value).flatMap(([key, inner]): [string, unknown][] => {
    const name = snake ? snakeCase(key) : key;
    const path = below === '' ? name : `${below}.${name}`;
    if (left.has(path)) return [];
    return [[name, transformed(inner, snake, at === '' ? key : `${at}.${key}`, jsonText, left, path)]];
  });
  // Two raw keys can have one name in snake_case: both values count.
  const out = new Map<string, unknown>();
  for (const [name, v] of pairs) out.set(name, out.has(name) ? [out.get(name), v] : v);
  return out;
}

/** `[{key, value}]` as one map. */
function pairsOf(list: unknown): unknown {
  const entries = (Array.isArray(list) ? list : [list]).map((pair: unknown) => new Map(plainEntries(pair)));
  return new Map(entries.map((pair) => [pair.get('key'), pair.get('value')]));
}

export function plainOf({ kind, text }: RawValue): unknown {
  if (kind === 'boolean') return text === 'true';
  if (kind === 'string') return text;
  return /^-?\d{16,}$/.test(text) ? BigInt(text) : Number(text);
}
