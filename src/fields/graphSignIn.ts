// Sign-in rows of Microsoft Graph (`/auditLogs/signIns`): the properties alone, no category around them. Elastic's
// integration has no mapping for these; this one names them as it names the same sign-in from Azure Monitor.
import { processingDetails, signInConstants, signInFields } from './azureSignIn.js';
import { timeOf } from './derive.js';
import type { Clue, SourceMapping } from './mapping.js';

const address = { from: ['ipAddress'] };
const has = (...paths: string[]): readonly Clue[] => paths.map((path) => ({ path, exists: true }));

export const graphSignIn: SourceMapping = {
  beyondElastic: true,
  name: 'azure.signinlogs (Microsoft Graph sign-in)',
  when: [
    has('createdDateTime', 'appId', 'status.errorCode'),
    has('createdDateTime', 'appId', 'conditionalAccessStatus'),
    has('authenticationProtocol', 'status.errorCode'),
    has('authenticationProtocol', 'conditionalAccessAudiences'),
    has('authenticationProtocol', 'appId'),
  ],
  constants: { ...signInConstants, 'event.action': ['Sign-in activity'] },
  fields: {
    ...signInFields(''),
    '@timestamp': { from: ['createdDateTime'], as: timeOf },
    'source.ip': address,
    'source.address': address,
    'client.ip': address,
    'related.ip': address,
    'azure.correlation_id': { from: ['correlationId'] },
    'geo.country_iso_code': { from: ['location.countryOrRegion'] },
  },
  trees: [
    processingDetails('authenticationProcessingDetails'),
    { ecs: 'azure.signinlogs.properties', raw: '', keys: 'snake' },
  ],
  jsonText: [],
};
