// Sign-in rows of Microsoft Graph (`/auditLogs/signIns`): the properties alone, no category around them. Elastic's
// integration has no mapping for these; this one names them as it names the same sign-in from Azure Monitor.
import { signInConstants, signInFields } from './azureSignIn.js';
import type { SourceMapping } from './mapping.js';

const address = { from: ['ipAddress'] };

export const graphSignIn: SourceMapping = {
  beyondElastic: true,
  name: 'azure.signinlogs (Microsoft Graph sign-in)',
  when: [
    [
      { path: 'createdDateTime', exists: true },
      { path: 'appId', exists: true },
      { path: 'status.errorCode', exists: true },
    ],
    [
      { path: 'authenticationProtocol', exists: true },
      { path: 'status.errorCode', exists: true },
    ],
    [
      { path: 'authenticationProtocol', exists: true },
      { path: 'conditionalAccessAudiences', exists: true },
    ],
  ],
  constants: { ...signInConstants, 'event.action': ['Sign-in activity'] },
  fields: {
    ...signInFields(''),
    'source.ip': address,
    'source.address': address,
    'client.ip': address,
    'related.ip': address,
    'azure.correlation_id': { from: ['correlationId'] },
    'geo.country_iso_code': { from: ['location.countryOrRegion'] },
  },
  trees: [{ ecs: 'azure.signinlogs.properties', raw: '', keys: 'snake' }],
  jsonText: [],
};
