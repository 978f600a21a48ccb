// Activity, audit, Graph activity and identity-protection rows of Log Analytics tables; see logAnalytics.ts.
import { activityProperties, evidenceFields, typeOfOperation } from './azureActivity.js';
import { targetFields } from './azureAudit.js';
import { constantsOf, resourceFields } from './azureCommon.js';
import {
  addressOf,
  domainOfUrl,
  emailOf,
  firstFilled,
  outcomeOfResult,
  pathOfUrl,
  timeOf,
} from './derive.js';
import { spellings } from './logAnalytics.js';
import type { FieldSource, SourceMapping } from './mapping.js';

const time: FieldSource = { from: ['TimeGenerated', 'TimeGenerated [UTC]'], as: timeOf };
const addressIn = (column: string): Record<string, FieldSource> => {
  const source = { from: [column], as: addressOf };
  return { 'source.ip': source, 'source.address': source, 'client.ip': source, 'related.ip': source };
};
const A = 'azure.activitylogs';
const operation = ['OperationNameValue', 'OperationName'];
const properties = ['Properties', 'Properties_d'];
const claims = ['Claims', 'Claims_d'];
const authorization = ['Authorization', 'Authorization_d'];

export const logAnalyticsActivity: SourceMapping = {
  beyondElastic: true,
  name: `${A} (Log Analytics row)`,
  when: [[{ path: 'Type', oneOf: ['AzureActivity'] }]],
  constants: constantsOf(A),
  fields: {
    '@timestamp': time,
    'event.outcome': { from: ['ActivityStatusValue', 'ActivityStatus'], as: outcomeOfResult },
    'event.action': { from: operation },
    'event.type': { from: operation, as: typeOfOperation },
    'event.id': { from: ['EventDataId'] },
    'user.name': { from: ['Caller'] },
    'user.email': { from: ['Caller'], as: emailOf },
    ...addressIn('CallerIpAddress'),
    'azure.correlation_id': { from: ['CorrelationId'] },
    ...resourceFields(['_ResourceId', 'ResourceId']),
    'azure.subscription_id': { from: ['SubscriptionId'] },
    [`${A}.operation_name`]: { from: operation },
    [`${A}.result_type`]: { from: ['ActivityStatusValue'] },
    [`${A}.category`]: { from: ['CategoryValue', 'Category'] },
    [`${A}.identity.claims_initiated_by_user.name`]: { from: ['Caller'] },
    ...activityProperties(properties),
    ...evidenceFields(authorization),
  },
  trees: [
    ...properties.map((raw) => ({ ecs: `${A}.properties`, raw, keys: 'as_is' as const })),
    ...claims.map((raw) => ({ ecs: `${A}.identity.claims`, raw, keys: 'as_is' as const })),
    ...authorization.map((raw) => ({ ecs: `${A}.identity.authorization`, raw, keys: 'as_is' as const })),
    { ecs: A, raw: '', keys: 'snake' },
  ],
  jsonText: [...properties, ...claims, ...authorization, 'HTTPRequest', 'Properties.requestbody'],
};

const U = 'azure.auditlogs';

export const logAnalyticsAudit: SourceMapping = {
  beyondElastic: true,
  name: `${U} (Log Analytics row)`,
  when: [[{ path: 'Type', oneOf: ['AuditLogs'] }]],
  constants: constantsOf(U),
  fields: {
    '@timestamp': time,
    'event.outcome': { from: ['Result'], as: outcomeOfResult },
    'event.action': { from: ['OperationName'] },
    'event.id': { from: ['Id'] },
    'user.name': { from: ['InitiatedBy.user.userPrincipalName'] },
    'user.id': { from: ['InitiatedBy.user.id'] },
    ...addressIn('InitiatedBy.user.ipAddress'),
    [`${U}.operation_name`]: { from: ['OperationName'] },
    [`${U}.category`]: { from: ['Category'] },
    [`${U}.identity`]: { from: ['Identity'] },
    [`${U}.properties.activity_datetime`]: { from: ['ActivityDateTime'] },
    [`${U}.properties.initiated_by.user.user_principal_name`]: {
      from: ['InitiatedBy.user.userPrincipalName'],
    },
    'azure.correlation_id': { from: ['CorrelationId'] },
    'azure.tenant_id': { from: ['AADTenantId'] },
    ...targetFields('TargetResources', 'any'),
  },
  trees: [
    ...spellings('InitiatedBy').map((raw) => ({
      ecs: `${U}.properties.initiated_by`,
      raw,
      keys: 'as_is' as const,
    })),
    // The older name of the tree, in snake_case too.
    { ecs: `${U}.properties`, raw: '', keys: 'snake' },
  ],
  jsonText: ['InitiatedBy', 'TargetResources', 'AdditionalDetails'],
};

const G = 'azure.graphactivitylogs';

export const logAnalyticsGraphActivity: SourceMapping = {
  beyondElastic: true,
  name: `${G} (Log Analytics row)`,
  when: [[{ path: 'Type', oneOf: ['MicrosoftGraphActivityLogs'] }]],
  constants: { ...constantsOf(G), 'event.type': ['access'], 'cloud.service.name': ['Microsoft Graph'] },
  fields: {
    '@timestamp': time,
    'event.action': { from: ['OperationName'] },
    ...addressIn('IPAddress'),
    'http.request.id': { from: ['RequestId'] },
    'http.request.method': { from: ['RequestMethod'] },
    'http.response.status_code': { from: ['ResponseStatusCode'] },
    'http.response.bytes': { from: ['ResponseSizeBytes'] },
    'url.original': { from: ['RequestUri'] },
    'url.full': { from: ['RequestUri'] },
    'url.path': { from: ['RequestUri'], as: pathOfUrl },
    'url.domain': { from: ['RequestUri'], as: domainOfUrl },
    'user_agent.original': { from: ['UserAgent'] },
    'user.id': { from: ['UserId'], as: firstFilled },
    'azure.tenant_id': { from: ['AADTenantId'] },
    'cloud.account.id': { from: ['AADTenantId'] },
    [`${G}.result_signature`]: { from: ['ResponseStatusCode'] },
  },
  trees: [{ ecs: `${G}.properties`, raw: '', keys: 'snake' }],
  jsonText: [],
};

const I = 'azure.identityprotection';

export const logAnalyticsIdentityProtection: SourceMapping = {
  beyondElastic: true,
  name: 'azure.identity_protection (Log Analytics row)',
  when: [[{ path: 'Type', oneOf: ['AADRiskyUsers', 'AADUserRiskEvents'] }]],
  constants: constantsOf('azure.identity_protection'),
  fields: {
    '@timestamp': time,
    'event.action': { from: ['OperationName'] },
    'event.id': { from: ['Id'] },
    ...addressIn('IpAddress'),
    'user.id': { from: ['UserId'] },
    'user.full_name': { from: ['UserDisplayName'] },
    'user.name': { from: ['UserPrincipalName'] },
    'user.email': { from: ['UserPrincipalName'], as: emailOf },
    'azure.correlation_id': { from: ['CorrelationId'] },
  },
  trees: [{ ecs: `${I}.properties`, raw: '', keys: 'snake' }],
  jsonText: ['AdditionalInfo'],
};
