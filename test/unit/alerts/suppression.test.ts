import { describe, expect, it } from 'vitest';
import { Alerter } from '../../../src/alerts/alerter.js';
import { type Candidate, candidateOf, suppressionFields } from '../../../src/alerts/candidate.js';
import { suppressionRecord } from '../../../src/alerts/document.js';
import { Suppression, type SuppressionNotice } from '../../../src/alerts/suppression.js';
import { viewOf } from '../../../src/detect/match.js';
import type { Rule } from '../../../src/rules/rule.js';
import { makeMatch, makeRule } from '../../support/makeRule.js';

const rule = (over: Partial<Rule['suppression'] & object> = {}): Rule =>
  makeRule({ suppression: { groupBy: ['user.name'], durationMs: 1000, missingFields: 'suppress', ...over } });
const of = (id: string, nowMs: number, user: string | null, r = rule()): Candidate => {
  const values = (name: string): string[] => (name === 'user.name' && user !== null ? [user] : []);
  const match = makeMatch(r, { view: viewOf(values) });
  const { group } = candidateOf(match, { content: () => '', timeIso: '' }, nowMs);
  return { rule: r, group, key: id, id, nowMs };
};
/** Suppression without a cap: what does not join a group opens one. */
class Uncapped extends Suppression {
  take(candidate: Candidate): boolean {
    if (this.joins(candidate)) return true;
    this.open(candidate);
    return false;
  }
}
const make = (max?: number): { s: Uncapped; notices: SuppressionNotice[] } => {
  const notices: SuppressionNotice[] = [];
  return { s: new Uncapped((n) => notices.push(n), max), notices };
};

describe('alert suppression', () => {
  it('lets the first alert of a group through and suppresses the later ones until the duration is over', () => {
    const { s } = make();
    const first = of('id1', 0, 'ada');
    expect(s.take(first)).toBe(false);
    expect(suppressionFields(first)['suppression']).toMatchObject({
      terms: [{ field: 'user.name', value: ['ada'] }],
      docs_count: 0,
    });
    expect(s.take(of('id2', 999, 'ada'))).toBe(true);
    expect(s.take(of('id3', 999, 'bob'))).toBe(false);
    expect(s.take(of('id4', 1000, 'ada'))).toBe(false);
  });

  it('tells how many were suppressed into which alert when the group’s time is over', () => {
    const { s, notices } = make();
    s.take(of('id1', 0, 'ada'));
    s.take(of('id2', 10, 'ada'));
    s.take(of('id3', 20, 'ada'));
    s.sweep(999);
    expect(notices).toEqual([]);
    s.sweep(1000);
    expect(notices).toMatchObject([{ alertId: 'id1', suppressed: 2, start: 0, end: 20 }]);
    expect(suppressionRecord(notices[0]!)).toMatchObject({
      kibana: {
        alert: {
          suppression: { alert_uuid: 'id1', docs_count: 2, terms: [{ field: 'user.name', value: ['ada'] }] },
        },
      },
    });
  });

  it('treats a missing field as the rule says', () => {
    const { s } = make();
    expect([s.take(of('1', 0, null)), s.take(of('2', 1, null))][1]).toBe(true);
    const not = rule({ missingFields: 'doNotSuppress' });
    expect([s.take(of('1', 0, null, not)), s.take(of('2', 1, null, not))]).toEqual([false, false]);
  });

  it('without a duration lasts as long as the rule’s interval', () => {
    const { s } = make();
    const interval = rule({ durationMs: null });
    s.take(of('1', 10, 'a', interval));
    expect(s.take(of('2', 299_999, 'a', interval))).toBe(true);
    expect(s.take(of('3', 300_000, 'a', interval))).toBe(false);
  });

  it('survives a restart', () => {
    const { s } = make();
    s.take(of('id1', 0, 'ada'));
    s.take(of('id2', 1, 'ada'));
    const { s: after, notices } = make();
    after.restore(JSON.parse(JSON.stringify(s.snapshot())), [rule()]);
    expect(after.take(of('id3', 2, 'ada'))).toBe(true);
    after.sweep(1000);
    expect(notices).toMatchObject([{ alertId: 'id1', suppressed: 2 }]);
  });

  it('is bounded: past the bound alerts pass unsuppressed', () => {
    const { s } = make(1);
    s.take(of('1', 0, 'a'));
    s.take(of('2', 0, 'b'));
    expect(s.take(of('3', 1, 'a'))).toBe(true);
    expect(s.take(of('4', 1, 'b'))).toBe(false);
  });

  it('suppresses nothing into an alert that max_signals held back', () => {
    const alerter = new Alerter({
      tag: 'alert',
      lookBackMax: 10,
      onCap: () => undefined,
      onSuppressed: () => undefined,
    });
    const capped = { ...rule({ durationMs: 3_600_000 }), maxSignals: 1, intervalMs: 1000 };
    const at = (id: string, nowMs: number, user: string) => alerter.settle(of(id, nowMs, user, capped));
    expect([at('1', 0, 'ada'), at('2', 1, 'bob'), at('3', 2, 'bob')]).toEqual(['alert', 'capped', 'capped']);
    expect([at('4', 1000, 'bob'), at('5', 1001, 'bob'), at('6', 1002, 'ada')]).toEqual([
      'alert',
      'suppressed',
      'suppressed',
    ]);
  });
});
