// Okta System Log events as Okta's API gives them, named as Elastic's okta integration names them
// (elastic/integrations, okta/data_stream/system).
import { allOf, firstFilled, timeOf } from './derive.js';
import type { FieldSource, RawValue, SourceMapping } from './mapping.js';
import { categoryOfEvent, typeOfEvent } from './oktaEvents.js';

const debug = 'debugContext.debugData';
const address: FieldSource = { from: ['client.ipAddress'] };
const actorName: FieldSource = { from: ['actor.displayName'] };
const actorId: FieldSource = { from: ['actor.id'] };
const actorLogin: FieldSource = { from: ['actor.alternateId'] };
const place = (prefix: string): Record<string, FieldSource> => ({
  [`${prefix}.country_name`]: { from: ['client.geographicalContext.country'] },
  [`${prefix}.region_name`]: { from: ['client.geographicalContext.state'] },
  [`${prefix}.city_name`]: { from: ['client.geographicalContext.city'] },
  [`${prefix}.location.lat`]: { from: ['client.geographicalContext.geolocation.lat'] },
  [`${prefix}.location.lon`]: { from: ['client.geographicalContext.geolocation.lon'] },
});

export const oktaSystem: SourceMapping = {
  name: 'okta.system (Okta System Log event)',
  when: [
    [
      { path: 'eventType', exists: true },
      { path: 'outcome.result', exists: true },
      { path: 'actor.id', exists: true },
    ],
    [
      { path: 'eventType', exists: true },
      { path: 'published', exists: true },
      { path: 'actor.alternateId', exists: true },
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
    '@timestamp': { from: ['published'], as: timeOf },
    'event.action': { from: ['eventType'] },
    'event.id': { from: ['uuid'] },
    'event.outcome': { from: ['outcome.result'], as: outcome },
    'event.category': { from: ['eventType'], as: categoryOfEvent },
    'event.type': { from: ['eventType'], as: typeOfEvent },
    'source.ip': address,
    'client.ip': address,
    'related.ip': address,
    'user.id': actorId,
    'user.name': actorLogin,
    'user.full_name': actorName,
    'source.user.id': actorId,
    'source.user.name': actorLogin,
    'source.user.full_name': actorName,
    'client.user.id': actorId,
    'client.user.name': actorLogin,
    'client.user.full_name': actorName,
    'user.target.id': { from: ['target'], whole: (list) => firstUser(list, 'id') },
    'user.target.full_name': { from: ['target'], whole: (list) => firstUser(list, 'displayName') },
    'related.user': { from: ['actor.displayName', 'target.displayName'], as: allOf },
    'user_agent.original': { from: ['client.userAgent.rawUserAgent'] },
    // Elastic reads these out of user_agent.original, and the network by the address; Okta says them itself.
    'user_agent.os.name': { from: ['client.userAgent.os'] },
    'user_agent.name': { from: ['client.userAgent.browser'] },
    'source.as.number': { from: ['securityContext.asNumber'] },
    'source.as.organization.name': { from: ['securityContext.asOrg'] },
    'client.as.organization.name': { from: ['securityContext.asOrg'] },
    'client.domain': { from: ['securityContext.domain'] },
    'source.domain': { from: ['securityContext.domain'] },
    ...place('client.geo'),
    ...place('source.geo'),
    'okta.client.ip': address,
    'okta.security_context.as.number': { from: ['securityContext.asNumber'] },
    'okta.security_context.as.organization.name': { from: ['securityContext.asOrg'] },
    'okta.debug_context.debug_data.risk_level': {
      from: [`${debug}.logOnlySecurityData.risk.level`, `${debug}.risk`],
      as: riskLevel,
    },
  },
  trees: [
    { ecs: 'okta.debug_context.debug_data.flattened', raw: debug, keys: 'as_is' },
    { ecs: 'okta', raw: '', keys: 'snake' },
  ],
  elasticFields: {
    'user_agent.os.name': { from: [] },
    'user_agent.name': { from: [] },
    'source.as.number': { from: [] },
    'source.as.organization.name': { from: [] },
  },
  jsonText: [`${debug}.logOnlySecurityData`],
};

type Groups = readonly (readonly RawValue[])[];

function outcome(groups: Groups): RawValue[] {
  const result = firstFilled(groups)[0]?.text.toLowerCase() ?? '';
  if (result === 'success' || result === 'allow') return [{ kind: 'string', text: 'success' }];
  const failed = result === 'failure' || result === 'deny';
  return [{ kind: 'string', text: failed ? 'failure' : 'unknown' }];
}

/** From Okta's own data, else from `{reasons=…, level=HIGH}`. */
function riskLevel([levels = [], texts = []]: Groups): readonly RawValue[] {
  if (levels.length > 0) return levels;
  const level = /\blevel=([^\s,}]+)/.exec(texts[0]?.text ?? '')?.[1];
  return level === undefined ? [] : [{ kind: 'string', text: level }];
}

/** A key of the first target whose type says that it is a user. */
function firstUser(list: unknown, key: string): RawValue[] {
  const get = (target: unknown, name: string): unknown =>
    target instanceof Map ? target.get(name) : (target as Readonly<Record<string, unknown>> | null)?.[name];
  const users = (Array.isArray(list) ? list : []).filter((target) =>
    /user/i.test(String(get(target, 'type'))),
  );
  const value = users.length === 0 ? undefined : get(users[0], key);
  return typeof value === 'string' ? [{ kind: 'string', text: value }] : [];
}
