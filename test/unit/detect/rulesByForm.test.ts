// The index by forms of records, and fields read only when asked, against the slow twin: the reference evaluator over
// the record written out in ECS.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Engine } from '../../../src/detect/engine.js';
import { ecsForms } from '../../../src/fields/ecsForm.js';
import { sourceMappings } from '../../../src/fields/mappings.js';
import { evaluate } from '../../../src/kql/evaluate.js';
import { type Encodable, encode } from '../../../src/msgpack/encode.js';
import type { Rule } from '../../../src/rules/rule.js';
import { BROKER, makeRule, ruleSetOf } from '../../support/makeRule.js';
import { rawRecords } from '../../support/rawRecords.js';

type Plain = Record<string, unknown>;

const p = 'azure.signinlogs.properties';
const leaf = fc.constantFrom(
  ...['azure.signinlogs', 'azure.auditlogs', 'aws.cloudtrail', 'okta.system', 'x'].map(
    (d) => `event.dataset:${d}`,
  ),
  'data_stream.dataset:(azure.signinlogs or azure.activitylogs)',
  'event.kind:event',
  'event.module:(aws or okta)',
  'event.outcome:success',
  'event.outcome:failure',
  'event.action:("Sign-in activity" or "Update user" or x)',
  `${p}.authentication_protocol:deviceCode`,
  `${p}.app_id:(${BROKER} or x or deviceCode)`,
  `${p}.status.error_code:(0 or 1.5 or 50126)`,
  `${p}.status.error_code > 0`,
  `${p}.*_protocol:(deviceCode or x)`,
  `${p}.conditional_access_audiences:{ application_id:(${BROKER} or x) }`,
  `${p}.conditional_access_audiences.application_id:*`,
  `${p}.status:*`,
  ...['azure', 'azure.signinlogs', p, 'azure.auditlogs', 'source', 'user', 'cloud', 'event', 'geo'].map(
    (o) => `${o}:*`,
  ),
  'azure.auditlogs.properties.target_resources.*.display_name:*',
  'azure.auditlogs.properties.target_resources.0.display_name:(x or A*)',
  'azure.activitylogs.operation_name:*',
  'user.name:*an*',
  'user.name:x',
  'source.ip:*',
  'source.ip:192.0.2.0/24',
  'tags:x',
);
const query: fc.Arbitrary<string> = fc.letrec<{ q: string }>((tie) => ({
  q: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('q'), { minLength: 2, maxLength: 4 }).map((q) => `(${q.join(' and ')})`),
    fc.array(tie('q'), { minLength: 2, maxLength: 4 }).map((q) => `(${q.join(' or ')})`),
    tie('q').map((q) => `not (${q})`),
  ),
})).q;

const word = fc.constantFrom<unknown>(
  'x',
  'deviceCode',
  BROKER,
  'azure.signinlogs',
  0,
  50126,
  '0',
  1.5,
  true,
  null,
  '',
  [],
  {},
  ['x', 0],
);

/** A record with a few of its values replaced. */
const record = fc
  .tuple(fc.constantFrom(...rawRecords), fc.array(fc.tuple(fc.nat(), word), { maxLength: 4 }), fc.boolean())
  .map(([original, changes, listed]): Plain => {
    const copy = structuredClone(original) as Plain;
    for (const [where, value] of changes) {
      const places = placesOf(copy);
      const { holder, key } = places[where % places.length]!;
      holder[key] = structuredClone(value);
    }
    return listed ? { records: [copy] } : copy;
  });

function placesOf(value: unknown): { holder: Plain; key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.keys(value).flatMap((key) => [
    { holder: value as Plain, key },
    ...placesOf((value as Plain)[key]),
  ]);
}

function expectTwins(engine: Engine, rules: readonly Rule[], r: Plain): void {
  const bytes = encode(r as Encodable);
  expect(engine.match(bytes, 0, bytes.length, 0)).toBe(bytes.length);
  const forms = ecsForms(r, sourceMappings);
  const expected = rules.flatMap((rule) => {
    const matching = forms.filter((form) => evaluate(rule.predicate, form.record));
    // What matches as an event is not tried on the records in it.
    const event = matching.filter((form) => form.path === null);
    return (event.length > 0 ? event : matching).map((form) => `${rule.id} ${form.path}`);
  });
  expect(engine.matches.map((m) => `${m.rule.id} ${m.path}`).sort()).toEqual(expected.sort());
}

describe('an object', () => {
  it('exists when anything below it does, whatever the form of the record and wherever that lies', () => {
    const names = new Set(
      sourceMappings.flatMap((m) => [...Object.keys(m.fields), ...Object.keys(m.constants)]),
    );
    for (const mapping of sourceMappings) for (const { ecs } of mapping.trees) names.add(`${ecs}.x`);
    const objects = new Set(
      [...names].flatMap((name) =>
        name
          .split('.')
          .slice(0, -1)
          .map((_, i, all) => all.slice(0, i + 1).join('.')),
      ),
    );
    const rules = [...objects].map((name) => makeRule({ id: name, query: `${name}:*` }));
    expect(rules.length).toBeGreaterThan(30);
    const engine = new Engine(ruleSetOf(...rules), { mappings: sourceMappings });
    for (const raw of rawRecords) expectTwins(engine, rules, raw as Plain);
  });
});

describe('a field that lies in a list of objects or is the list', () => {
  it('does not exist in a list of objects that have others only', () => {
    const name = 'azure.signinlogs.properties.conditional_access_audiences.application_id';
    const rules = [makeRule({ id: 'r0', query: `${name}:*` })];
    const engine = new Engine(ruleSetOf(...rules), { mappings: sourceMappings });
    const found = [['x'], [{ applicationId: 'x' }], [{ audienceReasons: 'none' }], []].map((audiences) => {
      const properties = {
        id: '1',
        createdDateTime: '2026-11-20T07:58:00Z',
        conditionalAccessAudiences: audiences,
      };
      expectTwins(engine, rules, { category: 'SignInLogs', operationName: 'Sign-in activity', properties });
      return engine.matches.length;
    });
    expect(found).toEqual([1, 1, 0, 0]);
  });
});

describe('of any rules, over records of any form', () => {
  it('those match that the reference evaluator says match, whatever came before', () => {
    fc.assert(
      fc.property(
        fc.array(query, { minLength: 1, maxLength: 8 }),
        fc.array(record, { minLength: 1, maxLength: 5 }),
        (queries, records) => {
          const rules = queries.map((q, i) => makeRule({ id: `r${i}`, query: q }));
          const engine = new Engine(ruleSetOf(...rules), { mappings: sourceMappings, clock: () => 0 });
          // More than once: the order in which a rule's conditions are asked follows what failed before.
          for (const r of [...records, ...records, ...records]) expectTwins(engine, rules, r);
        },
      ),
      { numRuns: 60 },
    );
  }, 120_000);

  it('and also when there were thousands, by which rules are hung on what fails most', () => {
    const rules = [
      `event.dataset:azure.signinlogs and event.action:"Sign-in activity" and ${p}.app_id:(x or a or b)`,
      `event.kind:event and event.outcome:success and ${p}.authentication_protocol:x`,
      `event.kind:event and (${p}.app_id:x or (event.action:("Update user" or x) and user.name:x))`,
      `event.outcome:(success or failure) and ${p}.app_id:${BROKER} and not source.ip:*`,
      'event.module:azure and azure.auditlogs.properties.target_resources.*.display_name:x',
    ].map((q, i) => makeRule({ id: `r${i}`, query: q }));
    const engine = new Engine(ruleSetOf(...rules), { mappings: sourceMappings, clock: () => 0 });
    const records = fc.sample(record, { numRuns: 1500, seed: 7 });
    // First those of one form, then others.
    records.sort((a, b) => Number('records' in a) - Number('records' in b));
    for (const r of records) expectTwins(engine, rules, r);
    const tried = [...engine.costs().values()].reduce((sum, c) => sum + c.candidates, 0);
    const again = records.slice(0, 500);
    for (const r of again) expectTwins(engine, rules, r);
    const triedAgain = [...engine.costs().values()].reduce((sum, c) => sum + c.candidates, 0) - tried;
    expect(triedAgain / again.length).toBeLessThan(tried / records.length);
  });
});
