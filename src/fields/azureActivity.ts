// Azure activity records, audit records and the other categories as Azure Monitor carries them. Facts:
// elastic/integrations, azure package: activitylogs (a fixed list of renames), auditlogs (generic snake_case), events router.
import { emailOf, lastSegment, outcomeOfResult, withoutPort } from './derive.js';
import type { SourceMapping } from './mapping.js';

const constantsOf = (dataset: string): Record<string, readonly string[]> => ({
  'event.dataset': [dataset],
  'data_stream.dataset': [dataset],
  'data_stream.type': ['logs'],
  'event.module': ['azure'],
  'event.kind': ['event'],
  'cloud.provider': ['azure'],
});

const common = {
  'event.action': { from: ['operationName'] },
  'azure.tenant_id': { from: ['tenantId'] },
  'azure.correlation_id': { from: ['correlationId'] },
  'azure.resource.id': { from: ['resourceId'] },
  'log.level': { from: ['level', 'Level'] },
};

export const azureActivity: SourceMapping = {
  name: 'azure.activitylogs (Azure Monitor record)',
  when: [
    [
      {
        path: 'category',
        oneOf: [
          'Administrative',
          'Security',
          'ServiceHealth',
          'Alert',
          'Recommendation',
          'Policy',
          'Autoscale',
          'ResourceHealth',
          'Write',
          'Delete',
          'Action',
        ],
      },
      { path: 'operationName', exists: true },
    ],
  ],
  constants: constantsOf('azure.activitylogs'),
  fields: {
    ...common,
    'event.outcome': { from: ['resultType', 'properties.result'], as: outcomeOfResult },
    'event.type': { from: ['operationName'], as: typeOfOperation },
    'source.ip': { from: ['callerIpAddress'], as: withoutPort },
    'related.ip': { from: ['callerIpAddress'], as: withoutPort },
    'user.name': { from: ['identity.claims.name', 'identity.claims_initiated_by_user.name'] },
    'user.email': {
      from: ['identity.claims.upn', 'identity.authorization.evidence.principalId'],
      as: emailOf,
    },
    'azure.activitylogs.result_type': { from: ['resultType'] },
    'azure.activitylogs.operation_name': { from: ['operationName'] },
    'azure.activitylogs.operation_version': { from: ['operationVersion'] },
    'azure.activitylogs.result_signature': { from: ['resultSignature'] },
    'azure.activitylogs.tenant_id': { from: ['tenantId'] },
    'azure.activitylogs.event_category': { from: ['category'] },
    'azure.activitylogs.properties.service_request_id': { from: ['properties.serviceRequestId'] },
    'azure.activitylogs.properties.status_code': { from: ['properties.statusCode'] },
    'azure.activitylogs.properties.status_message': { from: ['properties.statusMessage'] },
    // A sign-in that ran through the activity stream: Elastic's pipeline leaves the key in camelCase, where the
    // rule does not look; this mapping sees what the rule means.
    'azure.activitylogs.properties.authentication_protocol': {
      from: ['properties.authentication_protocol', 'properties.authenticationProtocol'],
    },
    'azure.activitylogs.identity.authorization.evidence.principal_id': {
      from: ['identity.authorization.evidence.principalId'],
    },
    'azure.activitylogs.identity.authorization.evidence.principal_type': {
      from: ['identity.authorization.evidence.principalType'],
    },
    'azure.activitylogs.identity.authorization.evidence.role_assignment_id': {
      from: ['identity.authorization.evidence.roleAssignmentId'],
    },
    'azure.activitylogs.identity.authorization.evidence.role_definition_id': {
      from: ['identity.authorization.evidence.roleDefinitionId'],
    },
    'azure.activitylogs.identity.authorization.evidence.role_assignment_scope': {
      from: ['identity.authorization.evidence.roleAssignmentScope'],
    },
  },
  trees: [{ ecs: 'azure.activitylogs', raw: '', keys: 'as_is' }],
  jsonText: ['properties'],
};

/** `…/write` and `…/action` change, `…/delete` deletes, `…/read` reads. */
function typeOfOperation(groups: Parameters<typeof lastSegment>[0]): ReturnType<typeof lastSegment> {
  const types: Readonly<Record<string, string>> = {
    write: 'change',
    action: 'change',
    delete: 'deletion',
    read: 'access',
  };
  return lastSegment(groups).flatMap((v) => {
    const type = types[v.text];
    return type === undefined ? [] : [{ kind: 'string', text: type }];
  });
}

const snakeStream = (
  dataset: string,
  label: string,
  categories: readonly string[],
  fields: SourceMapping['fields'] = {},
): SourceMapping => ({
  name: `${dataset} (${label})`,
  when: [
    [
      { path: 'category', oneOf: categories },
      { path: 'properties', exists: true },
    ],
  ],
  constants: constantsOf(dataset),
  fields: { ...common, ...fields },
  trees: [{ ecs: dataset, raw: '', keys: 'snake' }],
  jsonText: ['properties'],
});

export const azureAudit = snakeStream('azure.auditlogs', 'Azure Monitor record', ['AuditLogs'], {
  'event.outcome': { from: ['properties.result', 'resultType'], as: outcomeOfResult },
  'event.id': { from: ['properties.id'] },
  'user.name': { from: ['properties.initiatedBy.user.userPrincipalName'] },
  'user.id': { from: ['properties.initiatedBy.user.id'] },
  'source.ip': { from: ['properties.initiatedBy.user.ipAddress', 'callerIpAddress'], as: withoutPort },
});

export const azureGraphActivity = snakeStream(
  'azure.graphactivitylogs',
  'Azure Monitor record',
  ['MicrosoftGraphActivityLogs'],
  {
    'http.request.method': { from: ['properties.requestMethod'] },
    'http.response.status_code': { from: ['properties.responseStatusCode'] },
    'url.original': { from: ['properties.requestUri'] },
    'url.full': { from: ['properties.requestUri'] },
    'url.path': { from: ['properties.requestUri'], as: pathOfUrl },
    'user_agent.original': { from: ['properties.userAgent'] },
    'source.ip': { from: ['callerIpAddress', 'properties.ipAddress'], as: withoutPort },
    'user.id': { from: ['properties.userId'] },
  },
);

export const azureIdentityProtection = snakeStream('azure.identity_protection', 'Azure Monitor record', [
  'RiskyUsers',
  'UserRiskEvents',
]);

/** Any other record of Azure Monitor: a category, a resource and an operation. */
export const azurePlatform: SourceMapping = {
  name: 'azure.platformlogs (Azure Monitor record)',
  when: [
    [
      { path: 'category', exists: true },
      { path: 'resourceId', exists: true },
      { path: 'operationName', exists: true },
    ],
  ],
  constants: constantsOf('azure.platformlogs'),
  fields: {
    ...common,
    'event.outcome': { from: ['resultType', 'properties.result'], as: outcomeOfResult },
    'source.ip': { from: ['callerIpAddress'], as: withoutPort },
  },
  trees: [{ ecs: 'azure.platformlogs', raw: '', keys: 'snake' }],
  jsonText: ['properties'],
};

function pathOfUrl(groups: Parameters<typeof lastSegment>[0]): ReturnType<typeof lastSegment> {
  return groups
    .flat()
    .map((v) => ({ kind: 'string', text: v.text.replace(/^[a-z]+:\/\/[^/]*/i, '').replace(/[?#].*$/, '') }));
}
