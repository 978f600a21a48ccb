// What mappings derive, in the words of rules: the parts of resource ids, parameters as text, categories, lookups.
import { describe, expect, it } from 'vitest';
import { ecsForms } from '../../../src/fields/ecsForm.js';
import { sourceMappings } from '../../../src/fields/mappings.js';
import { mappingsFor, noUserMapping } from '../../../src/fields/userMapping.js';
import { rawRecords, signInRecord } from '../../support/rawRecords.js';

type Plain = Record<string, unknown>;
const [, activity, audit, platform, graph, risky, , , trail, okta] = rawRecords as readonly Plain[] as [
  Plain,
  Plain,
  Plain,
  Plain,
  Plain,
  Plain,
  Plain,
  Plain,
  Plain,
  Plain,
];
const elastic = mappingsFor(sourceMappings, { ...noUserMapping, beyondElastic: false }, '').mappings;

/** A field of the event itself. */
function read(record: object, field: string, mappings = sourceMappings): string[] {
  const [form] = ecsForms(record as Plain, mappings);
  return (form!.fields.get(field) ?? []).map((v) => v.text);
}
const all = (record: object, expected: object): object =>
  Object.fromEntries(Object.keys(expected).map((field) => [field, read(record, field)]));

describe('an activity record', () => {
  it('has the parts of its resource, durations in ns, addresses without a port, the body of the request', () => {
    const expected = {
      'azure.subscription_id': ['5F0C9F0E-0000-4000-8000-000000000003'],
      'azure.resource.group': ['RG'],
      'azure.resource.provider': ['MICROSOFT.STORAGE/STORAGEACCOUNTS'],
      'azure.resource.name': ['ACCT'],
      'event.duration': ['12000000'],
      'source.ip': ['192.0.2.2'],
      'event.outcome': ['success'],
      'azure.activitylogs.identity.authorization.evidence.principal_id': ['principal-1'],
      'azure.activitylogs.identity.claims.appid': ['app-1'],
      'azure.activitylogs.identity.claims_initiated_by_user.name': ['ana@contoso.example'],
      'azure.activitylogs.properties.status_code': ['Accepted'],
      'azure.activitylogs.properties.requestbody.properties.roleDefinitionId': ['/role/1'],
    };
    expect(all(activity, expected)).toEqual(expected);
  });

  it.each([
    [
      '/subscriptions/s/resourceGroups/g/providers/P/namespaces/n/authorizationRules/r',
      {
        'azure.resource.namespace': ['n'],
        'azure.resource.authorization_rule': ['r'],
        'azure.resource.name': [],
      },
    ],
    [
      '/subscriptions/s/resourcegroups/g/providers/P/T/n/sub/x',
      { 'azure.resource.provider': ['P/T'], 'azure.resource.name': ['n/sub/x'] },
    ],
    [
      '/tenants/t/providers/Microsoft.aadiam',
      { 'azure.resource.provider': ['Microsoft.aadiam'], 'azure.subscription_id': [] },
    ],
    [
      'nonsense',
      { 'azure.resource.id': ['nonsense'], 'azure.resource.name': [], 'azure.subscription_id': [] },
    ],
  ])('has of the resource %s the parts', (resourceId, expected) =>
    expect(all({ ...activity, resourceId }, expected)).toEqual(expected),
  );
});

describe('records of Entra and of services', () => {
  it('have what rules ask of them', () => {
    const p = 'azure.platformlogs.properties.log';
    expect(read(platform, `${p}.verb`)).toEqual(['create']);
    expect(read(platform, `${p}.objectRef.resource`)).toEqual(['secrets']);
    expect(read(platform, 'azure.platformlogs.statusCode')).toEqual(['200']);
    expect(read(platform, 'azure.platformlogs.status_code')).toEqual(['200']);
    expect(read(graph, 'url.domain')).toEqual(['graph.microsoft.com']);
    expect(read(graph, 'url.path')).toEqual(['/v1.0/me/messages']);
    expect(read(graph, 'azure.graphactivitylogs.properties.c_idtyp')).toEqual(['user']);
    expect(read(graph, 'azure.graphactivitylogs.properties.scopes')).toEqual(['Mail.Read', 'User.Read']);
    expect(read(risky, 'azure.identityprotection.properties.risk_state')).toEqual(['atRisk']);
    expect(read(risky, '@timestamp')).toEqual(['2026-11-20T15:03:58Z']);
    const details = 'azure.signinlogs.properties.authentication_processing_details';
    expect(read(signInRecord, `${details}.Oauth Scope Info`)).toEqual(['["user_impersonation"]']);
    expect(read(signInRecord, details)).toEqual(['False', '["user_impersonation"]']);
  });
});

describe('a CloudTrail record', () => {
  it('has its parameters as Java prints them, and as they are below flattened', () => {
    const text = '{userName=ben, policyArn=arn:aws:iam::aws:policy/AdministratorAccess, tags=[a, {b=1}]}';
    expect(read(trail, 'aws.cloudtrail.request_parameters')).toEqual([text]);
    expect(read(trail, 'aws.cloudtrail.flattened.request_parameters.userName')).toEqual(['ben']);
    expect(read(trail, 'aws.cloudtrail.response_elements')).toEqual([]);
    const empty = { requestParameters: { a: null, b: '', c: [], d: { e: {} } } };
    expect(read({ ...trail, ...empty }, 'aws.cloudtrail.request_parameters')).toEqual([]);
  });

  it('has what it is about, the names of services apart from addresses, and a category', () => {
    expect(read(trail, 'related.entity')).toContain('arn:aws:iam::aws:policy/AdministratorAccess');
    expect(read(trail, 'entity.target.id')).toEqual(['ben', 'arn:aws:iam::aws:policy/AdministratorAccess']);
    expect(read(trail, 'aws.cloudtrail.resources.arn')).toEqual(['arn:aws:iam::111111111111:user/ben']);
    expect(read(trail, 'tls.client.server_name')).toEqual(['iam.amazonaws.com']);
    expect(read(trail, 'event.category')).toEqual(['iam']);
    const service = { ...trail, sourceIPAddress: 'cloudformation.amazonaws.com' };
    expect(read(service, 'source.ip')).toEqual([]);
    expect(read(service, 'source.address')).toEqual(['cloudformation.amazonaws.com']);
  });

  it.each([
    ['CreateUser', ['user', 'creation']],
    ['DeleteGroup', ['group', 'deletion']],
    ['AddUserToGroup', ['user', 'change']],
    ['ListUsers', ['user', 'info']],
    ['CreateAccessKey', ['user', 'change']],
    ['GetAccountSummary', ['info']],
  ])('of %s has the types %o', (eventName, types) =>
    expect(read({ ...trail, eventName }, 'event.type')).toEqual(types),
  );

  it('of a console login has its outcome and whether MFA was used', () => {
    const login = { ...trail, eventName: 'ConsoleLogin', eventSource: 'signin.amazonaws.com' };
    const used = 'aws.cloudtrail.console_login.additional_eventdata.mfa_used';
    const failed = {
      ...login,
      responseElements: { ConsoleLogin: 'Failure' },
      additionalEventData: { MFAUsed: 'No' },
    };
    expect(read(failed, 'event.outcome')).toEqual(['failure']);
    expect(read(failed, used)).toEqual(['false']);
    expect(read(failed, 'event.category')).toEqual(['authentication']);
  });
});

describe('an Okta event', () => {
  it('has its categories, its network, its target and its risk', () => {
    const expected = {
      'event.category': ['authentication', 'session'],
      'event.type': ['start', 'user'],
      'okta.security_context.as.number': ['64496'],
      'source.as.organization.name': ['Example'],
      'user.target.full_name': ['Ben'],
      'okta.debug_context.debug_data.threat_suspected': ['false'],
      'okta.debug_context.debug_data.flattened.privilegeGranted': ['Super administrator'],
    };
    expect(all(okta, expected)).toEqual(expected);
    const debugContext = { debugData: { risk: '{reasons=Anomalous Location, level=HIGH}' } };
    expect(read({ ...okta, debugContext }, 'okta.debug_context.debug_data.risk_level')).toEqual(['HIGH']);
  });
});

describe('where the mapping sees more than Elastic, beyond_elastic: false', () => {
  const properties = signInRecord['properties'] as Plain;
  const p = 'azure.auditlogs.properties.target_resources.0.modified_properties';
  it.each([
    [
      'an error code as text',
      { ...signInRecord, properties: { ...properties, status: { errorCode: '0' } } },
      'event.outcome',
    ],
    [
      'the network that a sign-in says',
      { ...signInRecord, properties: { ...properties, autonomousSystemNumber: 64496 } },
      'source.as.number',
    ],
    [
      'the protocol of an activity record',
      { category: 'Administrative', properties: { authenticationProtocol: 'deviceCode' } },
      'azure.activitylogs.properties.authentication_protocol',
    ],
    ['the type of an operation', activity, 'event.type'],
    ['the network that Okta says', okta, 'source.as.number'],
    ['the system that Okta says', okta, 'user_agent.os.name'],
    ['a change at another place of the list', audit, `${p}.7.new_value`],
  ])('turns off %s', (_, record, field) => {
    expect(read(record, field)).not.toEqual([]);
    expect(read(record, field, elastic)).toEqual([]);
  });

  it('leaves what stands at the very place of a list, and one object for an audience', () => {
    expect(read(audit, `${p}.1.new_value`, elastic)).toEqual(['y']);
    const one = { ...signInRecord, properties: { conditionalAccessAudiences: { applicationId: 'a' } } };
    const audience = 'azure.signinlogs.properties.conditional_access_audiences.application_id';
    expect(read(one, audience, elastic)).toEqual(['a']);
  });
});

describe('what an earlier stage puts beside a raw record', () => {
  it('counts where the mapping has no source of its own', () => {
    const enriched = { ...trail, source: { as: { number: 64496 } }, 'user_agent.name': 'aws-cli' };
    expect(read(enriched, 'source.as.number')).toEqual(['64496']);
    expect(read(enriched, 'user_agent.name')).toEqual(['aws-cli']);
  });
});
