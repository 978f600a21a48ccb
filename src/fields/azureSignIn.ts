// Azure Monitor sign-in records as Event Hubs and the Blob export carry them (camelCase, `properties`), as Elastic's
// azure integration names them in ECS. Facts: elastic/integrations, azure/data_stream/signinlogs, default pipeline.
import { emailOf, firstFilled, nanosOfMillis, outcomeOfErrorCode } from './derive.js';
import type { FieldSource, SourceMapping } from './mapping.js';

const categories = [
  'SignInLogs',
  'NonInteractiveUserSignInLogs',
  'ServicePrincipalSignInLogs',
  'MicrosoftServicePrincipalSignInLogs',
  'ManagedIdentitySignInLogs',
  'ADFSSignInLogs',
];

export const signInConstants = {
  'event.dataset': ['azure.signinlogs'],
  'data_stream.dataset': ['azure.signinlogs'],
  'data_stream.type': ['logs'],
  'event.module': ['azure'],
  'event.kind': ['event'],
  'event.category': ['authentication'],
  'event.type': ['info'],
  'cloud.provider': ['azure'],
};

const address = {
  from: ['properties.ipAddress', 'properties.ipaddress', 'callerIpAddress', 'CallerIpAddress'],
  as: firstFilled,
};

/**
 * The ECS fields that are moved out of the tree. `p` is where the sign-in's own properties lie (`properties.`, or ''
 * for a Graph row).
 */
export function signInFields(p: string): Record<string, FieldSource> {
  const at = (path: string): FieldSource => ({ from: [`${p}${path}`] });
  return {
    'event.outcome': { from: [`${p}status.errorCode`], as: outcomeOfErrorCode },
    'event.id': at('id'),
    'user.id': at('userId'),
    'user.name': at('userPrincipalName'),
    'user.full_name': at('userDisplayName'),
    'user.email': { from: [`${p}userPrincipalName`], as: emailOf },
    'user_agent.original': at('userAgent'),
    'azure.signinlogs.properties.created_at': at('createdDateTime'),
    'azure.signinlogs.properties.processing_time_ms': at('processingTimeInMilliseconds'),
    'azure.signinlogs.properties.risk_level_during_signin': at('riskLevelDuringSignIn'),
    // Objects, one object, or plain strings: the last two Elastic's own pipeline would miss.
    'azure.signinlogs.properties.conditional_access_audiences.application_id': {
      from: [`${p}conditionalAccessAudiences.applicationId`, `${p}conditionalAccessAudiences`],
    },
    'geo.city_name': at('location.city'),
    'geo.region_name': at('location.state'),
  };
}

export const azureSignIn: SourceMapping = {
  name: 'azure.signinlogs (Azure Monitor record)',
  when: [
    [
      { path: 'category', oneOf: categories },
      { path: 'properties', exists: true },
    ],
    [
      { path: 'Category', oneOf: categories },
      { path: 'properties', exists: true },
    ],
  ],
  constants: signInConstants,
  fields: {
    ...signInFields('properties.'),
    'event.action': { from: ['operationName', 'OperationName'] },
    'event.duration': { from: ['durationMs', 'DurationMs'], as: nanosOfMillis },
    'source.ip': address,
    'source.address': address,
    'client.ip': address,
    'related.ip': address,
    'azure.tenant_id': { from: ['tenantId', 'TenantId'] },
    'azure.correlation_id': { from: ['correlationId', 'CorrelationId'] },
    'azure.resource.id': { from: ['resourceId', 'ResourceId'] },
    'geo.country_iso_code': { from: ['location', 'properties.location.countryOrRegion'] },
    'log.level': { from: ['level', 'Level'] },
  },
  trees: [{ ecs: 'azure.signinlogs', raw: '', keys: 'snake' }],
  elasticFields: {
    'azure.signinlogs.properties.conditional_access_audiences.application_id': {
      from: ['properties.conditionalAccessAudiences.applicationId'],
    },
  },
  jsonText: ['properties'],
};
