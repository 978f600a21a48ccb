// Okta System Log events, read as the fields that rules ask for.
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

const event = {
  uuid: 'event-1',
  published: '2026-11-20T08:00:00Z',
  eventType: 'user.session.start',
  displayMessage: 'User login to Okta',
  actor: { id: 'actor-1', type: 'User', alternateId: 'ana@contoso.example', displayName: 'Ana Díaz' },
  client: {
    ipAddress: '192.0.2.1',
    userAgent: { rawUserAgent: 'Mozilla/5.0', os: 'Linux' },
    geographicalContext: { city: 'Sevilla', country: 'Spain' },
  },
  outcome: { result: 'FAILURE', reason: 'INVALID_CREDENTIALS' },
  target: [
    { alternateId: 'app-1', displayName: 'Mail' },
    { alternateId: 'app-2', displayName: 'Files' },
  ],
  securityContext: { isProxy: true },
  authenticationContext: { externalSessionId: 'session-1' },
  debugContext: {
    debugData: { dtHash: 'hash-1', requestUri: '/api', url: '/api?x', logOnlySecurityData: 'risk' },
  },
};

describe('an Okta System Log event', () => {
  it('is of dataset okta.system, with who did what from where', () => {
    const expected = {
      'event.dataset': ['okta.system'],
      'data_stream.dataset': ['okta.system'],
      'event.module': ['okta'],
      'event.kind': ['event'],
      'event.action': ['user.session.start'],
      'event.id': ['event-1'],
      'source.ip': ['192.0.2.1'],
      'client.ip': ['192.0.2.1'],
      'client.user.id': ['actor-1'],
      'client.user.name': ['ana@contoso.example'],
      'client.user.full_name': ['Ana Díaz'],
      'user_agent.original': ['Mozilla/5.0'],
      'source.geo.city_name': ['Sevilla'],
      'source.geo.country_name': ['Spain'],
    };
    expect(like(event, expected)).toEqual(expected);
  });

  it('has its keys in snake_case below okta, through lists too', () => {
    const expected = {
      'okta.event_type': ['user.session.start'],
      'okta.display_message': ['User login to Okta'],
      'okta.actor.id': ['actor-1'],
      'okta.actor.alternate_id': ['ana@contoso.example'],
      'okta.actor.display_name': ['Ana Díaz'],
      'okta.outcome.result': ['FAILURE'],
      'okta.outcome.reason': ['INVALID_CREDENTIALS'],
      'okta.target.alternate_id': ['app-1', 'app-2'],
      'okta.security_context.is_proxy': ['true'],
      'okta.authentication_context.external_session_id': ['session-1'],
      'okta.client.user_agent.raw_user_agent': ['Mozilla/5.0'],
    };
    expect(like(event, expected)).toEqual(expected);
  });

  it('has its debug data in snake_case, and as written below flattened', () => {
    const data = 'okta.debug_context.debug_data';
    const expected = {
      [`${data}.dt_hash`]: ['hash-1'],
      [`${data}.request_uri`]: ['/api'],
      [`${data}.url`]: ['/api?x'],
      [`${data}.flattened.dtHash`]: ['hash-1'],
      [`${data}.flattened.logOnlySecurityData`]: ['risk'],
      [`${data}.flattened.dt_hash`]: [],
    };
    expect(like(event, expected)).toEqual(expected);
  });

  it.each([
    ['SUCCESS', ['success']],
    ['ALLOW', ['success']],
    ['FAILURE', ['failure']],
    ['DENY', ['failure']],
  ])('with result %s has the outcome %o', (result, outcome) =>
    expect(read({ ...event, outcome: { result } }, 'event.outcome')).toEqual(outcome),
  );

  it.each(['CHALLENGE', 'SKIPPED', 'UNKNOWN'])('with result %s is neither success nor failure', (result) =>
    expect(read({ ...event, outcome: { result } }, 'event.outcome')).toEqual(['unknown']),
  );

  it.each([
    ['a type', { eventType: undefined }],
    ['a result or a time', { outcome: {}, published: undefined }],
    ['an actor', { actor: { type: 'User' } }],
  ])('is not one without %s', (_, over) => expect(read({ ...event, ...over }, 'event.dataset')).toBeNull());
});
