import { describe, expect, it } from 'vitest';
import { outcomesOf, readExpectations } from '../../../src/replay/expectations.js';
import type { RuleFindings } from '../../../src/replay/replay.js';
import { makeRule, ruleSetOf } from '../../support/makeRule.js';

const ruleSet = ruleSetOf(
  makeRule({ id: 'r1', name: 'One' }),
  makeRule({ id: 'r2', name: 'Two' }),
  makeRule({ id: 'r3', name: 'Two' }),
);
const found = (id: string, matches: number, alerts = matches): RuleFindings => ({
  rule: ruleSet.rules.find((r) => r.id === id)!,
  matches,
  alerts,
  first: null,
  last: null,
  users: new Map(),
  addresses: new Map(),
});
/** Rule id to what is wrong; null: as expected. */
const held = (text: string, ...findings: RuleFindings[]): Record<string, string | null> => {
  const read = readExpectations('e.yaml', text, ruleSet);
  if ('errors' in read) throw new Error(JSON.stringify(read.errors));
  return Object.fromEntries(outcomesOf(read.expectations, findings).map((o) => [o.ruleId, o.failure]));
};
const errorsOf = (text: string): string[] => {
  const read = readExpectations('e.yaml', text, ruleSet);
  return 'errors' in read ? read.errors.map((e) => `${e.line}:${e.column} ${e.message}`) : [];
};

describe('expectations of a replay', () => {
  it('hold at each bound and fail one past it', () => {
    const text = 'rules: { r1: { at_least: 2, at_most: 4 } }';
    expect(held(text, found('r1', 2))).toEqual({ r1: null });
    expect(held(text, found('r1', 4))).toEqual({ r1: null });
    expect(held(text, found('r1', 1))).toEqual({ r1: '1 match, expected at least 2' });
    expect(held(text, found('r1', 5))).toEqual({ r1: '5 matches, expected at most 4' });
    expect(held('rules: { One: 3 }', found('r1', 2))).toEqual({ r1: '2 matches, expected exactly 3' });
    expect(held('rules: { r1: { alerts: 1 } }', found('r1', 9, 2))).toEqual({
      r1: '2 alerts, expected exactly 1',
    });
  });

  it('fail for a rule that is not named and found something, unless that is allowed', () => {
    expect(held('rules: { r1: 0 }', found('r1', 0), found('r2', 1), found('r3', 0))).toEqual({
      r1: null,
      r2: '1 match, and none was expected',
    });
    expect(held('rules: {}\nunexpected: allow', found('r2', 1))).toEqual({ r2: null });
  });

  it('name every error with its place: unknown and ambiguous rules, keys, bounds that contradict each other', () => {
    expect(errorsOf('rules:\n  nope: 1\n  Two: 1\n  r1: { at_least: 3, at_most: 2 }\n')).toEqual([
      expect.stringMatching(/^2:\d+ no rule in force has this id or name: nope/),
      expect.stringMatching(/^3:\d+ several rules have this name: Two/),
      expect.stringMatching(/^4:\d+ "at_least" is over "at_most"/),
    ]);
    expect(errorsOf('rules:\n  r1:\n    min: 3\n').join()).toMatch(/^3:\d+ .*min/);
    expect(errorsOf('rules:\n  r1: -1\n').join()).toMatch(/^2:\d+ /);
    expect(errorsOf('rules:\n  r1: 1\n  One: 1\n').join()).toContain('named twice');
    expect(errorsOf('rules: [').join()).toMatch(/^1:/);
    expect(errorsOf('').join()).toContain('should be here');
  });
});
