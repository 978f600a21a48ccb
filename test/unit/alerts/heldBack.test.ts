// Repeats, and a flood over the cap, are told without a candidate for each match: the same outcomes as with one.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AlertDecision, Alerter } from '../../../src/alerts/alerter.js';
import type { CapNotice } from '../../../src/alerts/cap.js';
import { fingerprintOf, NO_FINGERPRINT, textFingerprint } from '../../../src/alerts/fingerprint.js';
import { alertName } from '../../../src/alerts/identity.js';
import { LookBack } from '../../../src/alerts/lookBack.js';
import { Engine } from '../../../src/detect/engine.js';
import { sourceMappings } from '../../../src/fields/mappings.js';
import { type Encodable, encode } from '../../../src/msgpack/encode.js';
import { makeRule, ruleSetOf } from '../../support/makeRule.js';

const event = { content: () => 'content', timeIso: '2026-01-01T00:00:00Z', timeMs: 0 };
const rules = [
  makeRule({ id: 'capped', query: 'event.kind:event', maxSignals: 2, lookBackMs: 5000, intervalMs: 3000 }),
  makeRule({ id: 'odd\nid x', query: 'event.kind:event', maxSignals: 3, lookBackMs: 5000, intervalMs: 3000 }),
];

function alerterWith(lookBackMax: number): { alerter: Alerter; notices: CapNotice[] } {
  const notices: CapNotice[] = [];
  const onCap = (notice: CapNotice): number => notices.push(notice);
  return {
    notices,
    alerter: new Alerter({ tag: 'alert', lookBackMax, onCap, onSuppressed: () => undefined }),
  };
}

/** Ids of every kind that a record can have, few enough to come again. \u0001 stands for a byte that is no UTF-8. */
const ids: readonly (Encodable | undefined)[] = [
  ...['a', 'b', 'c', 'd', 'e', 'x\nid a', 'ü', '', 'a\u0000b', '\u0001', 'f\u0001'],
  ...['a'.repeat(100), 'b'.repeat(117), 'b'.repeat(118), 'c'.repeat(128), 'd'.repeat(129), 'e'.repeat(5000)],
  ...[7, 7.5, true, null, undefined, ['b', 'a'], ['', 'a'], { of: 'a' }],
];
const step = fc.record({
  id: fc.nat(ids.length - 1),
  later: fc.constantFrom(0, 0, 0, 1, 500, 2999, 6000),
  isRaw: fc.boolean(),
});

describe('a match that repeats one, or is over the cap,', () => {
  it('has the outcome that a candidate for it would have had, whatever the id of its event', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.constantFrom(1, 4, 1000), (steps, lookBackMax) => {
        const engine = new Engine(ruleSetOf(...rules), { mappings: sourceMappings });
        const short = alerterWith(lookBackMax);
        const long = alerterWith(lookBackMax);
        let now = Date.UTC(2026, 0, 1);
        for (const { id, later, isRaw } of steps) {
          now += later;
          short.alerter.sweep(now);
          long.alerter.sweep(now);
          const own = ids[id];
          const properties = { id: own ?? null, createdDateTime: '2026-01-01T00:00:00Z' };
          const record: Encodable = isRaw
            ? { category: 'SignInLogs', operationName: 'Sign-in activity', properties }
            : { event: own === undefined ? { kind: 'event' } : { kind: 'event', id: own } };
          const bytes = encode(record).map((b) => (b === 1 ? 0xff : b)) as Buffer;
          engine.match(bytes, 0, bytes.length, now);
          const outcomes = (decide: (n: number) => AlertDecision): string[] =>
            engine.matches.map((_, n) => decide(n).outcome);
          const [quick, slow] = [
            outcomes((n) => short.alerter.decide(engine.matches[n]!, 'tag', event, now)),
            outcomes((n) =>
              long.alerter.decide(engine.matches[n]!, 'tag', event, now, (c) => long.alerter.settle(c)),
            ),
          ];
          expect(quick).toEqual(slow);
          if (!isRaw) expect(quick).toHaveLength(2);
        }
        expect(short.notices).toEqual(long.notices);
        expect(short.alerter.snapshot()).toEqual(long.alerter.snapshot());
      }),
      { numRuns: 300 },
    );
  });
});

describe('the look-back', () => {
  const rule = makeRule({ id: 'rule', lookBackMs: 10_000 });
  const key = alertName(rule.id, 'id event');
  const id = { buf: Buffer.from('"event"'), start: 1, end: 6 };

  it('knows the key of a rule and an event by the bytes of its id, from when it is added to when it is forgotten', () => {
    const lookBack = new LookBack(2);
    expect(lookBack.hasEvent(rule, id, 0)).toBe(false);
    lookBack.add(key, 0);
    lookBack.add(key, 1);
    expect(lookBack.hasEvent(rule, id, 2)).toBe(true);
    expect(lookBack.hasEvent(makeRule({ id: 'rul' }), id, 2)).toBe(false);
    expect(lookBack.hasEvent(rule, { ...id, end: 5 }, 2)).toBe(false);
    lookBack.delete(key);
    expect(lookBack.hasEvent(rule, id, 2)).toBe(false);
    lookBack.add(key, 2);
    lookBack.add(alertName('rule', 'id second'), 2);
    lookBack.add(alertName('rule', 'id third'), 2);
    expect(lookBack.hasEvent(rule, id, 2)).toBe(false);
  });

  it('reads a key in every way that there is: ids of rules and events are anybody\u2019s text', () => {
    const lookBack = new LookBack(10);
    const odd = { buf: Buffer.from('b\nid event'), start: 0, end: 10 };
    lookBack.add(alertName('a', 'id b\nid event'), 0);
    expect(lookBack.hasEvent(makeRule({ id: 'a' }), odd, 1)).toBe(true);
    expect(lookBack.hasEvent(makeRule({ id: 'a\nid b' }), id, 1)).toBe(true);
    expect(lookBack.hasEvent(makeRule({ id: 'b' }), id, 1)).toBe(false);
  });

  it('still knows after a restart what it knew before, however late it is asked', () => {
    const before = new LookBack(10);
    before.add(key, 5);
    const after = new LookBack(10);
    after.restore(before.snapshot(), [rule]);
    after.sweep(9000);
    expect(after.hasEvent(rule, id, 9001)).toBe(true);
    expect(after.has(key, rule.lookBackMs, 9001)).toBe(true);
    after.sweep(50_000);
    expect(after.size).toBe(0);
    expect(after.hasEvent(rule, id, 50_001)).toBe(false);
  });
});

/** Ids of 12 characters with one fingerprint: the last four follow from the others, where they are ASCII. */
function alike(count: number): string[] {
  const K = 0x9e3779b1;
  let inverse = K;
  for (let n = 0; n < 5; n += 1) inverse = Math.imul(inverse, 2 - Math.imul(K, inverse));
  const ids: string[] = [];
  for (let n = 0; ids.length < count; n += 1) {
    const bytes = Buffer.from(`${String(n).padStart(8, '0')}....`);
    let h = 0x811c9dc5 ^ 12;
    for (const at of [0, 4]) {
      h = Math.imul(h ^ bytes.readInt32LE(at), K);
      h ^= h >>> 15;
    }
    bytes.writeInt32LE(Math.imul(12_345, inverse) ^ h, 8);
    if (bytes.every((b) => b < 0x80)) ids.push(bytes.toString('latin1'));
  }
  return ids;
}

describe('ids that were made to have one fingerprint', () => {
  const rule = makeRule({ id: 'rule', lookBackMs: 10_000 });
  const ids = alike(40);
  const told = (lookBack: LookBack, id: string): boolean | null =>
    lookBack.hasEvent(rule, { buf: Buffer.from(id), start: 0, end: 12 }, 1);

  it('are told apart as long as they are few, and not looked through when they are many', () => {
    expect(new Set(ids.map(textFingerprint)).size).toBe(1);
    const lookBack = new LookBack(100);
    for (const [n, id] of ids.entries()) {
      expect(told(lookBack, id)).toBe(n > 16 ? null : false);
      lookBack.add(alertName('rule', `id ${id}`), 0);
      expect(told(lookBack, id)).toBe(n >= 16 ? null : true);
    }
    for (const id of ids) {
      expect(lookBack.has(alertName('rule', `id ${id}`), rule.lookBackMs, 1)).toBe(true);
      lookBack.delete(alertName('rule', `id ${id}`));
    }
    expect(told(lookBack, ids[0]!)).toBe(false);
  });
});

describe('a rule whose look-back grew', () => {
  it('has what it alerted of remembered for so long, though only capped matches came since', () => {
    const short = makeRule({ id: 'rule', lookBackMs: 10 });
    const long = makeRule({ id: 'rule', lookBackMs: 10_000 });
    const lookBack = new LookBack(10);
    const id = { buf: Buffer.from('ab'), start: 0, end: 1 };
    lookBack.add(alertName('rule', 'id a'), 0);
    expect(lookBack.hasEvent(short, id, 1)).toBe(true);
    expect(lookBack.hasEvent(long, { ...id, start: 1, end: 2 }, 2)).toBe(false);
    lookBack.sweep(5000);
    expect(lookBack.hasEvent(long, id, 5000)).toBe(true);
  });
});

describe('a sweep of the look-back', () => {
  it('forgets some of a flood at a time, the oldest first, and all of it in the end', () => {
    const rule = makeRule({ id: 'rule', lookBackMs: 10 });
    const lookBack = new LookBack(12_000);
    lookBack.restore([], [rule]);
    for (let n = 0; n < 12_000; n += 1) lookBack.add(alertName('rule', `id ${n}`), n < 6000 ? 0 : 1);
    lookBack.sweep(1000);
    expect(lookBack.size).toBe(7000);
    expect(lookBack.snapshot()[0]![0]).toBe(alertName('rule', 'id 5000'));
    lookBack.sweep(1000);
    lookBack.sweep(1000);
    expect(lookBack.size).toBe(0);
  });
});

describe('a fingerprint', () => {
  it('is the same of a text and of its bytes, wherever these lie', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(9), (text, before) => {
        const bytes = Buffer.from(`${'-'.repeat(before)}${text}-`);
        expect(fingerprintOf(bytes, before, bytes.length - 1)).toBe(textFingerprint(text));
      }),
    );
  });

  it('is told of ASCII only: other bytes may be read as a text that is not theirs', () => {
    for (const text of ['ü', 'abcü', 'abcdeü', '\u{1f600}'])
      expect(textFingerprint(text)).toBe(NO_FINGERPRINT);
    expect(fingerprintOf(Buffer.from([0x61, 0xff]), 0, 2)).toBe(NO_FINGERPRINT);
  });

  it('differs for nearly all texts that differ', () => {
    const all = Array.from({ length: 10_000 }, (_, n) => textFingerprint(`0f8fad5b-d9cb-469f-a165-${n}`));
    expect(new Set(all).size).toBeGreaterThan(9_990);
    expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
  });
});
