// A raw record as one record in ECS, objects kept as objects: what nested conditions, wildcard field names and bare
// values are judged by, which ask for more than the values of a field. Slow; made only when such a condition is reached.

import { jsonInText } from './jsonText.js';
import type { FieldSource, RawValue, SourceMapping } from './mapping.js';
import { isMap, type Plain, plainEntries } from './plain.js';
import { RecordIndex } from './recordIndex.js';
import { snakeCase } from './snakeCase.js';
import { pathsOf, type RawPath } from './sources.js';
import { mappedValues } from './view.js';

/**
 * The record's own keys, and over them what the mapping makes of them: trees, fields, constants.
 * @param place only what lies at paths that begin with this text is needed; other paths may be missing.
 */
export function ecsRecord(record: unknown, mapping: SourceMapping, place = ''): Plain {
  const out: Plain = {};
  const put = (key: string, value: unknown): void => {
    Object.defineProperty(out, key, { value, writable: true, enumerable: true, configurable: true });
  };
  for (const [key, value] of plainEntries(record)) if (meets(key, place)) put(key, value);
  const { named, trees } = planOf(mapping);
  for (const { ecs, of, left } of trees) {
    if (!meets(ecs, place)) continue;
    const found = of.flatMap(({ raw, keys, pairs }): unknown[] => {
      const subtree = raw === '' ? record : subtreeAt(record, raw.split('.'), raw, mapping.jsonText);
      if (subtree === undefined) return [];
      if (pairs) return [pairsOf(subtree)];
      const options = { snake: keys === 'snake', jsonText: mapping.jsonText, left, ecs, place };
      return [transformed(subtree, raw, options)];
    });
    if (found.length > 0) put(ecs, found.length === 1 ? found[0] : found);
  }
  const index = new RecordIndex(record, mapping.jsonText);
  for (const { name, source, paths } of named) {
    if (!meets(name, place)) continue;
    let values: readonly RawValue[] = [];
    if (source === null || source.whole) values = mappedValues(record, mapping, name);
    else if (source.as) values = source.as(source.from.map((path) => index.values(path, 'exact')));
    else {
      for (let i = 0; i < paths.length && values.length === 0; i += 1)
        values = index.values(paths[i]!.path, paths[i]!.keys);
      if (values.length === 0) values = index.values(name, 'exact');
    }
    if (values.length > 0) put(name, values.map(plainOf));
  }
  return out;
}

interface Plan {
  /** Fields that the mapping names. `source` null: it gives the value itself. */
  readonly named: readonly {
    readonly name: string;
    readonly source: FieldSource | null;
    readonly paths: readonly RawPath[];
  }[];
  /**
   * By name, in the order in which they are put: of those that a field lies below the first counts, so it comes last.
   * `left`: paths below that the mapping gives otherwise.
   */
  readonly trees: readonly {
    readonly ecs: string;
    readonly of: SourceMapping['trees'];
    readonly left: ReadonlySet<string>;
  }[];
}

const plans = new WeakMap<SourceMapping, Plan>();

function planOf(mapping: SourceMapping): Plan {
  const known = plans.get(mapping);
  if (known) return known;
  const names = [...Object.keys(mapping.constants), ...Object.keys(mapping.fields)];
  const named = names.map((name) => {
    const source = Object.hasOwn(mapping.constants, name) ? null : mapping.fields[name]!;
    return { name, source, paths: source === null ? [] : pathsOf(mapping, name, source) };
  });
  const trees = [...new Set(mapping.trees.map((tree) => tree.ecs))].reverse().map((ecs) => {
    const left = names.filter((name) => name.startsWith(`${ecs}.`)).map((name) => name.slice(ecs.length + 1));
    return { ecs, of: mapping.trees.filter((tree) => tree.ecs === ecs), left: new Set(left) };
  });
  const plan = { named, trees };
  plans.set(mapping, plan);
  return plan;
}

/** Whether a path begins with the text, or something below it can. */
function meets(path: string, place: string): boolean {
  return path.length >= place.length
    ? path.startsWith(place)
    : place.startsWith(path) && (path === '' || place[path.length] === '.');
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

interface Transforming {
  readonly snake: boolean;
  readonly jsonText: readonly string[];
  /** Paths below the tree that the mapping gives otherwise. */
  readonly left: ReadonlySet<string>;
  /** The tree, and the text that the paths needed begin with. */
  readonly ecs: string;
  readonly place: string;
}

function transformed(value: unknown, at: string, options: Transforming, below = ''): unknown {
  const { snake, jsonText, left, ecs, place } = options;
  if (Array.isArray(value)) return value.map((v: unknown) => transformed(v, at, options, below));
  if (typeof value === 'string' && jsonText.includes(at)) {
    const inside = jsonInText(value);
    return inside === undefined ? value : transformed(inside, at, options, below);
  }
  if (!isMap(value)) return value;
  const pairs = plainEntries(value).flatMap(([key, inner]): [string, unknown][] => {
    const name = snake ? snakeCase(key) : key;
    const path = below === '' ? name : `${below}.${name}`;
    if (left.has(path) || !meets(`${ecs}.${path}`, place)) return [];
    return [[name, transformed(inner, at === '' ? key : `${at}.${key}`, options, path)]];
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
