// Okta System Log events as Okta's API gives them, named as Elastic's okta integration names them
// (elastic/integrations, okta/data_stream/system).
import type { RawValue, SourceMapping } from './mapping.js';

export const oktaSystem: SourceMapping = {
  name: 'okta.system (Okta System Log event)',
  when: [
    [
      { path: 'eventType', exists: true },
      { path: 'outcome.result', exists: true },
      { path: 'actor.id', exists: true },
    ],
  ],
  constants: {
    'event.dataset': ['okta.system'],
    'data_stream.dataset': ['okta.system'],
    'data_stream.type': ['logs'],
    'event.module': ['okta'],
    'event.kind': ['event'],
  },
  fields: {
    'event.action': { from: ['eventType'] },
    'event.id': { from: ['uuid'] },
    'event.outcome': { from: ['outcome.result'], as: outcome },
    'source.ip': { from: ['client.ipAddress'] },
    'client.ip': { from: ['client.ipAddress'] },
    'user.name': { from: ['actor.alternateId'] },
    'user.full_name': { from: ['actor.displayName'] },
    'client.user.id': { from: ['actor.id'] },
    'client.user.name': { from: ['actor.alternateId'] },
    'client.user.full_name': { from: ['actor.displayName'] },
    'user_agent.original': { from: ['client.userAgent.rawUserAgent'] },
    'source.geo.country_name': { from: ['client.geographicalContext.country'] },
    'source.geo.city_name': { from: ['client.geographicalContext.city'] },
    'okta.event_type': { from: ['eventType'] },
    'okta.display_message': { from: ['displayMessage'] },
    'okta.actor.alternate_id': { from: ['actor.alternateId'] },
    'okta.actor.display_name': { from: ['actor.displayName'] },
    'okta.outcome.result': { from: ['outcome.result'] },
    'okta.outcome.reason': { from: ['outcome.reason'] },
    'okta.debug_context.debug_data.dt_hash': { from: ['debugContext.debugData.dtHash'] },
    'okta.debug_context.debug_data.request_uri': { from: ['debugContext.debugData.requestUri'] },
    'okta.debug_context.debug_data.url': { from: ['debugContext.debugData.url'] },
  },
  trees: [
    { ecs: 'okta.debug_context.debug_data.flattened', raw: 'debugContext.debugData', keys: 'as_is' },
    { ecs: 'okta', raw: '', keys: 'snake' },
  ],
  jsonText: [],
};

function outcome([results = []]: readonly (readonly RawValue[])[]): RawValue[] {
  return results.flatMap((v) => {
    if (v.text === 'SUCCESS' || v.text === 'ALLOW') return [{ kind: 'string', text: 'success' }];
    return v.text === 'FAILURE' || v.text === 'DENY' ? [{ kind: 'string', text: 'failure' }] : [];
  });
}
