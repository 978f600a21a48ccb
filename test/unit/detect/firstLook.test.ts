// The first look against full judgement: an engine that has seen every field before answers as one that has seen none.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Engine } from '../../../src/detect/engine.js';
import { sourceMappings } from '../../../src/fields/mappings.js';
import { type Encodable, encode } from '../../../src/msgpack/encode.js';
import { BROKER, makeRule, ruleSetOf } from '../../support/makeRule.js';

const NOW = Date.UTC(2026, 10, 20);
const queries = [
  'azure.signinlogs.properties.authentication_protocol:deviceCode and event.outcome:success',
  `azure.signinlogs.properties.conditional_access_audiences.application_id:${BROKER}`,
  'event.action:("Sign-in activity" or Update*)',
  'azure.signinlogs.properties.status.error_code:(0 or 50126)',
  'user.name:*admin* and source.ip:*',
  'event.outcome:failure and azure.activitylogs.operation_name:*',
  'event.dataset:okta.system and user.email:x@example.com',
  'user.name:admin and user.domain:example.com and not (url.path:x or user.target.id:x)',
];

const word = fc.constantFrom<Encodable>(
  'deviceCode',
  'none',
  BROKER,
  'x',
  'admin',
  0,
  50126,
  '0',
  true,
  null,
);
const properties = fc.record(
  {
    id: word,
    appId: word,
    authenticationProtocol: word,
    conditionalAccessAudiences: fc.oneof(
      word,
      fc.array(fc.record({ applicationId: word }), { maxLength: 2 }),
    ),
    status: fc.record({ errorCode: word }),
    userPrincipalName: fc.constantFrom('admin@example.com', 'x@example.com', 'x', ''),
    ipAddress: fc.constantFrom('198.51.100.7', ''),
  },
  { requiredKeys: [], noNullPrototype: true },
) as fc.Arbitrary<{ [key: string]: Encodable }>;
const snake = (o: { [key: string]: Encodable }): { [key: string]: Encodable } =>
  Object.fromEntries(
    Object.entries(o).map(([k, v]) => [k.replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase(), v]),
  );

/** One record in any of the forms in which a sign-in, an activity or something else can come. */
const record: fc.Arbitrary<Encodable> = fc
  .tuple(fc.nat(10), properties, word)
  .map(([form, p, w]): Encodable => {
    switch (form) {
      case 0:
        return signIn(p);
      case 1:
        return {
          event: { dataset: 'azure.signinlogs', outcome: 'success' },
          azure: { signinlogs: { properties: snake(p) } },
        };
      case 2:
        return { 'event.dataset': 'okta.system', 'user.email': 'x@example.com', 'event.action': w };
      case 3:
        return {
          Type: 'SigninLogs',
          AuthenticationProtocol: w,
          ConditionalAccessAudiences: JSON.stringify([p]),
        };
      case 4:
        return { records: [{ category: 'SignInLogs', properties: p }, { event: { action: w } }] };
      case 5:
        return { message: JSON.stringify({ category: 'SignInLogs', properties: p }), user: { name: w } };
      case 6:
        return { createdDateTime: '2026-11-20', ...p };
      case 7:
        return { event: { action: w }, url: { path: 'x' }, records: [signIn(p), { user: { name: w } }] };
      case 8:
        return {
          eventType: 'user.session.start',
          published: '2026-11-20T00:00:00Z',
          actor: { alternateId: w },
          target: [{ id: w, type: p.id ?? 'User', displayName: 'x' }],
        };
      case 9:
        return {
          resourceId: '/SUBSCRIPTIONS/X',
          operationName: w,
          category: 'Administrative',
          resultType: w,
          properties: p,
        };
      default:
        return { message: w, user: { name: w }, source: { ip: '198.51.100.7' }, event: { action: w } };
    }
  });

function signIn(properties: Encodable): Encodable {
  return { category: 'SignInLogs', time: '2026-11-20T00:00:00Z', properties };
}

function answers(engine: Engine, bytes: Buffer): string[] {
  expect(engine.match(bytes, 0, bytes.length, NOW)).toBe(bytes.length);
  return engine.matches.map((m) => `${m.rule.id} ${m.path}`);
}

describe('an engine that has seen it all', () => {
  it('finds in any record what a new one finds, whatever the form and the order', () => {
    fc.assert(
      fc.property(
        fc.subarray(queries, { minLength: 1 }),
        fc.array(record, { minLength: 1, maxLength: 8 }),
        (some, records) => {
          const rules = ruleSetOf(...some.map((query, i) => makeRule({ id: `r${i}`, query })));
          const engine = new Engine(rules, { mappings: sourceMappings });
          for (const r of [...records, ...records]) {
            const bytes = Buffer.concat([encode(r)]);
            expect(answers(engine, bytes)).toEqual(
              answers(new Engine(rules, { mappings: sourceMappings }), bytes),
            );
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('knows of every field whether any record had it', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 8 }), (records) => {
        const rules = ruleSetOf(...queries.map((query, i) => makeRule({ id: `r${i}`, query })));
        const engine = new Engine(rules, { mappings: sourceMappings });
        const seen = new Set<string>();
        for (const r of records) {
          const bytes = encode(r);
          answers(engine, bytes);
          const alone = new Engine(rules, { mappings: sourceMappings });
          answers(alone, bytes);
          for (const f of alone.fieldsSeen()) if (f.seen) seen.add(f.field);
        }
        for (const f of engine.fieldsSeen()) expect([f.field, f.seen]).toEqual([f.field, seen.has(f.field)]);
      }),
      {
        numRuns: 50,
        examples: [[[signIn({ status: { errorCode: 'deviceCode' } }), signIn({})]]],
      },
    );
  });
});
