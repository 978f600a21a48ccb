// Conditions that ask for whole objects, for fields by pattern or for any value see a raw record as rules name it, just
// as plain conditions do; and explaining says the same as matching.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Engine } from '../../../src/detect/engine.js';
import { ecsForms } from '../../../src/fields/ecsForm.js';
import { sourceMappings } from '../../../src/fields/mappings.js';
import { explain } from '../../../src/kql/evaluate.js';
import { type Encodable, encode } from '../../../src/msgpack/encode.js';
import { makeRule, ruleSetOf } from '../../support/makeRule.js';

type Record_ = { [key: string]: Encodable };

const signIn: Record_ = {
  category: 'SignInLogs',
  tenantId: 't',
  properties: {
    authenticationProtocol: 'deviceCode',
    userPrincipalName: 'ada@example.com',
    status: { errorCode: 0 },
    conditionalAccessAudiences: [{ applicationId: 'a1' }, { applicationId: 'a2' }],
    appliedConditionalAccessPolicies: [
      { displayName: 'mfa', result: 'success' },
      { displayName: 'block', result: 'notApplied' },
    ],
  },
};

function matches(query: string, record: Record_): boolean {
  const engine = new Engine(ruleSetOf(makeRule({ query })), { mappings: sourceMappings });
  const bytes = encode(record);
  engine.match(bytes, 0, bytes.length, 0);
  return engine.matches.length > 0;
}

describe('a raw record', () => {
  const p = 'azure.signinlogs.properties';
  it.each([
    [`${p}.*_protocol:deviceCode`, true],
    [`${p}.*:deviceCode`, true],
    [`${p}.*:other`, false],
    [`not ${p}.*:deviceCode`, false],
    [`${p}.applied_conditional_access_policies:{ display_name:mfa and result:success }`, true],
    [`${p}.applied_conditional_access_policies:{ display_name:block and result:success }`, false],
    [`not ${p}.applied_conditional_access_policies:{ result:failure }`, true],
    [`${p}:{ authentication_protocol:deviceCode and not status:* }`, false],
    ['event.*:azure.signinlogs', true],
    ['*.dataset:azure.signinlogs and event.outcome:success', true],
    ['deviceCode', true],
    ['"azure.signinlogs"', true],
    ['nowhere', false],
  ])('%s is %s', (query, holds) => {
    expect(matches(query, signIn)).toBe(holds);
    const [form] = ecsForms(signIn, sourceMappings);
    expect(explain(makeRule({ query }).predicate, form!.record).matched).toBe(holds);
  });

  it('in an envelope is seen alike', () =>
    expect(
      matches(`${p}.applied_conditional_access_policies:{ display_name:mfa and result:success }`, {
        records: [{ ...signIn, properties: {} }, signIn],
      }),
    ).toBe(true));

  it('whose keys are spelled with dots is seen alike', () =>
    expect(
      matches(`${p}.*_protocol:deviceCode`, {
        category: 'SignInLogs',
        'properties.authenticationProtocol': 'deviceCode',
      }),
    ).toBe(true));
});

it('every condition by a pattern that names one field holds when the plain condition does', () => {
  const fields = [
    ...['event.dataset', 'event.outcome', 'user.name', 'azure.tenant_id'],
    ...[
      'authentication_protocol',
      'user_principal_name',
      'status.error_code',
      'conditional_access_audiences.application_id',
    ].map((name) => `azure.signinlogs.properties.${name}`),
  ];
  const value = fc.constantFrom('x', 'deviceCode', 'a1', 'azure.signinlogs', 'success', '0', 0, true, null);
  const properties = fc.record(
    {
      authenticationProtocol: value,
      userPrincipalName: value,
      status: fc.record({ errorCode: value }, { requiredKeys: [] }),
      conditionalAccessAudiences: fc.array(fc.oneof(value, fc.record({ applicationId: value }))),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      properties,
      fc.constantFrom(...fields),
      fc.constantFrom('x', 'a1', '0', 'success', '*'),
      (p, f, v) => {
        const record = { category: 'SignInLogs', properties: p } as unknown as Record_;
        expect([f, matches(`*${f}:${v}`, record)]).toEqual([f, matches(`${f}:${v}`, record)]);
      },
    ),
    { numRuns: 300 },
  );
});
