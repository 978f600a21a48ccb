// Entra's other records as Azure Monitor carries them: Microsoft Graph activity, the older Azure AD Graph's, and
// identity protection. Facts: elastic/integrations, azure package, the data streams of these names.
import { commonFields, constantsOf, ofCategory, wordsOf } from './azureCommon.js';
import { addressOf, domainOfUrl, emailOf, firstFilled, pathOfUrl, timeOf } from './derive.js';
import type { FieldSource, SourceMapping } from './mapping.js';

const G = 'azure.graphactivitylogs';
const address: FieldSource = {
  from: ['callerIpAddress', 'properties.ipAddress', 'properties.callerIpAddress'],
  as: addressOf,
};
const addresses = {
  'source.ip': address,
  'source.address': address,
  'client.ip': address,
  'related.ip': address,
};

/** A request to an API of Microsoft's. */
const requestFields: Readonly<Record<string, FieldSource>> = {
  ...commonFields,
  ...addresses,
  'http.request.id': { from: ['properties.requestId'] },
  'http.request.method': { from: ['properties.requestMethod', 'properties.httpMethod'] },
  'http.response.status_code': { from: ['properties.responseStatusCode', 'properties.httpStatusCode'] },
  'http.response.bytes': { from: ['properties.responseSizeBytes'] },
  'url.original': { from: ['properties.requestUri'] },
  'url.full': { from: ['properties.requestUri'] },
  'url.path': { from: ['properties.requestUri'], as: pathOfUrl },
  'url.domain': { from: ['properties.requestUri'], as: domainOfUrl },
  'user_agent.original': { from: ['properties.userAgent'] },
  'user.id': { from: ['properties.userId'], as: firstFilled },
  'client.user.id': { from: ['properties.userId'] },
  'azure.tenant_id': { from: ['tenantId', 'properties.tenantId'] },
  'cloud.account.id': { from: ['tenantId', 'properties.tenantId'] },
};

export const azureGraphActivity: SourceMapping = {
  name: `${G} (Azure Monitor record)`,
  when: ofCategory({ oneOf: ['MicrosoftGraphActivityLogs'] }),
  constants: { ...constantsOf(G), 'event.type': ['access'], 'cloud.service.name': ['Microsoft Graph'] },
  fields: {
    ...requestFields,
    [`${G}.properties.roles`]: { from: ['properties.roles'], as: wordsOf },
    [`${G}.properties.scopes`]: { from: ['properties.scopes'], as: wordsOf },
    [`${G}.properties.wids`]: { from: ['properties.wids'], as: wordsOf },
  },
  trees: [{ ecs: G, raw: '', keys: 'snake' }],
  jsonText: ['properties'],
};

/** The category is spelled in both ways. */
export const azureAadGraphActivity: SourceMapping = {
  name: 'azure.aadgraphactivitylogs (Azure Monitor record)',
  when: ofCategory({ oneOf: ['AzureADGraphActivityLogs', 'AADGraphActivityLogs'] }),
  constants: { ...constantsOf('azure.aadgraphactivitylogs'), 'event.type': ['access'] },
  fields: {
    ...requestFields,
    '@timestamp': { from: ['properties.timeGenerated', 'time'], as: timeOf },
    'user.id': { from: ['properties.userId', 'properties.servicePrincipalId'], as: firstFilled },
    'service.id': { from: ['properties.servicePrincipalId'] },
    'session.id': { from: ['properties.sessionId'] },
    'device.id': { from: ['properties.deviceId'] },
    'azure.aadgraphactivitylogs.properties.token_issued_at': { from: ['properties.issuedAt'], as: timeOf },
    'azure.aadgraphactivitylogs.properties.scopes': { from: ['properties.scopes'], as: wordsOf },
  },
  trees: [{ ecs: 'azure.aadgraphactivitylogs', raw: '', keys: 'snake' }],
  jsonText: ['properties'],
};

const I = 'azure.identityprotection';

// The dataset has an underscore, Elastic's fields have none; they are found under both names.
export const azureIdentityProtection: SourceMapping = {
  name: 'azure.identity_protection (Azure Monitor record)',
  when: ofCategory({ oneOf: ['RiskyUsers', 'UserRiskEvents'] }),
  constants: constantsOf('azure.identity_protection'),
  fields: {
    ...commonFields,
    ...addresses,
    'event.id': { from: ['properties.riskEventId'] },
    'user.id': { from: ['properties.userId'] },
    'user.full_name': { from: ['properties.userDisplayName'] },
    'user.name': { from: ['properties.userPrincipalName'] },
    'user.email': { from: ['properties.userPrincipalName'], as: emailOf },
    [`${I}.properties.activity_datetime`]: { from: ['properties.activityDateTime'] },
    [`${I}.properties.detected_datetime`]: { from: ['properties.detectedDateTime'] },
    [`${I}.properties.last_updated_datetime`]: { from: ['properties.lastUpdatedDateTime'] },
    [`${I}.properties.risk_last_updated_datetime`]: { from: ['properties.riskLastUpdatedDateTime'] },
  },
  trees: [I, 'azure.identity_protection'].map((ecs) => ({ ecs, raw: '', keys: 'snake' as const })),
  jsonText: ['properties', 'properties.additionalInfo'],
};
