// Kibana filter objects (`filters` of a rule): a raw Elasticsearch query and `meta.negate`, `meta.disabled`. All of them
// must hold. The queries that rules use are understood; any other is an error with its place, never ignored.
import { existsTest } from '../kql/leafTests.js';
import type { LeafTest, Predicate } from '../kql/predicate.js';
import type { Path } from './place.js';

const span = { start: 0, end: 0 };

/** Says what of a filter is not understood, and where in it. */
export class FilterError extends Error {
  readonly path: Path;
  constructor(path: Path, message: string) {
    super(message);
    this.name = 'FilterError';
    this.path = path;
  }
}

/** The filters as one predicate; null: there is none. @throws FilterError */
export function filtersPredicate(filters: readonly unknown[]): Predicate | null {
  const all: Predicate[] = [];
  filters.forEach((filter, i) => {
    if (!isObject(filter)) throw new FilterError([i], 'a filter is not an object');
    const meta = isObject(filter['meta']) ? filter['meta'] : {};
    if (meta['disabled'] === true) return;
    const query = filter['query'] ?? withoutMeta(filter);
    const predicate = queryPredicate(query, [i, 'query']);
    all.push(meta['negate'] === true ? { kind: 'not', of: predicate, span } : predicate);
  });
  if (all.length === 0) return null;
  return all.length === 1 ? all[0]! : { kind: 'and', of: all, span };
}

/** Old filters hold the query beside `meta` (`{meta, exists: {field}}`). */
function withoutMeta(filter: Record<string, unknown>): Record<string, unknown> {
  const { meta: _meta, $state: _state, ...query } = filter;
  return query;
}

function queryPredicate(query: unknown, path: Path): Predicate {
  if (!isObject(query)) throw new FilterError(path, 'a filter has no query');
  const parts = Object.entries(query).map(([kind, body]) => clause(kind, body, [...path, kind]));
  if (parts.length === 0) throw new FilterError(path, 'this filter has an empty query');
  return parts.length === 1 ? parts[0]! : { kind: 'and', of: parts, span };
}

function clause(kind: string, body: unknown, path: Path): Predicate {
  switch (kind) {
    case 'match_all':
      return { kind: 'all' };
    case 'bool':
      return bool(body, path);
    case 'exists': {
      const field = isObject(body) ? body['field'] : undefined;
      if (typeof field !== 'string') throw new FilterError(path, 'exists needs a field');
      return leaf(field, existsTest);
    }
    case 'term':
    case 'match':
    case 'match_phrase':
    case 'wildcard':
    case 'prefix':
    case 'terms':
    case 'range':
      return onField(kind, body, path);
    default:
      throw new FilterError(path, `filters of kind "${kind}" are not supported`);
  }
}

function onField(kind: string, body: unknown, path: Path): Predicate {
  const [entry, ...more] = isObject(body) ? Object.entries(body).filter(([key]) => key !== 'boost') : [];
  if (!entry || more.length > 0) throw new FilterError(path, `${kind} needs one field`);
  const [field, spec] = entry;
  const value = isObject(spec) ? (spec['value'] ?? spec['query'] ?? spec['wildcard']) : spec;
  const caseless = isObject(spec) && spec['case_insensitive'] === true;
  if (kind === 'terms') {
    if (!Array.isArray(spec)) throw new FilterError(path, 'terms needs a list');
    return { kind: 'or', of: spec.map((v: unknown) => leaf(field, equals(String(v), false))), span };
  }
  if (kind === 'range') return leaf(field, range(spec, path));
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    throw new FilterError(path, `${kind} needs a value`);
  }
  if (kind === 'wildcard') return leaf(field, wildcard(String(value), caseless));
  if (kind === 'prefix') return leaf(field, prefix(String(value), caseless));
  return leaf(field, equals(String(value), caseless));
}

function bool(body: unknown, path: Path): Predicate {
  if (!isObject(body)) throw new FilterError(path, 'bool needs an object');
  const list = (key: string): Predicate[] => {
    const value = body[key];
    if (value === undefined) return [];
    return (Array.isArray(value) ? value : [value]).map((q, i) => queryPredicate(q, [...path, key, i]));
  };
  const all = [...list('must'), ...list('filter')];
  // Elasticsearch asks for one of `should` when nothing must hold beside it.
  const byDefault = all.length === 0 ? 1 : 0;
  for (const q of list('must_not')) all.push({ kind: 'not', of: q, span });
  const should = list('should');
  const needed = Number(body['minimum_should_match'] ?? byDefault);
  if (should.length > 0 && needed !== 0 && needed !== 1)
    throw new FilterError(path, 'minimum_should_match can only be 0 or 1 here');
  if (should.length > 0 && needed === 1) all.push({ kind: 'or', of: should, span });
  return all.length === 0 ? { kind: 'all' } : { kind: 'and', of: all, span };
}

function leaf(field: string, test: LeafTest): Predicate {
  return { kind: 'leaf', field: { name: field, wildcard: false }, test, span };
}

function equals(text: string, caseless: boolean): LeafTest {
  if (!caseless) return { op: 'equals', exact: text, matches: (t) => t === text };
  const lower = text.toLowerCase();
  return { op: 'caseless', exact: null, matches: (t) => t.toLowerCase() === lower };
}

function prefix(text: string, caseless: boolean): LeafTest {
  const wanted = caseless ? text.toLowerCase() : text;
  return { op: 'wildcard', exact: null, matches: (t) => (caseless ? t.toLowerCase() : t).startsWith(wanted) };
}

function range(spec: unknown, path: Path): LeafTest {
  if (!isObject(spec)) throw new FilterError(path, 'range needs gt, gte, lt or lte');
  const bounds = (['gt', 'gte', 'lt', 'lte'] as const).flatMap((op) => {
    const n = Number(spec[op]);
    if (spec[op] === undefined || spec[op] === null) return [];
    if (Number.isNaN(n)) throw new FilterError(path, 'only ranges of numbers are supported in filters');
    return [{ op, n }];
  });
  if (bounds.length === 0) throw new FilterError(path, 'range needs gt, gte, lt or lte');
  const holds = (v: number): boolean =>
    bounds.every(({ op, n }) => (op === 'gt' ? v > n : op === 'gte' ? v >= n : op === 'lt' ? v < n : v <= n));
  return { op: 'range', exact: null, matches: (t) => t.trim() !== '' && holds(Number(t)) };
}

/** Elasticsearch's `wildcard` query: `*` any run, `?` one character, `\` takes the next one as it is. */
export function wildcard(pattern: string, caseless: boolean): LeafTest {
  const symbols: (string | null)[] = [];
  const text = caseless ? pattern.toLowerCase() : pattern;
  const characters = [...text];
  for (let i = 0; i < characters.length; i += 1) {
    const c = characters[i]!;
    if (c === '\\' && i + 1 < characters.length) {
      i += 1;
      symbols.push(characters[i]!);
    } else if (c === '*') symbols.push(null);
    else symbols.push(c === '?' ? ANY : c);
  }
  return {
    op: 'wildcard',
    exact: null,
    matches: (t) => glob(symbols, [...(caseless ? t.toLowerCase() : t)]),
  };
}

const ANY = '\u0000?';

/** Greedy with one point to return to: linear in practice, at most value × pattern. */
function glob(symbols: readonly (string | null)[], value: readonly string[]): boolean {
  let s = 0;
  let v = 0;
  let star = -1;
  let starValue = 0;
  while (v < value.length) {
    const symbol = symbols[s];
    if (s < symbols.length && symbol === null) {
      star = s++;
      starValue = v;
    } else if (s < symbols.length && (symbol === ANY || symbol === value[v])) {
      s += 1;
      v += 1;
    } else if (star !== -1) {
      s = star + 1;
      starValue += 1;
      v = starValue;
    } else return false;
  }
  while (s < symbols.length && symbols[s] === null) s += 1;
  return s === symbols.length;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
