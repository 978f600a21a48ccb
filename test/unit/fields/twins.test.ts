// The walk over bytes reads raw records as the slow reading of plain values does: every field, in every form.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Engine } from '../../../src/detect/engine.js';
import { type EcsForm, ecsForms } from '../../../src/fields/ecsForm.js';
import { sourceMappings } from '../../../src/fields/mappings.js';
import { type Encodable, encode } from '../../../src/msgpack/encode.js';
import { makeRule, ruleSetOf } from '../../support/makeRule.js';
import { rawRecords } from '../../support/rawRecords.js';

type Plain = Record<string, unknown>;

/** Every field that a mapping names, and those of its trees that the records have. */
const fields = [
  ...new Set([
    ...sourceMappings.flatMap((m) => [...Object.keys(m.constants), ...Object.keys(m.fields)]),
    ...rawRecords.flatMap((record) => ecsForms(record, sourceMappings).flatMap((f) => [...f.fields.keys()])),
  ]),
].filter((name) => /^[\w.]+$/.test(name));

const rule = makeRule({ query: `not nobody.has.this:* or ${fields.map((f) => `${f}:*`).join(' or ')}` });
const engine = new Engine(ruleSetOf(rule), { mappings: sourceMappings });

type Readings = Record<string, Record<string, readonly string[]>>;

function fromBytes(event: Plain): Readings {
  const bytes = encode(event as Encodable);
  expect(engine.match(bytes, 0, bytes.length, 0)).toBe(bytes.length);
  return Object.fromEntries(
    engine.matches.map(({ path, view }) => [
      path ?? '',
      Object.fromEntries(fields.map((f) => [f, view.values(f)] as const).filter(([, v]) => v.length > 0)),
    ]),
  );
}

function fromValues(event: Plain): Readings {
  const judged: EcsForm[] = [];
  // The rule matches everything: what is inside a record that it matched is not tried again.
  for (const form of ecsForms(event, sourceMappings))
    if (!judged.some((around) => around.path === null || form.path?.startsWith(`${around.path}.`)))
      judged.push(form);
  const wanted = new Set(fields);
  return Object.fromEntries(
    judged.map((form) => [
      form.path ?? '',
      Object.fromEntries(
        [...form.fields].filter(([f]) => wanted.has(f)).map(([f, values]) => [f, values.map((v) => v.text)]),
      ),
    ]),
  );
}

const odd = fc.constantFrom<unknown>(
  null,
  '',
  '0',
  'x',
  -1,
  2 ** 40,
  1.5,
  true,
  [],
  {},
  [null, 'a', ['b']],
  { key: 'k', value: 'v' },
  '{"errorCode":"50126"}',
  '[{"applicationId":"a"},"b"]',
  '"{\\"errorCode\\":1}"',
);

/** A record with some of its values, at any depth, replaced by odd ones, put as JSON text, or in a list. */
const oddRecord = fc
  .tuple(
    fc.constantFrom(...rawRecords),
    fc.array(fc.tuple(fc.nat(), fc.oneof(odd, fc.constantFrom('as text', 'in a list')), fc.nat(9)), {
      maxLength: 4,
    }),
  )
  .map(([record, changes]) => {
    const copy = structuredClone(record) as Plain;
    for (const [where, what, kind] of changes) {
      const places = placesOf(copy);
      const { holder, key } = places[where % places.length]!;
      const value = holder[key];
      holder[key] = kind < 4 ? structuredClone(what) : kind < 7 ? JSON.stringify(value ?? null) : [value];
    }
    return copy;
  });

function placesOf(value: unknown): { holder: Plain; key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.keys(value).flatMap((key) => [
    { holder: value as Plain, key },
    ...placesOf((value as Plain)[key]),
  ]);
}

const ways: readonly ((record: Plain) => Plain)[] = [
  (r) => r,
  (r) => ({ records: [r, { other: 1 }, r] }),
  (r) => ({ message: ` ${JSON.stringify(r)}\n`, event: { dataset: 'azure.events', id: 'outer' } }),
  (r) => ({ log: JSON.stringify(JSON.stringify(r)), kubernetes: { pod: 'p' } }),
  (r) => ({ topic: 't', payload: r }),
  (r) => ({ payload: JSON.stringify([r, r]), error: null }),
  (r) => ({ ...r, message: '{"a":1}' }),
  (r) => ({ logEvents: [{ id: '1', message: JSON.stringify(r) }], owner: 'o' }),
  (r) => ({ message: r, 'event.dataset': 'x' }),
  (r) => ({ value: [JSON.stringify(r)] }),
];
const event = fc
  .tuple(oddRecord, fc.array(fc.nat(ways.length - 1), { minLength: 1, maxLength: 3 }))
  .map(([record, chosen]) => chosen.reduce((r, way) => ways[way]!(r), record));

describe('a raw record', () => {
  it.each(rawRecords.map((record, i) => [i, record] as const))(
    'of form %i is read alike from bytes and from values',
    (_, record) => {
      expect(fromBytes(record as Plain)).toEqual(fromValues(record as Plain));
    },
  );

  it('is read alike from bytes and from values, whatever it holds and however it travels', () => {
    fc.assert(
      fc.property(event, (e) => {
        expect(fromBytes(e)).toEqual(fromValues(e));
      }),
      { numRuns: 400 },
    );
  }, 120_000);
});
