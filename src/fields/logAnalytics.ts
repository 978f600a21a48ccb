// Rows of Log Analytics tables (query API, data export, CSV): PascalCase columns without `properties`, some of which
// hold JSON text. Elastic's integration has no mapping for these; named as the same record from Azure Monitor is.
import { signInConstants } from './azureSignIn.js';
import { emailOf, outcomeOfErrorCode, outcomeOfResult } from './derive.js';
import type { SourceMapping } from './mapping.js';

const signInTables = [
  'SigninLogs',
  'AADNonInteractiveUserSignInLogs',
  'AADServicePrincipalSignInLogs',
  'AADManagedIdentitySignInLogs',
  'ADFSSignInLogs',
];
const signInCategories = [
  'SignInLogs',
  'NonInteractiveUserSignInLogs',
  'ServicePrincipalSignInLogs',
  'ManagedIdentitySignInLogs',
  'ADFSSignInLogs',
];
const address = { from: ['IPAddress'] };
const audiences = 'ConditionalAccessAudiences';

export const logAnalyticsSignIn: SourceMapping = {
  beyondElastic: true,
  name: 'azure.signinlogs (Log Analytics row)',
  when: [
    [{ path: 'Type', oneOf: signInTables }],
    [
      { path: 'Category', oneOf: signInCategories },
      { path: 'ResultType', exists: true },
    ],
    [
      { path: 'AuthenticationProtocol', exists: true },
      { path: 'ResultType', exists: true },
    ],
  ],
  constants: signInConstants,
  fields: {
    // `Status` where the table has it, else `ResultType`, which holds the same code as text.
    'event.outcome': {
      from: ['Status.errorCode', 'ResultType'],
      as: ([status = [], result = []]) => outcomeOfErrorCode([status.length > 0 ? status : result]),
    },
    'event.id': { from: ['Id'] },
    'event.action': { from: ['OperationName'] },
    'user.id': { from: ['UserId'] },
    'user.name': { from: ['UserPrincipalName', 'ServicePrincipalName'] },
    'user.full_name': { from: ['UserDisplayName'] },
    'user.email': { from: ['UserPrincipalName'], as: emailOf },
    'user_agent.original': { from: ['UserAgent'] },
    'source.ip': address,
    'source.address': address,
    'client.ip': address,
    'related.ip': address,
    'azure.tenant_id': { from: ['AADTenantId'] },
    'azure.correlation_id': { from: ['CorrelationId'] },
    'azure.resource.id': { from: ['ResourceId'] },
    'geo.country_iso_code': { from: ['Location'] },
    'geo.city_name': { from: ['LocationDetails.city'] },
    'log.level': { from: ['Level'] },
    'azure.signinlogs.category': { from: ['Category'] },
    'azure.signinlogs.operation_name': { from: ['OperationName'] },
    'azure.signinlogs.result_type': { from: ['ResultType'] },
    'azure.signinlogs.result_signature': { from: ['ResultSignature'] },
    'azure.signinlogs.result_description': { from: ['ResultDescription'] },
    'azure.signinlogs.identity': { from: ['Identity'] },
    'azure.signinlogs.properties.created_at': { from: ['CreatedDateTime'] },
    'azure.signinlogs.properties.conditional_access_audiences.application_id': {
      from: [`${audiences}.applicationId`, audiences],
      as: ([inside = [], plain = []]) =>
        inside.length > 0 ? inside : plain.filter((v) => !/^\s*[{[]/.test(v.text)),
    },
  },
  trees: [{ ecs: 'azure.signinlogs.properties', raw: '', keys: 'snake' }],
  jsonText: [
    audiences,
    'Status',
    'Status_string',
    'DeviceDetail',
    'LocationDetails',
    'ConditionalAccessPolicies',
    'AuthenticationDetails',
    'AuthenticationProcessingDetails',
    'NetworkLocationDetails',
  ],
};

export const logAnalyticsActivity: SourceMapping = {
  beyondElastic: true,
  name: 'azure.activitylogs (Log Analytics row)',
  when: [[{ path: 'Type', oneOf: ['AzureActivity'] }]],
  constants: {
    'event.dataset': ['azure.activitylogs'],
    'data_stream.dataset': ['azure.activitylogs'],
    'event.module': ['azure'],
    'event.kind': ['event'],
    'cloud.provider': ['azure'],
  },
  fields: {
    'event.outcome': { from: ['ActivityStatusValue', 'ActivityStatus'], as: outcomeOfResult },
    'event.action': { from: ['OperationNameValue', 'OperationName'] },
    'event.id': { from: ['EventDataId'] },
    'user.name': { from: ['Caller'] },
    'user.email': { from: ['Caller'], as: emailOf },
    'source.ip': { from: ['CallerIpAddress'] },
    'azure.correlation_id': { from: ['CorrelationId'] },
    'azure.resource.id': { from: ['_ResourceId', 'ResourceId'] },
    'azure.subscription_id': { from: ['SubscriptionId'] },
    'azure.activitylogs.operation_name': { from: ['OperationNameValue', 'OperationName'] },
    'azure.activitylogs.result_type': { from: ['ActivityStatusValue'] },
  },
  trees: [
    { ecs: 'azure.activitylogs.properties', raw: 'Properties', keys: 'as_is' },
    { ecs: 'azure.activitylogs', raw: '', keys: 'snake' },
  ],
  jsonText: ['Properties', 'Properties_d', 'Authorization', 'Claims', 'HTTPRequest'],
};

export const logAnalyticsAudit: SourceMapping = {
  beyondElastic: true,
  name: 'azure.auditlogs (Log Analytics row)',
  when: [[{ path: 'Type', oneOf: ['AuditLogs'] }]],
  constants: {
    'event.dataset': ['azure.auditlogs'],
    'data_stream.dataset': ['azure.auditlogs'],
    'event.module': ['azure'],
    'event.kind': ['event'],
    'cloud.provider': ['azure'],
  },
  fields: {
    'event.outcome': { from: ['Result'], as: outcomeOfResult },
    'event.action': { from: ['OperationName'] },
    'event.id': { from: ['Id'] },
    'azure.auditlogs.operation_name': { from: ['OperationName'] },
    'azure.auditlogs.category': { from: ['Category'] },
    'azure.auditlogs.identity': { from: ['Identity'] },
    'azure.correlation_id': { from: ['CorrelationId'] },
    'azure.tenant_id': { from: ['AADTenantId'] },
  },
  trees: [{ ecs: 'azure.auditlogs.properties', raw: '', keys: 'snake' }],
  jsonText: ['InitiatedBy', 'TargetResources', 'AdditionalDetails'],
};
