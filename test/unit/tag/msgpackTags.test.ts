// Tags spliced into bytes: what is added, what is left alone, and that nothing else changes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Match } from '../../../src/detect/match.js';
import { type Decoded, decode } from '../../../src/msgpack/decode.js';
import { type Encodable, encode } from '../../../src/msgpack/encode.js';
import { headerSize, lengthAt, skip } from '../../../src/msgpack/scan.js';
import { tagMsgpack } from '../../../src/tag/msgpackTags.js';
import { tagObject } from '../../../src/tag/objectTags.js';
import {
  arbitraryKey,
  arbitraryMap,
  arbitraryRecord,
  arbitraryValue,
} from '../../support/arbitraryRecord.js';
import { makeMatch, makeRule, SEED_ID } from '../../support/makeRule.js';

const seed = makeMatch();
const other = makeMatch(
  makeRule({ id: '0-other', name: 'Other', severity: 'high', riskScore: 73, author: ['Us'] }),
);

function tagBytes(record: Buffer, matches: readonly Match[] = [seed]): Buffer {
  const parts = tagMsgpack(record, 0, record.length, matches);
  return parts === null ? record : Buffer.concat(parts);
}
function plain(value: Decoded): unknown {
  if (value instanceof Map) {
    const out = {};
    for (const [k, v] of value)
      Object.defineProperty(out, k, {
        value: plain(v),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    return out;
  }
  return Array.isArray(value) ? value.map(plain) : value;
}
const read = (bytes: Buffer): Record<string, unknown> =>
  plain(decode(bytes, { pos: 0 })) as Record<string, unknown>;
const tag = (record: Encodable, matches?: readonly Match[]): Record<string, unknown> =>
  read(tagBytes(encode(record), matches));

describe('tags in msgpack bytes', () => {
  it('add rule, event, threat and detection to a record that has none of them', () => {
    expect(tag({ a: 1 })).toEqual({
      a: 1,
      rule: {
        id: SEED_ID,
        name: 'Entra ID Device Code Auth with Broker Client',
        version: '2',
        ruleset: 'azure',
        author: ['Elastic'],
        license: 'Elastic License v2',
        reference: 'https://example.com/reference',
      },
      event: { severity: 47, risk_score: 47 },
      threat: {
        framework: ['MITRE ATT&CK'],
        tactic: {
          id: ['TA0006'],
          name: ['Credential Access'],
          reference: ['https://attack.mitre.org/tactics/TA0006/'],
        },
        technique: {
          id: ['T1528'],
          name: ['Steal Application Access Token'],
          reference: ['https://attack.mitre.org/techniques/T1528/'],
        },
      },
      detection: {
        severity: 'medium',
        risk_score: 47,
        rules: [
          {
            id: SEED_ID,
            name: 'Entra ID Device Code Auth with Broker Client',
            version: 2,
            severity: 'medium',
            risk_score: 47,
            tactics: ['TA0006'],
            techniques: ['T1528'],
          },
        ],
      },
    });
  });

  it('go into an event map that is there, and leave its own fields alone', () => {
    const event = tag({ event: { id: 'x', risk_score: 3 }, z: 1 })['event'];
    expect(event).toEqual({ id: 'x', risk_score: 3, severity: 47 });
  });

  it('never overwrite a rule or threat leaf of the source', () => {
    const tagged = tag({ rule: { id: 'suricata-1' }, threat: { tactic: { id: 'mine' } } });
    expect(tagged['rule']).toMatchObject({ id: 'suricata-1', name: seed.name });
    expect(tagged['threat']).toMatchObject({ tactic: { id: 'mine', name: ['Credential Access'] } });
    expect(tagged['detection']).toMatchObject({ rules: [{ id: SEED_ID }] });
  });

  it('leave a scalar where a map would have to go, and are complete under detection', () => {
    const tagged = tag({ rule: 'text', event: 7, threat: null });
    expect(tagged).toMatchObject({ rule: 'text', event: 7, threat: null, detection: { risk_score: 47 } });
  });

  it('go under fluent_detect when the source has a detection of its own', () => {
    const tagged = tag({ detection: { mine: true } });
    expect(tagged['detection']).toEqual({ mine: true });
    expect(tagged['fluent_detect']).toMatchObject({ severity: 'medium', rules: [{ id: SEED_ID }] });
  });

  it('are spelled with dots in a record that spells its fields with dots', () => {
    const tagged = tag({ 'event.dataset': 'azure.signinlogs', 'event.severity': 1 });
    expect(tagged).toMatchObject({
      'event.dataset': 'azure.signinlogs',
      'event.severity': 1,
      'event.risk_score': 47,
      'rule.id': SEED_ID,
      'threat.tactic.id': ['TA0006'],
      'detection.severity': 'medium',
      'detection.rules': [{ id: SEED_ID }],
    });
    expect(Object.keys(tagged)).not.toContain('rule');
  });

  it('are put once for a rule, however often the event passes', () => {
    for (const record of [{ a: 1 }, { 'event.dataset': 'x' }, { detection: 'taken' }]) {
      const once = tagBytes(encode(record));
      expect(tagMsgpack(once, 0, once.length, [seed])).toBeNull();
      expect(read(once)).toEqual(tag(record));
    }
  });

  it('take in the rules of an earlier stage, highest risk first', () => {
    const twice = read(tagBytes(tagBytes(encode({ a: 1 })), [other, seed]));
    expect(twice['detection']).toMatchObject({
      severity: 'high',
      risk_score: 73,
      rules: [{ id: '0-other' }, { id: SEED_ID }],
    });
    expect(twice['rule']).toMatchObject({ id: SEED_ID });
  });

  it('list each leaf in the order of detection.rules for several rules, threat without repeats', () => {
    const tagged = tag({}, [other, seed]);
    expect(tagged['rule']).toMatchObject({ id: ['0-other', SEED_ID], author: ['Us', 'Elastic'] });
    expect(tagged['event']).toEqual({ severity: [73, 47], risk_score: [73, 47] });
    expect(tagged['threat']).toMatchObject({ technique: { id: ['T1528'] } });
  });

  it('name the record of an envelope that matched, and the rule once', () => {
    const at = (path: string): Match => makeMatch(seed.rule, { path });
    const tagged = tag({ records: [{}, {}] }, [at('records[0]'), at('records[1]')]);
    expect(tagged['rule']).toMatchObject({ id: SEED_ID });
    expect(tagged['detection']).toMatchObject({ rules: [{ path: 'records[0]' }, { path: 'records[1]' }] });
  });

  it('widen the map header from fixmap to map16 and from map16 to map32', () => {
    for (const size of [11, 12, 15, 16, 65_532, 65_535, 65_536]) {
      const record = encode(Object.fromEntries(Array.from({ length: size }, (_, i) => [`k${i}`, i])));
      const tagged = tagBytes(record);
      expect(lengthAt(tagged, 0)).toBe(size + 4);
      expect(skip(tagged, 0, tagged.length)).toBe(tagged.length);
    }
  });

  const withOurs = arbitraryMap(
    fc.oneof(
      arbitraryKey,
      fc.constantFrom('event', 'rule', 'threat', 'detection', 'event.kind', 'threat.tactic', 'rule.id'),
    ),
    fc.oneof(arbitraryValue, arbitraryMap(fc.constantFrom('severity', 'id', 'tactic', 'x'), arbitraryValue)),
  );

  it('give what decoding, merging and encoding would give', () => {
    fc.assert(
      fc.property(
        fc.oneof(arbitraryRecord, withOurs),
        fc.constantFrom([seed], [other, seed]),
        (record, matches) => {
          // Duplicate keys cannot be told apart after decoding: the twin only speaks for records without.
          fc.pre(!hasDuplicates(record));
          const tagged = tagBytes(record, matches);
          expect(skip(tagged, 0, tagged.length)).toBe(tagged.length);
          expect(read(tagged)).toEqual(tagObject(read(record), matches));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('keep the bytes of every pair of the record that does not grow, in order', () => {
    fc.assert(
      fc.property(arbitraryRecord, (record) => {
        const before = pairs(record).filter((p) => !/event|rule|threat|detection/.test(p.toString('latin1')));
        const after = pairs(tagBytes(record));
        let at = 0;
        for (const pair of before) {
          while (at < after.length && !after[at]!.equals(pair)) at += 1;
          expect(at).toBeLessThan(after.length);
          at += 1;
        }
      }),
      { numRuns: 300 },
    );
  });
});

function pairs(map: Buffer): Buffer[] {
  const out: Buffer[] = [];
  let at = headerSize(map[0]!);
  for (let left = lengthAt(map, 0); left > 0; left -= 1) {
    const end = skip(map, skip(map, at, map.length), map.length);
    out.push(map.subarray(at, end));
    at = end;
  }
  return out;
}

function hasDuplicates(record: Buffer): boolean {
  const count = (value: Decoded): number => {
    if (Array.isArray(value)) return value.reduce<number>((n, v) => n + count(v), 0);
    return value instanceof Map ? [...value.values()].reduce<number>((n, v) => n + 1 + count(v), 0) : 0;
  };
  return count(decode(record, { pos: 0 })) !== countPairs(record, { pos: 0 });
}

function countPairs(buf: Buffer, at: { pos: number }): number {
  const b = buf[at.pos]!;
  const n = lengthAt(buf, at.pos);
  const isMap = (b & 0xf0) === 0x80 || b === 0xde || b === 0xdf;
  const isArray = (b & 0xf0) === 0x90 || b === 0xdc || b === 0xdd;
  if (!isMap && !isArray) {
    at.pos = skip(buf, at.pos, buf.length);
    return 0;
  }
  at.pos += headerSize(b);
  let total = 0;
  for (let i = 0; i < n; i += 1) {
    if (isMap) {
      at.pos = skip(buf, at.pos, buf.length);
      total += 1;
    }
    total += countPairs(buf, at);
  }
  return total;
}

it('tags are those of the matches at hand, whatever combinations of rules and places came before', () => {
  const rules = [
    ...[makeRule({ id: 'a' }), makeRule({ id: 'b', name: 'B', severity: 'high' as const })],
    // After a reload: other rules of the same ids.
    ...[makeRule({ id: 'a', name: 'A again', riskScore: 5 }), makeRule({ id: 'b', author: ['x'] })],
  ];
  const match = fc
    .tuple(
      fc.constantFrom(...rules),
      fc.constantFrom(null, 'records[0]', 'records[1]'),
      fc.constantFrom({}, {}, { severity: 'critical' as const }, { name: 'by the event' }),
    )
    .map(([rule, path, over]) => makeMatch(rule, { path, ...over }));
  fc.assert(
    fc.property(fc.array(fc.array(match, { minLength: 1, maxLength: 4 }), { maxLength: 20 }), (events) => {
      for (const matches of events) {
        expect(tag({ a: 1 }, matches)).toEqual(tagObject({ a: 1 }, matches));
      }
    }),
  );
});
