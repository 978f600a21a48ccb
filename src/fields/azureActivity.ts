// Azure activity records, audit records and the other categories as Azure Monitor carries them. Facts:
// elastic/integrations, azure package: activitylogs (a fixed list of renames), auditlogs (generic snake_case), events router.
import { emailOf, firstFilled, lastName, lastSegment, outcomeOfResult, withoutPort } from './derive.js';
import type { FieldSource, SourceMapping } from './mapping.js';

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
  'azure.resource.name': { from: ['resourceId'], as: lastName },
  'log.level': { from: ['level', 'Level'] },
};

/** The claim that holds who did it. */
const nameClaim = 'identity.claims.http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name';

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
    'user.name': {
      from: [nameClaim, 'identity.claims_initiated_by_user.name', 'identity.claims.upn'],
      as: firstFilled,
    },
    'user.full_name': { from: ['identity.claims.name'] },
    'user.email': { from: [nameClaim, 'identity.claims.upn'], as: firstEmail },
    'azure.activitylogs.identity_name': { from: ['identity'] },
    'azure.activitylogs.identity.claims_initiated_by_user.name': {
      from: [nameClaim, 'identity.claims_initiated_by_user.name'],
      as: firstFilled,
    },
    'azure.activitylogs.result_type': { from: ['resultType'] },
    'azure.activitylogs.operation_name': { from: ['operationName'] },
    'azure.activitylogs.operation_version': { from: ['operationVersion'] },
    'azure.activitylogs.result_signature': { from: ['resultSignature'] },
    'azure.activitylogs.tenant_id': { from: ['tenantId'] },
    'azure.activitylogs.event_category': { from: ['properties.eventCategory', 'category'], as: firstFilled },
    'azure.activitylogs.properties.service_request_id': { from: ['properties.serviceRequestId'] },
    'azure.activitylogs.properties.status_code': { from: ['properties.statusCode'] },
    'azure.activitylogs.properties.status_message': { from: ['properties.statusMessage'] },
    // Elastic's pipeline leaves the key in camelCase, where the rule does not look; this mapping sees what it means.
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
  elasticFields: {
    'azure.activitylogs.properties.authentication_protocol': { from: ['properties.authentication_protocol'] },
  },
  jsonText: ['properties'],
};

function firstEmail(groups: Parameters<typeof emailOf>[0]): ReturnType<typeof emailOf> {
  return groups.map((g) => emailOf([g])).find((g) => g.length > 0) ?? [];
}

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
  trees: SourceMapping['trees'] = [],
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
  trees: [...trees, { ecs: dataset, raw: '', keys: 'snake' }],
  jsonText: ['properties'],
});

/**
 * Elastic's pipeline makes a map of the lists of targets and of their changes (`target_resources.0.modified_properties.1`).
 * Here every place of a list is looked at, whatever its number.
 */
function targetFields(): SourceMapping['fields'] {
  const fields: Record<string, FieldSource> = {};
  const target = {
    id: 'id',
    type: 'type',
    display_name: 'displayName',
    user_principal_name: 'userPrincipalName',
    ip_address: 'ipAddress',
  };
  const change = { new_value: 'newValue', old_value: 'oldValue', display_name: 'displayName' };
  for (let t = 0; t < 5; t += 1) {
    const ecs = `azure.auditlogs.properties.target_resources.${t}`;
    for (const [name, raw] of Object.entries(target))
      fields[`${ecs}.${name}`] = { from: [`properties.targetResources.${raw}`] };
    for (let c = 0; c < 10; c += 1)
      for (const [name, raw] of Object.entries(change))
        fields[`${ecs}.modified_properties.${c}.${name}`] = {
          from: [`properties.targetResources.modifiedProperties.${raw}`],
        };
  }
  return fields;
}

const auditFields: SourceMapping['fields'] = {
  'event.outcome': { from: ['properties.result', 'resultType'], as: outcomeOfResult },
  'event.id': { from: ['properties.id'] },
  'user.name': { from: ['properties.initiatedBy.user.userPrincipalName'] },
  'user.id': { from: ['properties.initiatedBy.user.id'] },
  'source.ip': { from: ['properties.initiatedBy.user.ipAddress', 'callerIpAddress'], as: withoutPort },
  'azure.auditlogs.properties.activity_datetime': { from: ['properties.activityDateTime'] },
  'azure.auditlogs.properties.userAgent': { from: ['properties.userAgent'] },
  'azure.auditlogs.properties.initiated_by.user.user_principal_name': {
    from: ['properties.initiatedBy.user.userPrincipalName'],
  },
  ...targetFields(),
};

// Below initiated_by Elastic keeps the keys as they are.
export const azureAudit = snakeStream('azure.auditlogs', 'Azure Monitor record', ['AuditLogs'], auditFields, [
  { ecs: 'azure.auditlogs.properties.initiated_by', raw: 'properties.initiatedBy', keys: 'as_is' },
]);

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

/** Azure AD's older Graph; the category is spelled in both ways. */
export const azureAadGraphActivity = snakeStream('azure.aadgraphactivitylogs', 'Azure Monitor record', [
  'AzureADGraphActivityLogs',
  'AADGraphActivityLogs',
]);

// The dataset has an underscore, the fields have none.
export const azureIdentityProtection = snakeStream(
  'azure.identity_protection',
  'Azure Monitor record',
  ['RiskyUsers', 'UserRiskEvents'],
  {},
  [{ ecs: 'azure.identityprotection', raw: '', keys: 'snake' }],
);

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
  // What a service writes below `properties` and `identity` keeps its keys (Kubernetes audit records, `log` being text).
  trees: [
    { ecs: 'azure.platformlogs.properties', raw: 'properties', keys: 'as_is' },
    { ecs: 'azure.platformlogs.identity', raw: 'identity', keys: 'as_is' },
    { ecs: 'azure.platformlogs', raw: '', keys: 'snake' },
  ],
  jsonText: ['properties', 'properties.log'],
};

function pathOfUrl(groups: Parameters<typeof lastSegment>[0]): ReturnType<typeof lastSegment> {
  return groups
    .flat()
    .map((v) => ({ kind: 'string', text: v.text.replace(/^[a-z]+:\/\/[^/]*/i, '').replace(/[?#].*$/, '') }));
}
