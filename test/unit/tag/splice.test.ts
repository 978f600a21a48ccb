// A tagged record against the record it was made from, pair by pair over the bytes of both: whatever the source wrote
// is still there byte for byte and in order, and what is new stands behind it under our own names.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordKeys } from '../../../src/detect/recordKeys.js';
import { BlockPool } from '../../../src/forward/blocks.js';
import { encode, mapHeader, strHeader } from '../../../src/msgpack/encode.js';
import { PieceList } from '../../../src/msgpack/pieces.js';
import { headerSize, kindOf, lengthAt, skip } from '../../../src/msgpack/scan.js';
import { Assembly } from '../../../src/stage/assembly.js';
import { spliceTags, tagMsgpack } from '../../../src/tag/msgpackTags.js';
import {
  arbitraryKey,
  arbitraryMapOf,
  arbitraryOddKey,
  arbitraryStr,
  arbitraryValue,
} from '../../support/arbitraryRecord.js';
import { makeMatch, makeRule } from '../../support/makeRule.js';

const pool = new BlockPool();
const matches = [makeMatch(makeRule({ id: '0-other', riskScore: 73, severity: 'high' })), makeMatch()];

type Pair = readonly [key: Buffer, value: Buffer];

function pairsOf(map: Buffer): Pair[] {
  const out: Pair[] = [];
  let at = headerSize(map[0]!);
  for (let left = lengthAt(map, 0); left > 0; left -= 1) {
    const value = skip(map, at, map.length);
    const end = skip(map, value, map.length);
    out.push([map.subarray(at, value), map.subarray(value, end)]);
    at = end;
  }
  expect(at).toBe(map.length);
  return out;
}
const isMap = (value: Buffer): boolean => kindOf(value[0]!) === 'map';
const textOf = (key: Buffer): string => key.toString('utf8', headerSize(key[0]!));

/** The paths that were added. Fails where anything of `before` is not in `after` as it was. */
function added(before: Buffer, after: Buffer, path = ''): string[] {
  if (before.equals(after)) return [];
  expect([isMap(before), isMap(after)]).toEqual([true, true]);
  const [old, now] = [pairsOf(before), pairsOf(after)];
  const inside = old.flatMap(([key, value], i) => {
    // Not by `expect`, which would take most of the test's time.
    if (!now[i]![0].equals(key)) expect.fail(`the key ${path}${textOf(key)} is not as it was`);
    return added(value, now[i]![1], `${path}${textOf(key)}.`);
  });
  const behind = now.slice(old.length).map(([key]) => `${path}${textOf(key)}`);
  // A map that did not grow kept even its header.
  if (behind.length === 0) expect(after[0]).toBe(before[0]);
  else expect(after.subarray(0, headerSize(after[0]!))).toEqual(mapHeader(now.length));
  return [...inside, ...behind];
}

const tagged = (record: Buffer, some = matches): Buffer => {
  const slices = tagMsgpack(record, 0, record.length, some);
  return slices === null ? record : Buffer.concat(slices);
};

const ours = ['event', 'rule', 'threat', 'detection', 'fluent_detect'];
const leaves = ['severity', 'risk_score', 'id', 'name', 'tactic', 'technique', 'rules', 'kind', 'reference'];
const dotted = ['event.kind', 'event.severity', 'rule.id.x', 'threat.tactic', 'detection.rules', 'a.b'];
const nearOurs = arbitraryStr(fc.constantFrom(...leaves, 'tactic.id', 'technique.subtechnique'));
const inner = arbitraryMapOf(fc.oneof(nearOurs, arbitraryStr(arbitraryKey)), arbitraryValue);
const anyKey = fc.oneof(
  { weight: 4, arbitrary: arbitraryStr(fc.constantFrom(...ours)) },
  { weight: 4, arbitrary: arbitraryStr(arbitraryKey) },
  { weight: 1, arbitrary: arbitraryStr(fc.constantFrom(...dotted)) },
  { weight: 2, arbitrary: arbitraryOddKey },
);
const nested = arbitraryMapOf(nearOurs, fc.oneof(inner, arbitraryValue));
/** Any record at all: keys of every kind, duplicates, our names with any value in them. */
const record = arbitraryMapOf(anyKey, fc.oneof(arbitraryValue, inner, nested), 24);

const ourPath = /^((event|rule|threat|detection|fluent_detect)(\.|$))/;

describe('a tagged record', () => {
  it('keeps every key and value of the source byte for byte and in order, and what is new has our names', () => {
    fc.assert(
      fc.property(record, fc.constantFrom(matches, matches.slice(1)), (before, some) => {
        const after = tagged(before, some);
        expect(skip(after, 0, after.length)).toBe(after.length);
        for (const path of added(before, after)) expect(path).toMatch(ourPath);
      }),
      { numRuns: 500 },
    );
  });

  it('is the same whether the walk came by its keys or not, behind what stays as it is', () => {
    const unlikeOurs = fc.oneof(arbitraryStr(arbitraryKey), arbitraryStr(fc.constant('event')));
    const common = arbitraryMapOf(unlikeOurs, fc.oneof(arbitraryValue, nested), 24);
    const before = Buffer.from('what was there');
    fc.assert(
      fc.property(fc.oneof(record, common), (plain) => {
        const buf = Buffer.concat([before, plain, before]);
        const [start, end] = [before.length, before.length + plain.length];
        const keys = new RecordKeys();
        keys.begin(buf, start);
        let at = start + headerSize(plain[0]!);
        for (const [key, value] of pairsOf(plain)) {
          keys.starts[keys.passed++] = at;
          if (textOf(key) === 'event' && kindOf(value[0]!) === 'map') {
            let inner = at + key.length + headerSize(value[0]!);
            for (const [innerKey, innerValue] of pairsOf(value)) {
              keys.eventStarts[keys.eventPassed++] = inner;
              inner += innerKey.length + innerValue.length;
            }
          }
          at += key.length + value.length;
        }
        expect(keys.areOf(buf, start, lengthAt(plain, 0))).toBe(true);
        const into = new PieceList();
        const isTagged = spliceTags(buf, 0, start, end, matches, into, keys);
        const after = isTagged ? Buffer.concat(into.slices) : Buffer.concat([before, plain]);
        expect(after).toEqual(Buffer.concat([before, tagged(plain)]));
        // The same where short pieces are copied, as they are once there were many.
        const copied = new Assembly((size) => pool.takeHeld(size));
        for (let n = 0; n < 16; n += 1) copied.add(before, 0, before.length);
        expect(spliceTags(buf, 0, start, end, matches, copied, keys)).toBe(isTagged);
        if (!isTagged) return;
        const { slices, release } = copied.finish();
        expect(Buffer.concat(slices).subarray(16 * before.length)).toEqual(after);
        release();
      }),
      { numRuns: 500 },
    );
  });

  it('is not tagged again by a second stage, unless the source has both of our names', () => {
    fc.assert(
      fc.property(record, (before) => {
        const once = tagged(before);
        const names = pairsOf(before).map(([key]) => textOf(key));
        const taken = ['detection', 'fluent_detect'].every((own) =>
          names.some((n) => n === own || n.startsWith(`${own}.`)),
        );
        if (!taken) expect(tagged(once)).toEqual(once);
      }),
      { numRuns: 200 },
    );
  });

  it.each([11, 12, 13, 14, 15, 16, 65_531, 65_532, 65_534])(
    'of %i pairs grows its header as far as it must, and an event map of as many does too',
    (size) => {
      const pair = (n: number): Buffer => Buffer.concat([encode(`k${n}`), encode(n)]);
      const body = Buffer.concat(Array.from({ length: size }, (_, n) => pair(n)));
      const event = Buffer.concat([mapHeader(size), body]);
      const whole = Buffer.concat([mapHeader(size + 1), body, strHeader(5), Buffer.from('event'), event]);
      expect(added(whole, tagged(whole))).toEqual([
        'event.severity',
        'event.risk_score',
        'rule',
        'threat',
        'detection',
      ]);
    },
  );

  it('overwrites nothing where the source has both detection and fluent_detect', () => {
    const before = encode({ detection: { rules: 'mine' }, fluent_detect: { severity: 'mine' } });
    expect(added(before, tagged(before)).sort()).toEqual(['event', 'rule', 'threat']);
  });
});
