import { describe, expect, it } from 'vitest';
import { viewOf } from '../../../src/detect/match.js';
import { type StatefulFields, StatefulRules } from '../../../src/detect/stateful.js';
import type { Rule } from '../../../src/rules/rule.js';
import { makeRule } from '../../support/makeRule.js';

const view = (fields: Readonly<Record<string, readonly string[]>>) => viewOf((name) => fields[name] ?? []);
const threshold = (over: Partial<Rule['threshold'] & object> = {}): Rule =>
  makeRule({
    type: 'threshold',
    lookBackMs: 60_000,
    threshold: { field: ['user'], value: 3, cardinality: null, ...over },
  });
const terms = (): Rule =>
  makeRule({ type: 'new_terms', newTerms: { fields: ['user', 'host'], historyMs: 1000 } });
const make = (max = 100, newTermsWarmUp = 0): StatefulRules => new StatefulRules({ max, newTermsWarmUp });
const count = (results: readonly (StatefulFields | null)[]): number =>
  results.filter((r) => r !== null).length;

describe('a threshold rule', () => {
  it('matches the event that brings its group to the value, and counts anew from there', () => {
    const s = make();
    const results = [1, 2, 3, 4, 5, 6].map((n) => s.admit(threshold(), view({ user: ['ada'] }), n));
    expect(results.map((r) => r !== null)).toEqual([false, false, true, false, false, true]);
    expect(results[2]).toMatchObject({
      threshold_result: { terms: [{ field: 'user', value: 'ada' }], count: 3 },
    });
  });
  it('counts each group by itself, and an event without the field in none', () => {
    const s = make();
    const results = ['a', 'b', 'a', 'b'].map((user, n) => s.admit(threshold(), view({ user: [user] }), n));
    expect(count([...results, s.admit(threshold(), view({}), 5), s.admit(threshold(), view({}), 6)])).toBe(0);
    expect(s.admit(threshold(), view({ user: ['a'] }), 7)).not.toBeNull();
  });
  it('forgets what is older than its look-back, to the millisecond', () => {
    const inside = make();
    expect([0, 1, 60_000].map((t) => inside.admit(threshold(), view({ user: ['a'] }), t))[2]).not.toBeNull();
    const outside = make();
    expect([0, 1, 60_001].map((t) => outside.admit(threshold(), view({ user: ['a'] }), t))[2]).toBeNull();
  });
  it('asks for as many distinct values as its cardinality says', () => {
    const rule = threshold({ cardinality: { field: 'ip', value: 2 } });
    const same = make();
    expect(count([1, 2, 3, 4].map((t) => same.admit(rule, view({ user: ['a'], ip: ['x'] }), t)))).toBe(0);
    expect(same.admit(rule, view({ user: ['a'], ip: ['y'] }), 5)).not.toBeNull();
  });
  it('without group fields counts all events together', () => {
    const s = make();
    expect(count([1, 2, 3].map((t) => s.admit(threshold({ field: [] }), view({}), t)))).toBe(1);
  });
});

describe('a new_terms rule', () => {
  it('matches a tuple that was not seen within the history, once', () => {
    const s = make();
    const at = (t: number, user: string): boolean =>
      s.admit(terms(), view({ user: [user], host: ['h'] }), t) !== null;
    expect([at(0, 'a'), at(1, 'a'), at(2, 'b'), at(3, 'a')]).toEqual([true, false, true, false]);
    expect([at(1003, 'a'), at(3000, 'a')]).toEqual([false, true]);
  });
  it('needs a value of each of its fields', () => {
    expect(make().admit(terms(), view({ user: ['a'] }), 0)).toBeNull();
  });
  it('only learns while it warms up', () => {
    const s = make(100, 50);
    const at = (t: number, user: string): boolean =>
      s.admit(terms(), view({ user: [user], host: ['h'] }), t) !== null;
    expect([at(0, 'a'), at(49, 'b'), at(50, 'b'), at(51, 'c')]).toEqual([false, false, false, true]);
  });
});

describe('what stateful rules know', () => {
  it('survives a restart', () => {
    const before = make();
    before.admit(threshold(), view({ user: ['a'] }), 1);
    before.admit(threshold(), view({ user: ['a'] }), 2);
    before.admit(terms(), view({ user: ['a'], host: ['h'] }), 3);
    const after = make();
    after.restore(JSON.parse(JSON.stringify(before.snapshot())));
    expect(after.admit(threshold(), view({ user: ['a'] }), 4)).not.toBeNull();
    expect(after.admit(terms(), view({ user: ['a'], host: ['h'] }), 5)).toBeNull();
  });
  it('is bounded: past the bound the group touched longest ago starts anew', () => {
    const at = (s: StatefulRules, user: string, t: number): boolean =>
      s.admit(threshold(), view({ user: [user] }), t) !== null;
    const fits = make(2);
    expect([at(fits, 'a', 1), at(fits, 'a', 2), at(fits, 'b', 3), at(fits, 'a', 4)]).toEqual([
      false,
      false,
      false,
      true,
    ]);
    const over = make(1);
    expect([at(over, 'a', 1), at(over, 'a', 2), at(over, 'b', 3), at(over, 'a', 4)]).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
  it('is bounded in times and values too: many groups of a high threshold forget the oldest', () => {
    const s = make(10);
    const high = threshold({ value: 100 });
    for (let n = 0; n < 99; n += 1) s.admit(high, view({ user: ['a'] }), n);
    for (let n = 0; n < 99; n += 1) s.admit(high, view({ user: ['b'] }), n);
    expect(s.snapshot().groups.map(([, times]) => times.length)).toEqual([99]);
    expect(s.admit(high, view({ user: ['a'] }), 100)).toBeNull();
    expect(s.admit(high, view({ user: ['b'] }), 100)).not.toBeNull();
  });
});
