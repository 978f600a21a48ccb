// Sign-in records of Azure Monitor, read as the fields that rules ask for.
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
const outer = {
  time: '2026-11-20T08:00:00.1234567Z',
  resourceId: '/tenants/tenant-1/providers/Microsoft.aadiam',
  operationName: 'Sign-in activity',
  category: 'SignInLogs',
  tenantId: 'tenant-1',
  correlationId: 'correlation-1',
  resultType: '50126',
  callerIpAddress: '192.0.2.1',
  identity: 'Ana Díaz',
  Level: 4,
  location: 'ES',
};
const properties = {
  id: 'sign-in-1',
  correlationId: 'correlation-2',
  createdDateTime: '2026-11-20T07:58:00Z',
  userDisplayName: 'Ana Díaz',
  userPrincipalName: 'ana@contoso.example',
  userId: 'user-1',
  appId: 'app-1',
  ipAddress: '2001:db8::7',
  userAgent: 'Mozilla/5.0',
  authenticationProtocol: 'deviceCode',
  processingTimeInMilliseconds: 12,
  riskLevelDuringSignIn: 'low',
  riskEventTypes_v2: ['unfamiliarFeatures', 'anonymizedIPAddress'],
  deviceDetail: { operatingSystem: 'Windows 10' },
  authenticationDetails: [{ authenticationMethod: 'Password' }, { authenticationMethod: 'SMS' }],
  location: { city: 'Sevilla', state: 'Andalucía', countryOrRegion: 'PT' },
};
const withProperties = (over: object) => ({ ...outer, properties: { ...properties, ...over } });
const record = withProperties({});

describe('a sign-in record of Azure Monitor', () => {
  it.each([
    'SignInLogs',
    'NonInteractiveUserSignInLogs',
    'ServicePrincipalSignInLogs',
    'MicrosoftServicePrincipalSignInLogs',
    'ManagedIdentitySignInLogs',
    'ADFSSignInLogs',
  ])('of category %s is of dataset azure.signinlogs, under category or Category', (category) => {
    const expected = {
      'event.dataset': ['azure.signinlogs'],
      'data_stream.dataset': ['azure.signinlogs'],
      [`${P}.app_id`]: ['app-1'],
    };
    expect(like({ category, properties }, expected)).toEqual(expected);
    expect(like({ Category: category, properties }, expected)).toEqual(expected);
  });

  it.each(['signinlogs', 'SignInLogs2', 'AuditLogs'])('is not one with category %s', (category) =>
    expect(read({ category, properties }, 'event.dataset')).not.toEqual(['azure.signinlogs']),
  );

  it('is one by its category alone', () => {
    expect(read({ category: 'SignInLogs' }, 'event.dataset')).toEqual(['azure.signinlogs']);
    expect(read({ Category: 'SignInLogs' }, 'event.dataset')).toEqual(['azure.signinlogs']);
  });

  it('is read with all its keys in PascalCase', () => {
    const expected = {
      'event.outcome': ['success'],
      'event.duration': ['0'],
      '@timestamp': ['2025-07-01T10:45:17.5824212Z'],
      'azure.tenant_id': ['tenant-1'],
      'azure.correlation_id': ['correlation-1'],
      'azure.signinlogs.operation_name': ['Sign-in activity'],
    };
    const pascal = {
      Category: 'ServicePrincipalSignInLogs',
      CorrelationId: 'correlation-1',
      CreatedDateTime: '2025-07-01T10:45:17.5824212Z',
      DurationMs: 0,
      OperationName: 'Sign-in activity',
      TenantId: 'tenant-1',
    };
    expect(like(pascal, expected)).toEqual(expected);
  });

  it('is an authentication event of Azure', () => {
    const expected = {
      'event.module': ['azure'],
      'event.kind': ['event'],
      'event.category': ['authentication'],
      'event.type': ['info'],
      'data_stream.type': ['logs'],
      'cloud.provider': ['azure'],
    };
    expect(like(record, expected)).toEqual(expected);
  });

  it('has its keys in snake_case at every depth, and through lists', () => {
    const expected = {
      'azure.signinlogs.operation_name': ['Sign-in activity'],
      'azure.signinlogs.result_type': ['50126'],
      'azure.signinlogs.caller_ip_address': ['192.0.2.1'],
      [`${P}.authentication_protocol`]: ['deviceCode'],
      [`${P}.device_detail.operating_system`]: ['Windows 10'],
      [`${P}.authentication_details.authentication_method`]: ['Password', 'SMS'],
      [`${P}.risk_event_types_v2`]: ['unfamiliarFeatures', 'anonymizedIPAddress'],
    };
    expect(like(record, expected)).toEqual(expected);
  });

  it('does not have its keys in camelCase below azure.signinlogs', () =>
    expect(read(record, `${P}.authenticationProtocol`)).toEqual([]));

  it('has the two names that are not their snake_case, and when it was created', () => {
    const expected = {
      [`${P}.processing_time_ms`]: ['12'],
      [`${P}.risk_level_during_signin`]: ['low'],
      [`${P}.created_at`]: ['2026-11-20T07:58:00Z'],
    };
    expect(like(record, expected)).toEqual(expected);
  });

  it('has the id of the sign-in, not a correlation id, as event.id', () => {
    const expected = {
      'event.id': ['sign-in-1'],
      'azure.correlation_id': ['correlation-1'],
      [`${P}.correlation_id`]: ['correlation-2'],
    };
    expect(like(record, expected)).toEqual(expected);
  });

  it('has the user, the tenant, the operation and the resource', () => {
    const expected = {
      'user.id': ['user-1'],
      'user.name': ['ana@contoso.example'],
      'user.email': ['ana@contoso.example'],
      'user.full_name': ['Ana Díaz'],
      'user_agent.original': ['Mozilla/5.0'],
      'azure.tenant_id': ['tenant-1'],
      'azure.resource.id': ['/tenants/tenant-1/providers/Microsoft.aadiam'],
      'event.action': ['Sign-in activity'],
      'log.level': ['4'],
    };
    expect(like(record, expected)).toEqual(expected);
  });

  it('has no user.email when the principal name is not an address', () => {
    const expected = { 'user.name': ['c3813493'], 'user.email': [] };
    expect(like(withProperties({ userPrincipalName: 'c3813493' }), expected)).toEqual(expected);
  });

  it.each(['source.ip', 'source.address', 'client.ip', 'related.ip'])(
    'has the address of the sign-in as %s, before that of the caller',
    (field) => {
      expect(read(record, field)).toEqual(['2001:db8::7']);
      expect(read(withProperties({ ipAddress: null, ipaddress: '192.0.2.2' }), field)).toEqual(['192.0.2.2']);
      expect(read(withProperties({ ipAddress: null }), field)).toEqual(['192.0.2.1']);
    },
  );

  it('has city and region from its properties, the country from the top before them', () => {
    const expected = {
      'geo.city_name': ['Sevilla'],
      'geo.region_name': ['Andalucía'],
      'geo.country_iso_code': ['ES'],
    };
    expect(like(record, expected)).toEqual(expected);
    expect(read({ ...record, location: null }, 'geo.country_iso_code')).toEqual(['PT']);
  });

  it('is read the same when properties came as JSON text', () => {
    const expected = {
      'event.dataset': ['azure.signinlogs'],
      'event.id': ['sign-in-1'],
      [`${P}.device_detail.operating_system`]: ['Windows 10'],
      [AUDIENCE]: ['app-2'],
    };
    const text = JSON.stringify({ ...properties, conditionalAccessAudiences: [{ applicationId: 'app-2' }] });
    expect(like({ ...outer, properties: text }, expected)).toEqual(expected);
  });
});

describe('the outcome of a sign-in', () => {
  it.each([
    ['is success for code 0', { errorCode: 0 }, ['success']],
    ['is success without a code', { additionalDetails: 'MFA' }, ['success']],
    ['is success for a code of null', { errorCode: null }, ['success']],
    ['is failure above 0', { errorCode: 50126 }, ['failure']],
    ['is nothing below 0', { errorCode: -1 }, []],
    ['is success for the text 0', { errorCode: '0' }, ['success']],
    ['is failure for the text of a code', { errorCode: '50126' }, ['failure']],
    ['is nothing for the text of a code below 0', { errorCode: '-1' }, []],
    ['is nothing for a text that is no number', { errorCode: 'n/a' }, []],
    ['is success for an empty text', { errorCode: '' }, ['success']],
  ])('%s: %o', (_, status, outcome) =>
    expect(read(withProperties({ status }), 'event.outcome')).toEqual(outcome),
  );

  it('is success without a status, whatever resultType says', () =>
    expect(read(record, 'event.outcome')).toEqual(['success']));
});

describe('the audiences of a sign-in', () => {
  it.each([
    [
      'a list of objects',
      [{ applicationId: 'app-2', audienceReasons: 'none' }, { applicationId: 'app-3' }],
      ['app-2', 'app-3'],
    ],
    ['one object', { applicationId: 'app-2', audienceReasons: 'none' }, ['app-2']],
    ['a list of plain strings', ['app-2', 'app-3'], ['app-2', 'app-3']],
    ['one plain string', 'app-2', ['app-2']],
    ['an empty list', [], []],
    ['null', null, []],
  ])('are found in %s', (_, conditionalAccessAudiences, ids) =>
    expect(read(withProperties({ conditionalAccessAudiences }), AUDIENCE)).toEqual(ids),
  );

  it('keep their other keys in snake_case', () => {
    const conditionalAccessAudiences = [{ applicationId: 'app-2', audienceReasons: 'none' }];
    const reasons = `${P}.conditional_access_audiences.audience_reasons`;
    expect(read(withProperties({ conditionalAccessAudiences }), reasons)).toEqual(['none']);
  });
});
