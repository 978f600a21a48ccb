// Rows of Log Analytics tables: PascalCase columns, some of them JSON text.
import { describe, expect, it } from 'vitest';
import { sourceMappings } from '../../../src/fields/mappings.js';
import { mappedValues, recognise } from '../../../src/fields/view.js';

/** The values of a field; null: no mapping knows the record. */
function read(record: object, field: string): string[] | null {
  const mapping = recognise(record, sourceMappings);
  return mapping && mappedValues(record, mapping, field).map((v) => v.text);
}
/** The fields that `expected` names, as the record has them. */
const like = (record: object, expected: object) =>
  Object.fromEntries(Object.keys(expected).map((field) => [field, read(record, field)]));

const P = 'azure.signinlogs.properties';
const AUDIENCE = `${P}.conditional_access_audiences.application_id`;
const row = {
  Type: 'SigninLogs',
  Category: 'SignInLogs',
  TenantId: 'workspace-1',
  AADTenantId: 'tenant-1',
  Id: 'sign-in-1',
  CorrelationId: 'correlation-1',
  OperationName: 'Sign-in activity',
  ResultType: '0',
  ResultSignature: 'None',
  Identity: 'Ana Díaz',
  UserId: 'user-1',
  UserPrincipalName: 'ana@contoso.example',
  UserDisplayName: 'Ana Díaz',
  UserAgent: 'Mozilla/5.0',
  IPAddress: '2001:db8::7',
  Location: 'ES',
  AppId: 'app-1',
  AuthenticationProtocol: 'deviceCode',
  CreatedDateTime: '2026-11-20T07:58:00Z',
};

describe('a sign-in row of Log Analytics', () => {
  it.each([
    'SigninLogs',
    'AADNonInteractiveUserSignInLogs',
    'AADServicePrincipalSignInLogs',
    'AADManagedIdentitySignInLogs',
    'ADFSSignInLogs',
  ])('of table %s is of dataset azure.signinlogs', (Type) => {
    const expected = { 'event.dataset': ['azure.signinlogs'], [`${P}.app_id`]: ['app-1'] };
    expect(like({ Type, AppId: 'app-1' }, expected)).toEqual(expected);
  });

  it.each([
    ['its category and result', { Category: 'NonInteractiveUserSignInLogs', ResultType: '0' }],
    ['its protocol and result', { AuthenticationProtocol: 'none', ResultType: '0' }],
  ])('without its table is known by %s', (_, columns) =>
    expect(read(columns, 'event.dataset')).toEqual(['azure.signinlogs']),
  );

  it('has the fields of the same record from Azure Monitor', () => {
    const expected = {
      'data_stream.dataset': ['azure.signinlogs'],
      'event.category': ['authentication'],
      'event.action': ['Sign-in activity'],
      'event.id': ['sign-in-1'],
      'user.id': ['user-1'],
      'user.name': ['ana@contoso.example'],
      'user.email': ['ana@contoso.example'],
      'user.full_name': ['Ana Díaz'],
      'user_agent.original': ['Mozilla/5.0'],
      'source.ip': ['2001:db8::7'],
      'related.ip': ['2001:db8::7'],
      'geo.country_iso_code': ['ES'],
      'azure.correlation_id': ['correlation-1'],
      'azure.signinlogs.category': ['SignInLogs'],
      'azure.signinlogs.identity': ['Ana Díaz'],
      'azure.signinlogs.operation_name': ['Sign-in activity'],
      'azure.signinlogs.result_type': ['0'],
      'azure.signinlogs.result_signature': ['None'],
      [`${P}.created_at`]: ['2026-11-20T07:58:00Z'],
      [`${P}.app_id`]: ['app-1'],
      [`${P}.authentication_protocol`]: ['deviceCode'],
    };
    expect(like(row, expected)).toEqual(expected);
  });

  it('has the tenant of the directory, not of the workspace', () =>
    expect(read(row, 'azure.tenant_id')).toEqual(['tenant-1']));

  it('has the name of its service principal where there is no user', () => {
    const principal = { Type: 'AADServicePrincipalSignInLogs', ServicePrincipalName: 'backup' };
    expect(read(principal, 'user.name')).toEqual(['backup']);
  });

  it.each([
    [
      'a JSON text of objects',
      '[{"applicationId":"app-2","audienceReasons":"none"},{"applicationId":"app-3"}]',
      ['app-2', 'app-3'],
    ],
    ['a JSON text of one object', '{"applicationId":"app-2"}', ['app-2']],
    ['a list of objects', [{ applicationId: 'app-2' }], ['app-2']],
    ['a list of strings', ['app-2'], ['app-2']],
    ['a plain string', 'app-2', ['app-2']],
    ['an empty list as JSON text', '[]', []],
    ['a text that only starts like JSON', '[app-2', []],
  ])('has the audiences of %s', (_, ConditionalAccessAudiences, ids) =>
    expect(read({ ...row, ConditionalAccessAudiences }, AUDIENCE)).toEqual(ids),
  );

  it('is looked into where a column holds JSON text, as where it holds the object', () => {
    const expected = {
      [`${P}.device_detail.operating_system`]: ['Windows 10'],
      [`${P}.authentication_details.authentication_method`]: ['Password', 'SMS'],
      'geo.city_name': ['Sevilla'],
    };
    const columns = {
      DeviceDetail: { operatingSystem: 'Windows 10' },
      AuthenticationDetails: [{ authenticationMethod: 'Password' }, { authenticationMethod: 'SMS' }],
      LocationDetails: { city: 'Sevilla' },
    };
    const texts = Object.fromEntries(Object.entries(columns).map(([k, v]) => [k, JSON.stringify(v)]));
    expect(like({ ...row, ...columns }, expected)).toEqual(expected);
    expect(like({ ...row, ...texts }, expected)).toEqual(expected);
  });

  it.each([
    ['is success for code 0', { Status: { errorCode: 0 } }, ['success']],
    ['is failure above 0', { Status: { errorCode: 50126 } }, ['failure']],
    ['is nothing below 0', { Status: { errorCode: -1 } }, []],
    ['is that of a status as JSON text', { Status: '{"errorCode":50126}' }, ['failure']],
    [
      'is that of the status before that of the result',
      { Status: { errorCode: 0 }, ResultType: '50126' },
      ['success'],
    ],
    ['is that of the result without a status', { ResultType: '50126' }, ['failure']],
    ['is success for result 0', {}, ['success']],
    ['is that of the result when the status has no code', { Status: '{}', ResultType: '50126' }, ['failure']],
  ])('has an outcome that %s', (_, columns, outcome) =>
    expect(read({ ...row, ...columns }, 'event.outcome')).toEqual(outcome),
  );
});

describe('an activity row of Log Analytics', () => {
  const activity = {
    Type: 'AzureActivity',
    OperationNameValue: 'MICROSOFT.KEYVAULT/VAULTS/WRITE',
    OperationName: 'Update vault',
    ActivityStatusValue: 'Success',
    EventDataId: 'activity-1',
    Caller: 'ana@contoso.example',
    CallerIpAddress: '192.0.2.1',
    CorrelationId: 'correlation-1',
    SubscriptionId: 'subscription-1',
    _ResourceId: '/vaults/v',
    ResourceGroup: 'group-1',
    Properties: '{"appId":"app-1","statusCode":"Created"}',
  };

  it('is of dataset azure.activitylogs, with who did what', () => {
    const expected = {
      'event.dataset': ['azure.activitylogs'],
      'data_stream.dataset': ['azure.activitylogs'],
      'event.action': ['MICROSOFT.KEYVAULT/VAULTS/WRITE'],
      'event.outcome': ['success'],
      'event.id': ['activity-1'],
      'user.name': ['ana@contoso.example'],
      'user.email': ['ana@contoso.example'],
      'source.ip': ['192.0.2.1'],
      'azure.correlation_id': ['correlation-1'],
      'azure.resource.id': ['/vaults/v'],
      'azure.subscription_id': ['subscription-1'],
      'azure.activitylogs.operation_name': ['MICROSOFT.KEYVAULT/VAULTS/WRITE'],
      'azure.activitylogs.result_type': ['Success'],
      'azure.activitylogs.resource_group': ['group-1'],
    };
    expect(like(activity, expected)).toEqual(expected);
  });

  it('keeps the keys inside its properties as they are written, in JSON text and out of it', () => {
    const expected = {
      'azure.activitylogs.properties.appId': ['app-1'],
      'azure.activitylogs.properties.app_id': [],
    };
    expect(like(activity, expected)).toEqual(expected);
    expect(like({ ...activity, Properties: { appId: 'app-1' } }, expected)).toEqual(expected);
  });

  it('has no outcome when it only starts', () =>
    expect(read({ ...activity, ActivityStatusValue: 'Start' }, 'event.outcome')).toEqual([]));

  it('has no user.email when its caller is no address', () =>
    expect(read({ ...activity, Caller: 'c3813493' }, 'user.email')).toEqual([]));
});

describe('an audit row of Log Analytics', () => {
  it('is of dataset azure.auditlogs, with who did what', () => {
    const audit = {
      Type: 'AuditLogs',
      Id: 'audit-1',
      OperationName: 'Add member to role',
      Category: 'RoleManagement',
      Result: 'failure',
      Identity: 'Ana Díaz',
      AADTenantId: 'tenant-1',
      InitiatedBy: '{"user":{"id":"user-1"}}',
      LoggedByService: 'Core Directory',
    };
    const expected = {
      'event.dataset': ['azure.auditlogs'],
      'data_stream.dataset': ['azure.auditlogs'],
      'event.action': ['Add member to role'],
      'event.outcome': ['failure'],
      'event.id': ['audit-1'],
      'azure.tenant_id': ['tenant-1'],
      'azure.auditlogs.operation_name': ['Add member to role'],
      'azure.auditlogs.category': ['RoleManagement'],
      'azure.auditlogs.identity': ['Ana Díaz'],
      'azure.auditlogs.properties.logged_by_service': ['Core Directory'],
      'azure.auditlogs.properties.initiated_by.user.id': ['user-1'],
    };
    expect(like(audit, expected)).toEqual(expected);
  });
});
