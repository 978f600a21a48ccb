// Kibana filter objects: which events they let through, and which of them are refused.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../src/kql/evaluate.js';
import { FilterError, filtersPredicate } from '../../../src/rules/filters.js';
import { loadRules } from '../../../src/rules/load.js';

function holds(filters: readonly unknown[], record: unknown): boolean {
  const predicate = filtersPredicate(filters);
  if (predicate === null) throw new Error('there is no filter');
  return evaluate(predicate, record);
}
const query = (q: object, meta: object = {}): object => ({ meta, query: q });
const phrase = (field: string, value: unknown): object => ({ match_phrase: { [field]: value } });

describe('a filter on one field', () => {
  it.each([
    ['phrase', phrase('f', 'a b'), 'a b', true],
    ['phrase', phrase('f', 'a b'), 'x a b', false],
    ['phrase', phrase('f', 'a b'), 'A b', false],
    ['phrase in long form', { match_phrase: { f: { query: 'a' } } }, 'a', true],
    ['phrase in long form', { match_phrase: { f: { query: 'a' } } }, 'b', false],
    ['phrase of old exports', { match: { f: { query: 'a', type: 'phrase' } } }, 'a', true],
    ['phrase of a list', phrase('f', 'a'), ['b', 'a'], true],
    ['phrase of a number', phrase('f', 443), 443, true],
    ['phrase of a boolean', phrase('f', false), false, true],
    ['phrase of a boolean', phrase('f', false), true, false],
    ['term', { term: { f: { value: 'a' } } }, 'a', true],
    ['term', { term: { f: { value: 'a' } } }, 'A', false],
    ['term without case', { term: { f: { value: 'aB', case_insensitive: true } } }, 'Ab', true],
    ['terms', { terms: { f: ['a', 7], boost: 1 } }, 7, true],
    ['terms', { terms: { f: ['a', 7] } }, 'b', false],
    ['prefix', { prefix: { f: 'ab' } }, 'abc', true],
    ['prefix', { prefix: { f: 'ab' } }, 'cab', false],
    ['prefix', { prefix: { f: 'ab' } }, 'ABC', false],
    ['prefix without case', { prefix: { f: { value: 'ab', case_insensitive: true } } }, 'ABC', true],
    ['exists', { exists: { field: 'f' } }, 0, true],
    ['exists', { exists: { field: 'f' } }, { below: 1 }, true],
    ['exists', { exists: { field: 'f' } }, null, false],
    ['exists', { exists: { field: 'f' } }, [], false],
  ])('%s %j against %j is %s', (_kind, q, f, result) => expect(holds([query(q)], { f })).toBe(result));

  it.each([
    [{ gte: 5, lt: 10 }, [4.9, 10, 'a'], [5, 9.9, '7']],
    [{ gt: 5, lte: 10 }, [5, 10.1], [5.1, 10]],
    [{ gte: 0 }, [-1, '', ' ', 'a'], [0, '0']],
    [{ lt: '3' }, [3], [2]],
  ])('range %j lets through no %j and every one of %j', (range, outside, inside) => {
    const filter = [query({ range: { f: range } })];
    expect(outside.filter((f) => holds(filter, { f }))).toEqual([]);
    expect(inside.filter((f) => !holds(filter, { f }))).toEqual([]);
    expect(holds(filter, {})).toBe(false);
  });

  it.each([
    ['a*c', ['ac', 'abbc', 'a*c', 'acc'], ['ab', 'xac', 'acd', 'AC']],
    ['a?c', ['abc', 'a?c', 'a😀c'], ['ac', 'abbc']],
    ['*a*ab', ['aab', 'xaxaab', 'aabab'], ['ab', 'aaba']],
    [String.raw`a\*\?`, ['a*?'], ['ab?', 'a*b', String.raw`a\*\?`]],
    ['a.c', ['a.c'], ['abc']],
    ['*', ['', 'x'], []],
  ])('wildcard %s takes %j and not %j', (pattern, taken, left) => {
    const filter = [query({ wildcard: { f: { value: pattern } } })];
    expect(taken.filter((f) => !holds(filter, { f }))).toEqual([]);
    expect(left.filter((f) => holds(filter, { f }))).toEqual([]);
  });

  it('wildcard with case_insensitive takes any case', () => {
    const filter = [query({ wildcard: { f: { value: 'A*c', case_insensitive: true } } })];
    expect(['abC', 'aBc', 'abd'].map((f) => holds(filter, { f }))).toEqual([true, true, false]);
  });
});

describe('filters together', () => {
  const results = (filters: readonly unknown[]): boolean[] =>
    [{}, { a: '1' }, { b: '1' }, { a: '1', b: '1' }].map((record) => holds(filters, record));
  const a = phrase('a', '1');
  const b = phrase('b', '1');

  it('must all hold', () => expect(results([query(a), query(b)])).toEqual([false, false, false, true]));

  it('of which one is negated: it must not hold', () =>
    expect(results([query(a), query(b, { negate: true })])).toEqual([false, true, false, false]));

  it('of which one is disabled: it is left out, even one that is not supported', () =>
    expect(results([query(a), query({ script: {} }, { disabled: true })])).toEqual([
      false,
      true,
      false,
      true,
    ]));

  it('that are none, or all disabled, give no predicate', () => {
    expect(filtersPredicate([])).toBeNull();
    expect(filtersPredicate([query(a, { disabled: true })])).toBeNull();
  });

  it('may hold their query beside meta, as old exports do', () =>
    expect(
      results([{ meta: { negate: true }, $state: { store: 'appState' }, exists: { field: 'a' } }]),
    ).toEqual([true, false, true, false]));

  it('of match_all let every event through', () => {
    expect(results([query({ match_all: {} })])).toEqual([true, true, true, true]);
    expect(results([query({ match_all: {} }, { negate: true })])).toEqual([false, false, false, false]);
  });

  it('of phrases let through any of them', () => {
    const phrases = { bool: { should: [phrase('f', 'x'), phrase('f', 'y')], minimum_should_match: 1 } };
    const filter = [query(phrases, { type: 'phrases' })];
    expect(['x', 'y', 'z'].map((f) => holds(filter, { f }))).toEqual([true, true, false]);
  });

  it.each([
    ['must is all', { must: [a, b] }, [false, false, false, true]],
    ['filter is all', { filter: [a, b] }, [false, false, false, true]],
    ['a single clause needs no list', { filter: a }, [false, true, false, true]],
    ['must_not is none', { must_not: [a, b] }, [true, false, false, false]],
    ['should alone is any', { should: [a, b] }, [false, true, true, true]],
    ['should beside must is not needed', { must: [a], should: [b] }, [false, true, false, true]],
    [
      'should beside must is needed when minimum_should_match says so',
      { must: [a], should: [b], minimum_should_match: 1 },
      [false, false, false, true],
    ],
    ['an empty one is every event', { must: [], should: [] }, [true, true, true, true]],
    [
      'they nest',
      { must: [{ bool: { must_not: [{ bool: { should: [a, b] } }] } }] },
      [true, false, false, false],
    ],
  ])('in a bool: %s', (_title, bool, expected) => expect(results([query({ bool })])).toEqual(expected));
});

describe('a filter that is not understood is an error with its place', () => {
  it.each([
    [
      'an unknown kind',
      query({ script: {} }),
      ['query', 'script'],
      'filters of kind "script" are not supported',
    ],
    ['no object', 'f: x', [], 'a filter is not an object'],
    ['a query that is no object', query(['x']), ['query'], 'a filter has no query'],
    ['exists without a field', query({ exists: {} }), ['query', 'exists'], 'exists needs a field'],
    ['two fields', query({ term: { a: 1, b: 2 } }), ['query', 'term'], 'term needs one field'],
    ['no field', query({ match: {} }), ['query', 'match'], 'match needs one field'],
    ['no value', query(phrase('a', null)), ['query', 'match_phrase'], 'match_phrase needs a value'],
    ['terms of no list', query({ terms: { a: 'x' } }), ['query', 'terms'], 'terms needs a list'],
    ['a bool that is no object', query({ bool: [] }), ['query', 'bool'], 'bool needs an object'],
    ['a range of nothing', query({ range: { a: 5 } }), ['query', 'range'], 'range needs gt, gte, lt or lte'],
    [
      'minimum_should_match between one and all',
      query({ bool: { should: [phrase('a', 1), phrase('b', 1), phrase('c', 1)], minimum_should_match: 2 } }),
      ['query', 'bool'],
      'minimum_should_match can only be 0, 1 or all of them here',
    ],
    [
      'an unknown kind deep inside',
      query({ bool: { must_not: [phrase('a', 1), { geo_shape: {} }] } }),
      ['query', 'bool', 'must_not', 1, 'geo_shape'],
      'filters of kind "geo_shape" are not supported',
    ],
  ])('%s', (_title, filter, path, message) => {
    let thrown: unknown;
    try {
      filtersPredicate([query({ match_all: {} }), filter]);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(FilterError);
    expect(thrown).toMatchObject({ path: [1, ...path], message });
  });
});

describe('the filters of a rule', () => {
  const rule = [
    'name: n',
    'description: d',
    'risk_score: 1',
    'severity: low',
    'type: query',
    'query: "f: x"',
  ];
  function load(...filters: string[]): ReturnType<typeof loadRules> {
    const folder = mkdtempSync(join(tmpdir(), 'fluent-detect-filters-'));
    try {
      writeFileSync(join(folder, 'a.yaml'), [...rule, 'filters:', ...filters].join('\n'));
      return loadRules([folder]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  it('must hold beside its query', () => {
    const [loaded] = load('  - query: { exists: { field: g } }').ruleSet.rules;
    const events = [{ f: 'x' }, { g: 1 }, { f: 'x', g: 1 }];
    expect(events.map((event) => evaluate(loaded!.predicate, event))).toEqual([false, false, true]);
  });

  it('cost the rule, with the line and a caret, when one is malformed', () => {
    const { ruleSet, errors } = load('  - query: { match_all: {} }', '  - query:', '      exists: { f: x }');
    expect(ruleSet.rules).toEqual([]);
    expect(errors).toMatchObject([{ code: 'filter', line: 10, column: 15 }]);
    expect(errors[0]!.message).toBe('filters: exists needs a field');
    expect(errors[0]!.excerpt).toBe(`      exists: { f: x }\n${' '.repeat(14)}^`);
  });

  it('leave the rule out, named with the reason, when one is a query that does not run here', () => {
    const { ruleSet, errors } = load('  - query: { query_string: { query: "a:b" } }');
    expect([ruleSet.rules, errors]).toEqual([[], []]);
    expect(ruleSet.unsupported).toMatchObject([
      { name: 'n', type: 'query', reason: 'filters of kind "query_string" are not supported' },
    ]);
  });
});

describe('a filter goes by the class of its field', () => {
  const byClass = (q: object, record: unknown): boolean => holds([query(q)], record);
  it.each([
    [
      'a network on an ip field',
      { term: { 'source.ip': '10.0.0.0/8' } },
      { source: { ip: '10.1.2.3' } },
      true,
    ],
    [
      'another spelling of an address',
      { term: { 'source.ip': '::1' } },
      { 'source.ip': '0:0:0:0:0:0:0:1' },
      true,
    ],
    ['a number as text', { term: { 'source.port': 443 } }, { source: { port: '443' } }, true],
    ['a phrase of analysed text', phrase('message', 'Failed login'), { message: 'a failed, LOGIN!' }, true],
    ['a phrase out of order', phrase('message', 'login failed'), { message: 'a failed login' }, false],
    ['a word of analysed text', { match: { message: 'login x' } }, { message: 'a failed login' }, true],
    [
      'all words of analysed text',
      { match: { message: { query: 'login x', operator: 'and' } } },
      { message: 'a failed login' },
      false,
    ],
    ['.caseless', phrase('process.name.caseless', 'CMD.exe'), { process: { name: 'cmd.EXE' } }, true],
    ['a pattern on .caseless', { wildcard: { 'f.caseless': 'A?c*' } }, { f: 'aBCd' }, true],
    [
      'dates',
      { range: { '@timestamp': { gte: '2026-01-01', lt: '2026-02-01' } } },
      { '@timestamp': '2026-01-31T23:00:00Z' },
      true,
    ],
    [
      'dates',
      { range: { '@timestamp': { gte: '2026-01-01', lt: '2026-02-01' } } },
      { '@timestamp': '2026-02-01T00:00:00Z' },
      false,
    ],
    ['old bounds', { range: { f: { from: 1, to: 2, include_lower: true } } }, { f: 2 }, true],
  ] as [string, object, object, boolean][])('%s: %j against %j is %s', (_title, q, record, result) =>
    expect(byClass(q, record)).toBe(result),
  );

  it('and all bounds of a range hold for one value', () =>
    expect(byClass({ range: { f: { gte: 5, lt: 10 } } }, { f: [1, 20] })).toBe(false));
});

describe('filters as the UI of Kibana writes them', () => {
  const combined = (relation: string): object => ({
    meta: {
      type: 'combined',
      relation,
      params: [query(phrase('a', 'x')), query(phrase('b', 'y'), { negate: true })],
    },
    query: {},
  });
  const events = [{ a: 'x', b: 'y' }, { a: 'x' }, { b: 'y' }, {}];

  it('combined by AND or OR hold together', () => {
    expect(events.map((e) => holds([combined('AND')], e))).toEqual([false, true, false, false]);
    expect(events.map((e) => holds([combined('OR')], e))).toEqual([true, true, false, true]);
  });

  it.each([
    [{ type: 'phrase', key: 'f', params: { query: 'x' } }, 'x', 'y'],
    [{ type: 'phrases', key: 'f', params: ['w', 'x'] }, 'x', 'y'],
    [{ type: 'range', key: 'f', params: { gte: 1, lt: 3 } }, 2, 3],
    [{ type: 'exists', key: 'f' }, 'x', null],
  ])('%j alone says what it means', (meta, taken, left) => {
    expect([taken, left].map((f) => holds([{ meta }], { f }))).toEqual([true, false]);
  });
});
