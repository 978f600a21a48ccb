import { expect, it } from 'vitest';
import { MatchTally } from '../../../src/stage/matchTally.js';

it('a chunk’s matches are counted by rule and severity', () => {
  const tally = new MatchTally();
  for (const [rule, severity] of [
    ['a', 'low'],
    ['a', 'low'],
    ['b', 'low'],
    ['a', 'high'],
    ['a', 'low'],
  ] as const)
    tally.add(rule, severity);
  expect(tally.all).toEqual([
    { ruleId: 'a', severity: 'low', count: 3 },
    { ruleId: 'a', severity: 'high', count: 1 },
    { ruleId: 'b', severity: 'low', count: 1 },
  ]);
});
