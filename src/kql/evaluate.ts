// The reference evaluator: a predicate over plain values, written for being right, not fast. The index over bytes
// (`src/detect/`) must give the same answers.
import type { Predicate, ScalarKind } from './predicate.js';
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
      return valuesFor(predicate, record).some((v) => predicate.test.matches(v.text, v.kind));
    case 'any':
      return leafValues(record).some((v) => predicate.test.matches(v.text, v.kind));
    case 'nested':
      return objectsAt(record, predicate.path).some((object) => evaluate(predicate.of, object));
  }
}

/** The values that a leaf looks at. */
export function valuesFor(leaf: Extract<Predicate, { kind: 'leaf' }>, record: unknown): readonly Scalar[] {
  const { field, test } = leaf;
  if (field.wildcard) {
    const pieces = field.name.split('*');
    return leafValues(record).filter((v) => matchesPieces(pieces, v.path));
  }
  return test.op === 'exists' ? existing(record, field.name) : fieldValues(record, field.name);
}

/** The scalars exactly at a dotted path, however its parts are spelled; arrays are looked through. */
export function fieldValues(record: unknown, path: string): Scalar[] {
  const out: Scalar[] = [];
  visit(record, path, (value) => pushScalar(value, out));
  return out;
}

/** The scalars at a path or anywhere below it: what `field:*` asks for. */
function existing(record: unknown, path: string): Scalar[] {
  const out: Scalar[] = [];
  visit(record, path, (value) => {
    pushScalar(value, out);
    out.push(...leafValues(value));
  });
  return out;
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

/** The objects at a path, arrays looked through; scalars are none. */
export function objectsAt(record: unknown, path: string): unknown[] {
  const out: unknown[] = [];
  visit(record, path, (value) => {
    if (isMap(value)) out.push(value);
  });
  return out;
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

/** Why a predicate holds or not, node by node. */
export interface Explanation {
  readonly node: Predicate;
  readonly holds: boolean;
  /** A leaf's values in the record. */
  readonly values: readonly Scalar[];
  readonly of: readonly Explanation[];
}

export function explain(predicate: Predicate, record: unknown): Explanation {
  const holds = evaluate(predicate, record);
  const inner = (of: readonly Predicate[]): Explanation[] => of.map((p) => explain(p, record));
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return { node: predicate, holds, values: [], of: inner(predicate.of) };
    case 'not':
      return { node: predicate, holds, values: [], of: inner([predicate.of]) };
    case 'leaf':
      return { node: predicate, holds, values: valuesFor(predicate, record), of: [] };
    case 'nested': {
      const of = objectsAt(record, predicate.path).map((object) => explain(predicate.of, object));
      return { node: predicate, holds, values: [], of };
    }
    case 'all':
    case 'any':
      return { node: predicate, holds, values: [], of: [] };
  }
}
