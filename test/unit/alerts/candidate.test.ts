import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Candidate, candidateOf } from '../../../src/alerts/candidate.js';
import { viewOf } from '../../../src/detect/match.js';
import { makeMatch, makeRule } from '../../support/makeRule.js';

const of = (ruleId: string, eventId: string | null, content = ''): Candidate => {
  const values = (name: string): string[] => (name === 'event.id' && eventId !== null ? [eventId] : []);
  const match = makeMatch(makeRule({ id: ruleId }), { view: viewOf(values) });
  return candidateOf(match, { content: () => content, timeIso: '2026-01-01T00:00:00Z' }, 0);
};

describe('what the look-back knows a candidate by', () => {
  it('is the same for the same rule and event, and for no other', () => {
    const keys = [
      of('rule', 'event'),
      of('other', 'event'),
      of('rule', 'other'),
      of('rule', null, 'event'),
      of('rule', null, 'other'),
      of('rule', 'x'.repeat(10_000)),
      of('rule', 'y'.repeat(10_000)),
    ].map((c) => c.key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(of('rule', 'event').key).toBe(keys[0]);
    expect(of('rule', 'x'.repeat(10_000)).key).toBe(keys[5]);
  });

  it('is short, however long the id of the event', () => {
    expect(of('rule', 'x'.repeat(10_000)).key.length).toBeLessThanOrEqual(128);
  });

  it('is not the id, which is the hash over both', () => {
    const { id, key } = of('rule', 'event');
    expect(id).toBe(createHash('sha256').update('rule\nid event').digest('hex'));
    expect(key).not.toBe(id);
  });
});
