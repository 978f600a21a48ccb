// Kibana filter objects (`filters` of a rule): a raw Elasticsearch query and `meta.negate`, `meta.disabled`. All of them
// must hold. A rule with a query that is none of those understood here does not run; nothing is ignored.
import type { RangeOperator } from '../kql/ast.js';
import type { Predicate } from '../kql/predicate.js';
import { FieldTypes } from '../kql/types.js';
import { Conditions, noSpan } from './conditions.js';
import type { Path } from './place.js';

/** Says what is wrong with a filter, and where in it. */
export class FilterError extends Error {
  readonly path: Path;
  /** It is a query of Elasticsearch's as far as can be told, but none that runs here. */
  readonly unsupported: boolean;
  constructor(path: Path, message: string, unsupported = false) {
    super(message);
    this.name = 'FilterError';
    this.path = path;
    this.unsupported = unsupported;
  }
}

/** The filters as one predicate; null: there is none. @throws FilterError */
export function filtersPredicate(filters: readonly unknown[], types = new FieldTypes()): Predicate | null {
  const all = new Filters(types).predicates(filters, []);
  if (all.length === 0) return null;
  return all.length === 1 ? all[0]! : { kind: 'and', of: all, span: noSpan };
}

/** Old filters hold the query beside `meta` (`{meta, exists: {field}}`). */
function withoutMeta(filter: Record<string, unknown>): Record<string, unknown> {
  const { meta: _meta, $state: _state, ...query } = filter;
  return query;
}

/** Elasticsearch has old names for the bounds too; `from` and `to` are inclusive. */
const rangeOperators: Readonly<Record<string, RangeOperator>> = {
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  from: '>=',
  to: '<=',
};

class Filters {
  readonly #on: Conditions;

  constructor(types: FieldTypes) {
    this.#on = new Conditions(types);
  }

  predicates(filters: readonly unknown[], path: Path): Predicate[] {
    return filters.flatMap((filter, i) => {
      if (!isObject(filter)) throw new FilterError([...path, i], 'a filter is not an object');
      const meta = isObject(filter['meta']) ? filter['meta'] : {};
      if (meta['disabled'] === true) return [];
      const predicate = this.#filter(filter, meta, [...path, i]);
      return [meta['negate'] === true ? not(predicate) : predicate];
    });
  }

  #filter(filter: Record<string, unknown>, meta: Record<string, unknown>, path: Path): Predicate {
    // Kibana's AND/OR of filters keeps them in `meta.params` and leaves `query` empty.
    if (meta['type'] === 'combined') {
      if (!Array.isArray(meta['params'])) throw new FilterError([...path, 'meta'], 'combined needs params');
      const of = this.predicates(meta['params'], [...path, 'meta', 'params']);
      return { kind: meta['relation'] === 'OR' ? 'or' : 'and', of, span: noSpan };
    }
    const query = filter['query'] ?? withoutMeta(filter);
    if (isObject(query) && Object.keys(query).length === 0) return this.#byMeta(meta, path);
    return this.#query(query, [...path, 'query']);
  }

  /** A filter that says in `meta` alone what it means. */
  #byMeta({ type, key, params }: Record<string, unknown>, path: Path): Predicate {
    if (typeof key === 'string' && type === 'exists') return this.#on.exists(key);
    if (typeof key === 'string' && type === 'phrase' && isObject(params))
      return this.#on.phrase(key, String(params['query']));
    if (typeof key === 'string' && type === 'phrases' && Array.isArray(params))
      return or(params.map((p: unknown) => this.#on.phrase(key, String(p))));
    if (typeof key === 'string' && type === 'range' && isObject(params))
      return this.#on.range(key, boundsOf(params, path));
    throw new FilterError([...path, 'query'], 'this filter has an empty query');
  }

  #query(query: unknown, path: Path): Predicate {
    if (!isObject(query)) throw new FilterError(path, 'a filter has no query');
    const parts = Object.entries(query).map(([kind, body]) => this.#clause(kind, body, [...path, kind]));
    if (parts.length === 0) throw new FilterError(path, 'this filter has an empty query');
    return parts.length === 1 ? parts[0]! : { kind: 'and', of: parts, span: noSpan };
  }

  #clause(kind: string, body: unknown, path: Path): Predicate {
    switch (kind) {
      case 'match_all':
        return { kind: 'all' };
      case 'match_none':
        return not({ kind: 'all' });
      case 'bool':
        return this.#bool(body, path);
      case 'constant_score':
        return this.#query(isObject(body) ? body['filter'] : undefined, [...path, 'filter']);
      case 'exists': {
        const field = isObject(body) ? body['field'] : undefined;
        if (typeof field !== 'string') throw new FilterError(path, 'exists needs a field');
        return this.#on.exists(field);
      }
      case 'term':
      case 'match':
      case 'match_phrase':
      case 'wildcard':
      case 'prefix':
      case 'terms':
      case 'range':
        return this.#onField(kind, body, path);
      default:
        throw new FilterError(path, `filters of kind "${kind}" are not supported`, true);
    }
  }

  #onField(kind: string, body: unknown, path: Path): Predicate {
    const [entry, ...more] = isObject(body) ? Object.entries(body).filter(([key]) => key !== 'boost') : [];
    if (!entry || more.length > 0) throw new FilterError(path, `${kind} needs one field`);
    const [field, spec] = entry;
    const given = isObject(spec) ? spec : { value: spec };
    if (kind === 'terms') {
      if (!Array.isArray(spec)) throw new FilterError(path, 'terms needs a list');
      return or(spec.map((v: unknown) => this.#on.phrase(field, String(v))));
    }
    if (kind === 'range') return this.#on.range(field, boundsOf(spec, path));
    const value = given['value'] ?? given['query'] ?? given[kind];
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      throw new FilterError(path, `${kind} needs a value`);
    }
    const text = String(value);
    const anyCase = given['case_insensitive'] === true;
    if (kind === 'wildcard') return this.#on.wildcard(field, text, anyCase);
    if (kind === 'prefix') return this.#on.prefix(field, text, anyCase);
    if (anyCase) return this.#on.caseless(field, text);
    const isWords = kind === 'match' && given['type'] !== 'phrase';
    if (isWords && String(given['operator']).toLowerCase() === 'and') {
      const words = text.split(/\s+/).filter((w) => w !== '');
      return { kind: 'and', of: words.map((w) => this.#on.words(field, w)), span: noSpan };
    }
    return isWords ? this.#on.words(field, text) : this.#on.phrase(field, text);
  }

  #bool(body: unknown, path: Path): Predicate {
    if (!isObject(body)) throw new FilterError(path, 'bool needs an object');
    const list = (key: string): Predicate[] => {
      const value = body[key];
      if (value === undefined) return [];
      return (Array.isArray(value) ? value : [value]).map((q, i) => this.#query(q, [...path, key, i]));
    };
    const all = [...list('must'), ...list('filter')];
    // Elasticsearch asks for one of `should` when nothing must hold beside it.
    const byDefault = all.length === 0 ? 1 : 0;
    for (const q of list('must_not')) all.push(not(q));
    const should = list('should');
    const needed = Number(body['minimum_should_match'] ?? byDefault);
    if (should.length > 0 && needed !== 0 && needed !== 1 && needed !== should.length)
      throw new FilterError(path, 'minimum_should_match can only be 0, 1 or all of them here', true);
    if (needed === 1 && should.length > 0) all.push(or(should));
    else if (needed !== 0) all.push(...should);
    return all.length === 0 ? { kind: 'all' } : { kind: 'and', of: all, span: noSpan };
  }
}

function boundsOf(spec: unknown, path: Path): (readonly [RangeOperator, string])[] {
  const given = isObject(spec) ? Object.entries(spec) : [];
  const bounds = given.flatMap(([key, bound]) => {
    const operator = rangeOperators[key];
    return operator === undefined || bound === null || bound === undefined
      ? []
      : [[operator, String(bound)] as const];
  });
  if (bounds.length === 0) throw new FilterError(path, 'range needs gt, gte, lt or lte');
  return bounds;
}

function or(of: readonly Predicate[]): Predicate {
  return { kind: 'or', of, span: noSpan };
}

function not(of: Predicate): Predicate {
  return { kind: 'not', of, span: noSpan };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
