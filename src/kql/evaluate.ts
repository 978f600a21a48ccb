// The reference evaluator: a predicate over plain values, written for being right, not fast. The index over bytes
// (`src/detect/`) must give the same answers.
import type { FieldRef, Predicate, ScalarKind } from './predicate.js';
import type { Span } from './span.js';
import { matchesPieces } from './wildcard.js';

export interface Scalar {
  readonly kind: ScalarKind;
  /** JSON text of the value; a string's content. */
  readonly text: string;
}
export interface Leaf extends Scalar {
  readonly path: string;
}

/**
 * Whether a record satisfies a predicate. Records are plain objects or Maps of them; strings, numbers, bigints,
 * booleans and Buffers (bin, as UTF-8) are values; null, empty containers and anything else are none.
 */
export function evaluate(predicate: Predicate, record: unknown): boolean {
  switch (predicate.kind) {
    case 'all':
      return true;
    case 'and':
      return predicate.of.every((p) => evaluate(p, record));
    case 'or':
      return predicate.of.some((p) => evaluate(p, record));
    case 'not':
      return !evaluate(predicate.of, record);
    case 'leaf':
      return leafHolds(predicate, record);
    case 'any':
      return leafValues(record).some((v) => predicate.test.matches(v.text, v.kind));
    case 'nested':
      return objectsAt(record, predicate.path).some((object) => evaluate(predicate.of, object));
  }
}

type LeafPredicate = Extract<Predicate, { kind: 'leaf' }>;

function leafHolds({ field, test }: LeafPredicate, record: unknown): boolean {
  if (field.wildcard) {
    return fieldsLike(field, record).some((v) => (field.testAt?.(v.path) ?? test).matches(v.text, v.kind));
  }
  if (test.op === 'exists') return existing(record, field.name).length > 0;
  return fieldValues(record, field.name).some((v) => test.matches(v.text, v.kind));
}

/** The leaves that a wildcard field names. */
function fieldsLike(field: FieldRef, record: unknown): Leaf[] {
  const pieces = field.pieces ?? field.name.split('*');
  return leafValues(record).filter((v) => matchesPieces(pieces, v.path));
}

/** The values that a leaf looks at. */
function valuesFor({ field, test }: LeafPredicate, record: unknown): readonly Seen[] {
  if (field.wildcard) return fieldsLike(field, record);
  return test.op === 'exists' ? existing(record, field.name) : fieldValues(record, field.name);
}

/** The scalars exactly at a dotted path, however its parts are spelled; arrays are looked through. */
export function fieldValues(record: unknown, path: string): Scalar[] {
  const out: Scalar[] = [];
  visit(record, path, (value) => pushScalar(value, out));
  return out;
}

/** The scalars at a path or anywhere below it, however spelled: what `field:*` asks for. */
function existing(record: unknown, path: string): Scalar[] {
  return leafValues(record).filter((leaf) => leaf.path === path || leaf.path.startsWith(`${path}.`));
}

/** Every scalar of a record with its dotted path, arrays flattened. */
export function leafValues(record: unknown): Leaf[] {
  const out: Leaf[] = [];
  const walk = (value: unknown, path: string): void => {
    if (Array.isArray(value)) for (const element of value) walk(element, path);
    else if (isMap(value))
      for (const [key, v] of entriesOf(value)) walk(v, path === '' ? key : `${path}.${key}`);
    else if (path !== '') {
      const scalar = scalarOf(value);
      if (scalar) out.push({ path, ...scalar });
    }
  };
  walk(record, '');
  return out;
}

/**
 * The objects at a path: the elements of an array one by one, or the single object, however its fields are spelled
 * (`{"p.a": 1, "p": {"b": 2}}` has one object at `p`). Scalars are none.
 */
export function objectsAt(record: unknown, path: string): Map<string, unknown>[] {
  if (Array.isArray(record)) return record.flatMap((element) => objectsAt(element, path));
  if (!isMap(record)) return [];
  const out: Map<string, unknown>[] = [];
  const single: [string, unknown][] = [];
  let found = false;
  for (const [name, value] of spelledOut(record)) {
    if (name === path && isMap(value)) found = true;
    else if (name === path) out.push(...mapsOf(value).map((map) => together(spelledOut(map))));
    else if (path.startsWith(`${name}.`)) out.push(...objectsAt(value, path.slice(name.length + 1)));
    else if (name.startsWith(`${path}.`)) {
      found = true;
      single.push([name.slice(path.length + 1), value]);
    }
  }
  return found ? [together(single), ...out] : out;
}

/** An object's fields by dotted name, down to scalars, arrays and empty objects. Names may repeat. */
function spelledOut(map: AnyMap): [string, unknown][] {
  return entriesOf(map).flatMap(([key, value]): [string, unknown][] => {
    if (!isMap(value)) return [[key, value]];
    const inner = spelledOut(value);
    if (inner.length === 0) return [[key, value]];
    return inner.map(([name, v]) => [`${key}.${name}`, v]);
  });
}

/** One object of many fields; a name that is there twice has both values. */
function together(fields: readonly [string, unknown][]): Map<string, unknown> {
  const out = new Map<string, unknown>();
  for (const [name, value] of fields) out.set(name, out.has(name) ? [out.get(name), value] : value);
  return out;
}

/** The objects in an array, arrays in it looked through. */
function mapsOf(value: unknown): AnyMap[] {
  if (Array.isArray(value)) return value.flatMap(mapsOf);
  return isMap(value) ? [value] : [];
}

/** Calls `found` with every value at `path`, elements of arrays one by one. */
function visit(value: unknown, path: string, found: (value: unknown) => void): void {
  if (Array.isArray(value)) {
    for (const element of value) visit(element, path, found);
    return;
  }
  if (path === '') {
    found(value);
    return;
  }
  if (!isMap(value)) return;
  for (const [key, inner] of entriesOf(value)) {
    if (key === path) visit(inner, '', found);
    else if (path.startsWith(`${key}.`)) visit(inner, path.slice(key.length + 1), found);
  }
}

type AnyMap = Map<unknown, unknown> | Record<string, unknown>;

function isMap(value: unknown): value is AnyMap {
  if (value instanceof Map) return true;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Own keys only: `constructor` and `__proto__` are names like any other. */
function entriesOf(map: AnyMap): [string, unknown][] {
  return map instanceof Map ? [...map].map(([k, v]) => [String(k), v]) : Object.entries(map);
}

function scalarOf(value: unknown): Scalar | null {
  switch (typeof value) {
    case 'string':
      return { kind: 'string', text: value };
    case 'number':
    case 'bigint':
      return { kind: 'number', text: String(value) };
    case 'boolean':
      return { kind: 'boolean', text: String(value) };
    default:
      return Buffer.isBuffer(value) ? { kind: 'string', text: value.toString('utf8') } : null;
  }
}

function pushScalar(value: unknown, out: Scalar[]): void {
  const scalar = scalarOf(value);
  if (scalar) out.push(scalar);
}

/** A value that a condition looked at; with its path where the condition names several fields. */
export type Seen = Scalar & { readonly path?: string };

/** Why a predicate holds or not, node by node. */
export interface Explanation {
  readonly node: Predicate;
  /** Where in the query's text; null: the node is the whole query. */
  readonly span: Span | null;
  readonly matched: boolean;
  /** What a leaf or a bare value looked at in the record; empty for all else. */
  readonly valuesSeen: readonly Seen[];
  /** Of a nested node: one for each object looked at. */
  readonly of: readonly Explanation[];
}

export function explain(predicate: Predicate, record: unknown): Explanation {
  const { valuesSeen, of } = seen(predicate, record);
  const span = predicate.kind === 'all' ? null : predicate.span;
  return { node: predicate, span, matched: evaluate(predicate, record), valuesSeen, of };
}

function seen(predicate: Predicate, record: unknown): Pick<Explanation, 'valuesSeen' | 'of'> {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return { valuesSeen: [], of: predicate.of.map((p) => explain(p, record)) };
    case 'not':
      return { valuesSeen: [], of: [explain(predicate.of, record)] };
    case 'leaf':
      return { valuesSeen: valuesFor(predicate, record), of: [] };
    case 'nested': {
      const objects = objectsAt(record, predicate.path);
      return { valuesSeen: [], of: objects.map((object) => explain(predicate.of, object)) };
    }
    case 'any':
      return { valuesSeen: leafValues(record), of: [] };
    case 'all':
      return { valuesSeen: [], of: [] };
  }
}
