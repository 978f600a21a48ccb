import { describe, expect, it } from 'vitest';
import { suppressionRecord } from '../../../src/alerts/document.js';
import { Suppression, type SuppressionNotice } from '../../../src/alerts/suppression.js';
import type { Match } from '../../../src/detect/match.js';
import type { Rule } from '../../../src/rules/rule.js';
import { makeMatch, makeRule } from '../../support/makeRule.js';

const rule = (over: Partial<Rule['suppression'] & object> = {}): Rule =>
  makeRule({ suppression: { groupBy: ['user.name'], durationMs: 1000, missingFields: 'suppress', ...over } });
const of = (user: string | null, r = rule()): Match =>
  makeMatch(r, {
    view: { mapping: null, values: (name) => (name === 'user.name' && user !== null ? [user] : []) },
  });
const make = (max?: number): { s: Suppression; notices: SuppressionNotice[] } => {
  const notices: SuppressionNotice[] = [];
  return { s: new Suppression((n) => notices.push(n), max), notices };
};

describe('alert suppression', () => {
  it('lets the first alert of a group through and suppresses the later ones until the duration is over', () => {
    const { s } = make();
    expect(s.take(of('ada'), 'id1', 0)).toMatchObject({
      terms: [{ field: 'user.name', value: ['ada'] }],
      docs_count: 0,
    });
    expect(s.take(of('ada'), 'id2', 999)).toBe('suppressed');
    expect(s.take(of('bob'), 'id3', 999)).not.toBe('suppressed');
    expect(s.take(of('ada'), 'id4', 1000)).not.toBe('suppressed');
  });

  it('tells how many were suppressed into which alert when the group’s time is over', () => {
    const { s, notices } = make();
    s.take(of('ada'), 'id1', 0);
    s.take(of('ada'), 'id2', 10);
    s.take(of('ada'), 'id3', 20);
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
    expect([s.take(of(null), '1', 0), s.take(of(null), '2', 1)][1]).toBe('suppressed');
    const not = rule({ missingFields: 'doNotSuppress' });
    expect([s.take(of(null, not), '1', 0), s.take(of(null, not), '2', 1)]).toEqual([null, null]);
  });

  it('without a duration lasts as long as the rule’s interval', () => {
    const { s } = make();
    const interval = rule({ durationMs: null });
    s.take(of('a', interval), '1', 10);
    expect(s.take(of('a', interval), '2', 299_999)).toBe('suppressed');
    expect(s.take(of('a', interval), '3', 300_000)).not.toBe('suppressed');
  });

  it('survives a restart', () => {
    const { s } = make();
    s.take(of('ada'), 'id1', 0);
    s.take(of('ada'), 'id2', 1);
    const { s: after, notices } = make();
    after.restore(JSON.parse(JSON.stringify(s.snapshot())), [rule()]);
    expect(after.take(of('ada'), 'id3', 2)).toBe('suppressed');
    after.sweep(1000);
    expect(notices).toMatchObject([{ alertId: 'id1', suppressed: 2 }]);
  });

  it('is bounded: past the bound alerts pass unsuppressed', () => {
    const { s } = make(1);
    s.take(of('a'), '1', 0);
    s.take(of('b'), '2', 0);
    expect(s.take(of('a'), '3', 1)).toBe('suppressed');
    expect(s.take(of('b'), '4', 1)).not.toBe('suppressed');
  });
});
