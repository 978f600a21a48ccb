// A printed query parses back to the same tree.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseKql } from '../../../src/kql/parse.js';
import { printKql } from '../../../src/kql/print.js';

/** The tree without its spans. */
function tree(query: string): string {
  return JSON.stringify(parseKql(query), (key, value) => (key === 'span' ? undefined : value));
}

const fragment = fc.constantFrom(
  ...[
    'a',
    'not',
    'and',
    'or',
    'cannot',
    'AND',
    'x y',
    '*',
    '?',
    '\\*',
    '\\\\',
    '\\"',
    '\\u0020',
    '\\t',
    '\\n',
  ],
  ...['\\and', '\\(', '日', '😀', ' ', '\u00a0', '-', '1.5', 'true', '.', '\u2003'],
);
const unquoted = fc.array(fragment, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''));
const quoted = fc.string({ maxLength: 8 }).map((s) => `"${s.replace(/[\\"]/g, '\\$&')}"`);
const literal = fc.oneof(unquoted, quoted);
const query = fc.letrec<{ q: string; values: string }>((tie) => ({
  q: fc.oneof(
    { maxDepth: 4 },
    fc.tuple(literal, literal).map(([f, v]) => `${f}:${v}`),
    fc.tuple(literal, fc.constantFrom('<', '<=', '>', '>='), literal).map((p) => p.join(' ')),
    literal,
    fc.tuple(literal, tie('values')).map(([f, v]) => `${f}:(${v})`),
    fc.tuple(literal, tie('q')).map(([f, q]) => `${f}:{ ${q} }`),
    fc.tuple(tie('q'), fc.constantFrom('and', 'or'), tie('q')).map((p) => p.join(' ')),
    tie('q').map((q) => `not ${q}`),
    tie('q').map((q) => `(${q})`),
  ),
  values: fc.oneof(
    { maxDepth: 3 },
    literal,
    fc.tuple(tie('values'), fc.constantFrom('and', 'or'), tie('values')).map((p) => p.join(' ')),
    tie('values').map((v) => `not ${v}`),
    tie('values').map((v) => `(${v})`),
  ),
})).q;

describe('printKql', () => {
  it.each([
    ['', ''],
    ['a:1 OR  b:"2"', 'a:1 or b:"2"'],
    ['f:(a and not b)', 'f:a and not f:b'],
    ['(a:1 or b:2) and c>=3', '(a:1 or b:2) and c >= 3'],
    ['not (not a:1)', 'not (not a:1)'],
    ['p:{a:1 or b:2}', 'p:{ a:1 or b:2 }'],
    [String.raw`f:a\*b*`, String.raw`f:a\*b*`],
    ['f:or', 'f:\\or'],
    [String.raw`f:\t`, String.raw`f:\t`],
  ])('%j is printed as %j', (text, printed) => expect(printKql(parseKql(text))).toBe(printed));

  it('keeps a value that ends in "and" a value when something follows', () =>
    expect(tree(printKql(parseKql('(f:1 and) and g:2')))).toBe(tree('(f:1 and) and g:2')));

  it('gives the same tree again for every query that parses', () => {
    let parsed = 0;
    fc.assert(
      fc.property(query, (text) => {
        let before: string;
        try {
          before = tree(text);
        } catch {
          return;
        }
        parsed += 1;
        expect(tree(printKql(parseKql(text)))).toBe(before);
      }),
      { numRuns: 2000 },
    );
    expect(parsed).toBeGreaterThan(500);
  });
});
