// KQL against a second reading of it that shares no code with the product (test/support/kqlOracle.ts): the same texts
// are queries, with the same trees, and hold for the same records, by the reference evaluator and by the index over bytes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Engine } from '../../../src/detect/engine.js';
import type { KqlNode, Literal } from '../../../src/kql/ast.js';
import { compileKql } from '../../../src/kql/compile.js';
import { KqlError } from '../../../src/kql/error.js';
import { evaluate } from '../../../src/kql/evaluate.js';
import { parseKql } from '../../../src/kql/parse.js';
import { encode } from '../../../src/msgpack/encode.js';
import { type OracleNode, oracleHolds, oracleParse, oracleShape } from '../../support/kqlOracle.js';
import { makeRule, ruleSetOf } from '../../support/makeRule.js';

const RUNS = Number(process.env['ORACLE_RUNS'] ?? 1500);

const word = ({ text, quoted, wildcard }: Literal): string => {
  const chars = (wildcard ?? [text]).flatMap((piece, i) => [...(i > 0 ? [null] : []), ...piece.split('')]);
  return JSON.stringify([quoted, chars]);
};

function shape(node: KqlNode): string {
  switch (node.kind) {
    case 'all':
      return 'all';
    case 'and':
    case 'or':
      return `(${node.kind} ${node.of.map(shape).join(' ')})`;
    case 'not':
      return `(not ${shape(node.of)})`;
    case 'is':
      return `${word(node.field)}:${word(node.value)}`;
    case 'range':
      return `${word(node.field)}${node.operator}${word(node.value)}`;
    case 'nested':
      return `${node.field.text}{${shape(node.of)}}`;
    case 'bare':
      return `?:${word(node.value)}`;
  }
}

function parsed(text: string): string | null {
  try {
    return shape(parseKql(text));
  } catch (error) {
    if (error instanceof KqlError) return null;
    throw error;
  }
}

/** Scraps of KQL, so that most soups of them are nearly queries. */
const scrap = fc.constantFrom(
  ...['a', 'a.b', 'b', 'x', '1', 'or', 'and', 'not', 'NOT ', ' or ', ' and ', ' And ', ' not ', 'cannot '],
  ...[':', ' : ', '(', ')', '{', '}', '*', '"', '"a b"', '"x*"', '<', '>=', ' ', '  ', '\n', '\u00a0', '\t'],
  ...[
    '\\',
    '\\*',
    '\\n',
    '\\not',
    '\\or ',
    '\\and',
    '\\u0041',
    '\\u00',
    '\\"',
    '\\N',
    '\\Or',
    'é',
    '😀',
    ',',
    '?',
  ],
);
const soup = fc.array(scrap, { maxLength: 14 }).map((s) => s.join(''));

const name = fc.constantFrom('a', 'b', 'a.b', 'a.b.c', 'c', 'a.*', '*b', '"a.b"', 'p');
const literal = fc.constantFrom(
  ...['x', 'y', '1', '2.0', '"1"', 'true', '*', 'x*', '*y', '"x*"', '*x*y*', '""', '"true"', 'x y', '-0.5'],
);
const query: fc.Arbitrary<string> = fc.letrec<{ query: string; values: string }>((tie) => ({
  query: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.tuple(name, literal).map(([f, v]) => `${f}:${v}`),
    fc.tuple(name, fc.constantFrom('<', '<=', '>', '>='), literal).map(([f, o, v]) => `${f} ${o} ${v}`),
    literal,
    fc.tuple(name, tie('values')).map(([f, v]) => `${f}:(${v})`),
    fc.tuple(tie('query'), tie('query')).map(([p, q]) => `(${p}) and (${q})`),
    fc.tuple(tie('query'), tie('query')).map(([p, q]) => `(${p}) or (${q})`),
    tie('query').map((q) => `not (${q})`),
    fc.tuple(fc.constantFrom('a', 'a.b', 'p', 'b'), tie('query')).map(([p, q]) => `${p}:{ ${q} }`),
  ),
  values: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    literal,
    fc
      .tuple(tie('values'), fc.constantFrom('and', 'or'), tie('values'))
      .map(([p, o, q]) => `(${p}) ${o} (${q})`),
    literal.map((v) => `not ${v}`),
  ),
})).query;

const key = fc.constantFrom('a', 'b', 'c', 'p', 'a.b', 'b.c', 'a.b.c', 'constructor');
const record = fc.letrec<{ value: unknown; map: Record<string, unknown> }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('x', 'y', 'xzy', 'x y', 'x*', '', '1', '-', 'true', '2'),
    fc.constantFrom(0, 1, 2, -0.5, 1.5, 10),
    fc.constantFrom(null, true, false),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('map'),
  ),
  map: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
})).map;

describe('KQL and a second reading of it', () => {
  it('agree on which texts are queries, and on their trees', () => {
    fc.assert(
      fc.property(soup, (text) => {
        const oracle = oracleParse(text);
        expect(parsed(text)).toBe(oracle === null ? null : oracleShape(oracle));
      }),
      { numRuns: RUNS },
    );
  }, 120_000);

  it('agree on which records a query holds for, by the evaluator and by the index over bytes', () => {
    fc.assert(
      fc.property(fc.array(query, { minLength: 1, maxLength: 4 }), record, (queries, event) => {
        const wanted = queries.map((q) => oracleHolds(oracleParse(q) as OracleNode, event));
        const compiled = queries.map((q) => compileKql(q).predicate);
        expect(compiled.map((p) => evaluate(p, event))).toEqual(wanted);
        const rules = compiled.map((predicate, i) =>
          makeRule({ id: `r${i}`, predicate, query: queries[i]! }),
        );
        const engine = new Engine(ruleSetOf(...rules), { mappings: [] });
        const bytes = encode(event as never);
        engine.match(bytes, 0, bytes.length, 0);
        const own = engine.matches.filter((m) => m.path === null).map((m) => m.rule.id);
        expect(queries.map((_, i) => own.includes(`r${i}`))).toEqual(wanted);
      }),
      { numRuns: RUNS },
    );
  }, 120_000);
});
