// Sign-in rows of Microsoft Graph: the properties of a sign-in without the record around them.
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
  id: 'sign-in-1',
  createdDateTime: '2026-11-20T07:58:00Z',
  correlationId: 'correlation-1',
  userDisplayName: 'Ana Díaz',
  userPrincipalName: 'ana@contoso.example',
  userId: 'user-1',
  appId: 'app-1',
  ipAddress: '2001:db8::7',
  userAgent: 'Mozilla/5.0',
  authenticationProtocol: 'deviceCode',
  originalTransferMethod: 'deviceCodeFlow',
  conditionalAccessAudiences: [{ applicationId: 'app-2' }],
  processingTimeInMilliseconds: 12,
  riskLevelDuringSignIn: 'low',
  deviceDetail: { operatingSystem: 'Windows 10' },
  location: { city: 'Sevilla', state: 'Andalucía', countryOrRegion: 'ES' },
  status: { errorCode: 0 },
};

describe('a sign-in row of Microsoft Graph', () => {
  it('has the fields of the same sign-in from Azure Monitor', () => {
    const expected = {
      'event.dataset': ['azure.signinlogs'],
      'data_stream.dataset': ['azure.signinlogs'],
      'event.category': ['authentication'],
      'event.action': ['Sign-in activity'],
      'event.outcome': ['success'],
      'event.id': ['sign-in-1'],
      'user.id': ['user-1'],
      'user.name': ['ana@contoso.example'],
      'user.email': ['ana@contoso.example'],
      'user.full_name': ['Ana Díaz'],
      'user_agent.original': ['Mozilla/5.0'],
      'source.ip': ['2001:db8::7'],
      'client.ip': ['2001:db8::7'],
      'azure.correlation_id': ['correlation-1'],
      'geo.city_name': ['Sevilla'],
      'geo.region_name': ['Andalucía'],
      'geo.country_iso_code': ['ES'],
      [`${P}.created_at`]: ['2026-11-20T07:58:00Z'],
      [`${P}.processing_time_ms`]: ['12'],
      [`${P}.risk_level_during_signin`]: ['low'],
      [`${P}.app_id`]: ['app-1'],
      [`${P}.authentication_protocol`]: ['deviceCode'],
      [`${P}.original_transfer_method`]: ['deviceCodeFlow'],
      [`${P}.device_detail.operating_system`]: ['Windows 10'],
      [`${P}.status.error_code`]: ['0'],
      [AUDIENCE]: ['app-2'],
    };
    expect(like(row, expected)).toEqual(expected);
  });

  it.each([
    ['its time, application and status', { createdDateTime: 'x', appId: 'app-1', status: { errorCode: 0 } }],
    ['its protocol and status', { authenticationProtocol: 'none', status: { errorCode: 0 } }],
    ['its protocol and audiences', { authenticationProtocol: 'none', conditionalAccessAudiences: ['app-2'] }],
  ])('is known by %s', (_, record) => expect(read(record, 'event.dataset')).toEqual(['azure.signinlogs']));

  it.each([
    ['a time and an application', { createdDateTime: 'x', appId: 'app-1' }],
    ['a protocol', { authenticationProtocol: 'none' }],
    ['a status', { status: { errorCode: 0 } }],
  ])('is not known by %s alone', (_, record) => expect(read(record, 'event.dataset')).toBeNull());

  it.each([
    ['success', 0],
    ['failure', 50126],
  ])('has the outcome %s for code %i', (outcome, errorCode) =>
    expect(read({ ...row, status: { errorCode } }, 'event.outcome')).toEqual([outcome]),
  );

  it('has no outcome for a code below 0', () =>
    expect(read({ ...row, status: { errorCode: -1 } }, 'event.outcome')).toEqual([]));

  it.each([
    ['a list of objects', [{ applicationId: 'app-2' }, { applicationId: 'app-3' }], ['app-2', 'app-3']],
    ['one object', { applicationId: 'app-2' }, ['app-2']],
    ['plain strings', ['app-2', 'app-3'], ['app-2', 'app-3']],
    ['an empty list', [], []],
  ])('has the audiences of %s', (_, conditionalAccessAudiences, ids) =>
    expect(read({ ...row, conditionalAccessAudiences }, AUDIENCE)).toEqual(ids),
  );
});
