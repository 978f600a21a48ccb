// Activity, audit, Graph activity, identity protection and other records of Azure Monitor.
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

const categories = [
  ...['Administrative', 'Security', 'ServiceHealth', 'Alert', 'Recommendation', 'Policy', 'Autoscale'],
  ...['ResourceHealth', 'Write', 'Delete', 'Action'],
];
const activity = {
  time: '2026-11-20T08:00:00Z',
  resourceId: '/subscriptions/1/vaults/v',
  operationName: 'MICROSOFT.KEYVAULT/VAULTS/WRITE',
  operationVersion: '2026-01',
  category: 'Administrative',
  resultType: 'Success',
  resultSignature: 'Succeeded.Created',
  correlationId: 'correlation-1',
  tenantId: 'tenant-1',
  callerIpAddress: '198.51.100.7',
  level: 'Information',
  identity: {
    authorization: {
      evidence: {
        role: 'Owner',
        principalId: 'principal-1',
        principalType: 'User',
        roleAssignmentId: 'assignment-1',
        roleAssignmentScope: '/subscriptions/1',
        roleDefinitionId: 'definition-1',
      },
    },
    claims: { appid: 'app-1', upn: 'ana@contoso.example' },
  },
  properties: { appId: 'app-2', serviceRequestId: 'request-1', statusCode: 'Created', hierarchyId: 'h/1' },
};

describe('an activity record', () => {
  it.each(categories)('of category %s is of dataset azure.activitylogs', (category) => {
    const expected = {
      'event.dataset': ['azure.activitylogs'],
      'data_stream.dataset': ['azure.activitylogs'],
      'event.kind': ['event'],
    };
    expect(like({ ...activity, category }, expected)).toEqual(expected);
  });

  it('has the names of the fixed list', () => {
    const evidence = 'azure.activitylogs.identity.authorization.evidence';
    const expected = {
      'event.action': ['MICROSOFT.KEYVAULT/VAULTS/WRITE'],
      'azure.activitylogs.operation_name': ['MICROSOFT.KEYVAULT/VAULTS/WRITE'],
      'azure.activitylogs.operation_version': ['2026-01'],
      'azure.activitylogs.result_type': ['Success'],
      'azure.activitylogs.result_signature': ['Succeeded.Created'],
      'azure.activitylogs.tenant_id': ['tenant-1'],
      'azure.correlation_id': ['correlation-1'],
      'azure.resource.id': ['/subscriptions/1/vaults/v'],
      'azure.activitylogs.properties.service_request_id': ['request-1'],
      'azure.activitylogs.properties.status_code': ['Created'],
      [`${evidence}.principal_id`]: ['principal-1'],
      [`${evidence}.principal_type`]: ['User'],
      [`${evidence}.role_assignment_id`]: ['assignment-1'],
      [`${evidence}.role_assignment_scope`]: ['/subscriptions/1'],
      [`${evidence}.role_definition_id`]: ['definition-1'],
      [`${evidence}.role`]: ['Owner'],
      'source.ip': ['198.51.100.7'],
      'log.level': ['Information'],
      'user.email': ['ana@contoso.example'],
    };
    expect(like(activity, expected)).toEqual(expected);
  });

  it('keeps every other key as it is written', () => {
    const expected = {
      'azure.activitylogs.properties.appId': ['app-2'],
      'azure.activitylogs.properties.app_id': [],
      'azure.activitylogs.properties.hierarchyId': ['h/1'],
      'azure.activitylogs.identity.claims.appid': ['app-1'],
    };
    expect(like(activity, expected)).toEqual(expected);
  });

  it('has its authenticationProtocol under the name that the seed rule reads, too', () => {
    const protocol = 'azure.activitylogs.properties.authentication_protocol';
    const camel = { ...activity, properties: { authenticationProtocol: 'deviceCode' } };
    expect(read(camel, protocol)).toEqual(['deviceCode']);
    expect(read(camel, 'azure.activitylogs.properties.authenticationProtocol')).toEqual(['deviceCode']);
    expect(read({ ...activity, properties: { authentication_protocol: 'ropc' } }, protocol)).toEqual([
      'ropc',
    ]);
    expect(read(activity, protocol)).toEqual([]);
  });

  it('is read the same when properties came as JSON text', () => {
    const expected = {
      'azure.activitylogs.properties.appId': ['app-2'],
    };
    expect(like({ ...activity, properties: JSON.stringify(activity.properties) }, expected)).toEqual(
      expected,
    );
  });

  it.each([
    ['FAILURE', ['failure']],
    ['Succeeded', ['success']],
    ['Failed', ['failure']],
    ['Start', []],
    ['0', []],
  ])('has for result %s the outcome %o', (resultType, outcome) =>
    expect(read({ ...activity, resultType }, 'event.outcome')).toEqual(outcome),
  );

  it('has the outcome of its properties when the result says none', () => {
    const properties = { result: 'failure' };
    expect(read({ ...activity, resultType: 'Start', properties }, 'event.outcome')).toEqual(['failure']);
    expect(read({ ...activity, properties }, 'event.outcome')).toEqual(['success']);
  });

  it.each([
    ['Microsoft.KeyVault/vaults/write', ['change']],
    ['MICROSOFT.EVENTHUB/RULES/LISTKEYS/ACTION', ['change']],
    ['Microsoft.KeyVault/vaults/delete', ['deletion']],
    ['Microsoft.KeyVault/vaults/read', ['access']],
    ['Sign-in activity', []],
  ])('of operation %s is of type %o', (operationName, type) =>
    expect(read({ ...activity, operationName }, 'event.type')).toEqual(type),
  );

  it.each([
    ['198.51.100.7:443', '198.51.100.7'],
    ['2001:db8::7', '2001:db8::7'],
  ])('that came from %s has the address %s', (callerIpAddress, ip) => {
    const expected = { 'source.ip': [ip], 'related.ip': [ip] };
    expect(like({ ...activity, callerIpAddress }, expected)).toEqual(expected);
  });
});

describe('an audit record', () => {
  const audit = {
    category: 'AuditLogs',
    operationName: 'Add member to role',
    tenantId: 'tenant-1',
    callerIpAddress: '192.0.2.1',
    properties: {
      id: 'audit-1',
      result: 'success',
      activityDisplayName: 'Add member to role',
      loggedByService: 'Core Directory',
      initiatedBy: {
        user: { id: 'user-1', userPrincipalName: 'ana@contoso.example', ipAddress: '192.0.2.9:5000' },
      },
    },
  };

  it('is of dataset azure.auditlogs, with who did what', () => {
    const expected = {
      'event.dataset': ['azure.auditlogs'],
      'data_stream.dataset': ['azure.auditlogs'],
      'event.action': ['Add member to role'],
      'event.outcome': ['success'],
      'event.id': ['audit-1'],
      'user.id': ['user-1'],
      'user.name': ['ana@contoso.example'],
      'source.ip': ['192.0.2.9'],
      'azure.tenant_id': ['tenant-1'],
      'azure.auditlogs.operation_name': ['Add member to role'],
      'azure.auditlogs.properties.activity_display_name': ['Add member to role'],
      'azure.auditlogs.properties.logged_by_service': ['Core Directory'],
      'azure.auditlogs.properties.initiated_by.user.id': ['user-1'],
    };
    expect(like(audit, expected)).toEqual(expected);
  });

  it('has the address of the caller when its user has none', () =>
    expect(read({ ...audit, properties: { id: 'audit-2' } }, 'source.ip')).toEqual(['192.0.2.1']));
});

describe('the other categories', () => {
  it('a Graph activity record is of dataset azure.graphactivitylogs, with its request', () => {
    const requestUri = 'https://graph.microsoft.com/v1.0/users?$top=5#x';
    const record = {
      category: 'MicrosoftGraphActivityLogs',
      callerIpAddress: '192.0.2.1',
      properties: {
        requestMethod: 'GET',
        responseStatusCode: 200,
        requestUri,
        userAgent: 'curl/8',
        userId: 'user-1',
        appId: 'app-1',
      },
    };
    const expected = {
      'event.dataset': ['azure.graphactivitylogs'],
      'http.request.method': ['GET'],
      'http.response.status_code': ['200'],
      'url.original': [requestUri],
      'url.path': ['/v1.0/users'],
      'user_agent.original': ['curl/8'],
      'user.id': ['user-1'],
      'source.ip': ['192.0.2.1'],
      'azure.graphactivitylogs.properties.app_id': ['app-1'],
    };
    expect(like(record, expected)).toEqual(expected);
  });

  it.each(['RiskyUsers', 'UserRiskEvents'])('%s is of dataset azure.identity_protection', (category) => {
    const expected = {
      'event.dataset': ['azure.identity_protection'],
      'azure.identity_protection.properties.risk_level': ['high'],
    };
    expect(like({ category, properties: { riskLevel: 'high' } }, expected)).toEqual(expected);
  });

  const platform = {
    category: 'AuditEvent',
    resourceId: '/vaults/v',
    operationName: 'SecretGet',
    resultType: 'Success',
    callerIpAddress: '192.0.2.1:80',
    properties: { httpStatusCode: 200 },
  };

  it('any other category with a resource and an operation is of dataset azure.platformlogs', () => {
    const expected = {
      'event.dataset': ['azure.platformlogs'],
      'event.action': ['SecretGet'],
      'event.outcome': ['success'],
      'source.ip': ['192.0.2.1'],
      'azure.resource.id': ['/vaults/v'],
      'azure.platformlogs.properties.httpStatusCode': ['200'],
    };
    expect(like(platform, expected)).toEqual(expected);
  });

  it.each(['category', 'resourceId', 'operationName'])('without %s it is nothing known', (key) =>
    expect(recognise({ ...platform, [key]: undefined }, sourceMappings)).toBeNull(),
  );
});
