import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Engines } from '../../../src/detect/engines.js';
import { recordTime } from '../../../src/detect/recordTime.js';
import { sourceMappings } from '../../../src/fields/mappings.js';
import { JsonError, jsonToMsgpack } from '../../../src/msgpack/json.js';
import { makeRule, ruleSetOf } from '../../support/makeRule.js';
import { match } from '../../support/records.js';

const engineOf = (...queries: string[]) =>
  new Engines(
    ruleSetOf(...queries.map((query, i) => makeRule({ id: `r${i}`, query }))),
    { routes: {}, fieldMapping: { constants: [], aliases: {}, jsonText: [] } as never },
    { mappings: sourceMappings },
  ).for('');

const plainRules = engineOf(
  'event.dataset: azure.signinlogs and event.outcome: success',
  'a: b',
  'a.b: *',
  'a.c: 7',
  'user.name: é*',
  'not a: * and b: true',
);
const openRules = engineOf('a*: b', 'a: { b: c }', 'anything');

/** What the fast reading says of a line; null: it leaves it to the slow one. */
const fast = (engine: ReturnType<typeof engineOf>, text: string): boolean | null => {
  const bytes = Buffer.from(`x${text}x`);
  const reduction = engine.jsonReduction;
  const length = reduction.reduce(bytes, 1, bytes.length - 1);
  return length < 0 ? null : engine.mayMatch(reduction.record, 0, length);
};
const slow = (engine: ReturnType<typeof engineOf>, text: string): boolean => {
  const bytes = jsonToMsgpack(text);
  engine.match(bytes, 0, bytes.length, 0);
  return engine.matches.length > 0;
};

const key = fc.constantFrom(
  'a',
  'b',
  'c',
  'a.b',
  'event',
  'dataset',
  'outcome',
  'properties',
  'records',
  'time',
  'user',
  'name',
  'é',
  'x\n',
);
const scalar = fc.oneof(
  fc.constantFrom('b', 'c', 'azure.signinlogs', 'success', 'élan', 'anything', '{"a":"b"}', 'q"\\/\u0001'),
  fc.integer({ min: 0, max: 12 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);
const { value } = fc.letrec<{ value: unknown; map: unknown; array: unknown }>((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, scalar, tie('map'), tie('array')),
  map: fc.dictionary(key, tie('value'), { maxKeys: 5 }),
  array: fc.array(tie('value'), { maxLength: 3 }),
}));
const record = fc.dictionary(key, value, { maxKeys: 6 });
const layout = fc.constantFrom(undefined, 1, '\t');

describe('the reduced reading of JSON', () => {
  it('finds that nothing can match exactly where the whole reading finds nothing', () => {
    fc.assert(
      fc.property(record, layout, fc.boolean(), (r, indent, whole) => {
        const engine = whole ? openRules : plainRules;
        const text = JSON.stringify(r, null, indent);
        const found = fast(engine, text);
        if (found !== null) expect(found).toBe(slow(engine, text));
      }),
      { numRuns: 3000 },
    );
  });

  it('takes nothing for JSON that is none, wherever a character is changed, dropped or put in', () => {
    const texts = record.map((r) => JSON.stringify(r));
    const edit = fc.tuple(
      fc.nat(),
      fc.constantFrom('', '"', '{', '}', ',', ':', '0', 'e', '\\', '\u0001', ' ', 't'),
      fc.nat(1),
    );
    fc.assert(
      fc.property(texts, edit, (text, [n, put, drop]) => {
        const at = n % (text.length + 1);
        const broken = text.slice(0, at) + put + text.slice(at + drop);
        let valid = true;
        try {
          jsonToMsgpack(broken);
        } catch (error) {
          expect(error).toBeInstanceOf(JsonError);
          valid = false;
        }
        if (!valid) expect(fast(plainRules, broken)).toBeNull();
      }),
      { numRuns: 3000 },
    );
  });

  it('keeps what the event’s time is read from', () => {
    const times = [
      '2026-03-10T09:30:41.9879036Z',
      '2026-03-10T09:30:41Z',
      '1773135041',
      'no time',
      '03/10/2026 9:30:41 AM',
    ];
    for (const text of times)
      for (const name of ['@timestamp', 'time', 'createdDateTime', 'other']) {
        const line = JSON.stringify({ z: 1, [name]: text, a: { time: 'x' } });
        const bytes = Buffer.from(line);
        const reduction = plainRules.jsonReduction;
        const length = reduction.reduce(bytes, 0, bytes.length);
        const whole = recordTime(jsonToMsgpack(line), 0);
        expect(recordTime(reduction.record.subarray(0, length), 0)).toEqual(whole);
        if (reduction.isTimed) expect(whole).not.toBeNull();
      }
  });

  it('reads the records that a sign-in carries without asking the slow twin', () => {
    expect(fast(plainRules, JSON.stringify(match('a')))).toBe(true);
    expect(fast(plainRules, JSON.stringify({ records: [match('a')] }))).toBe(true);
    expect(fast(plainRules, '{"a":"c","n":[1,-2.5e3,{"x":{}}],"s":"\\u00e9\\n"}')).toBe(false);
  });
});
