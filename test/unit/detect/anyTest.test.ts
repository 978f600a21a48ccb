// Many tests as one, with what is remembered, against asking each of them.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { anyTest } from '../../../src/detect/anyTest.js';
import { isTest } from '../../../src/kql/leafTests.js';
import type { LeafTest, ScalarKind } from '../../../src/kql/predicate.js';

const wildcard = (...pieces: string[]): LeafTest =>
  isTest(
    { class: 'keyword', caseless: false, declared: false },
    { text: pieces.join('*'), quoted: false, wildcard: pieces, span: { start: 0, end: 0 } },
    () => 0,
  );
const tests = [wildcard('a', ''), wildcard('', 'b', ''), wildcard('c', 'd'), wildcard('', '7')];

it('holds when any of them does, however many texts came before and how often', () => {
  const text = fc.oneof(
    fc.constantFrom('abc', 'cd', 'x', '', '7', 'a'.repeat(300)),
    fc.nat(2000).map((n) => `x ${n}`),
    fc.string({ maxLength: 3 }),
  );
  const kind = fc.constantFrom<ScalarKind>('string', 'string', 'number');
  const values = fc.sample(fc.tuple(text, kind), { numRuns: 30_000, seed: 11 });
  for (const count of [1, 2, 3, 4]) {
    const some = tests.slice(0, count);
    const any = anyTest(some);
    for (const [t, k] of values) expect(any.matches(t, k)).toBe(some.some((one) => one.matches(t, k)));
  }
});
