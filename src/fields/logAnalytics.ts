// Sign-in rows of Log Analytics tables (query API, data export, CSV): PascalCase columns without `properties`, some of
// which hold JSON text. Elastic's integration has no mapping for these; named as the same record from Azure Monitor is.
import { resourceFields } from './azureCommon.js';
import { processingDetails, signInConstants } from './azureSignIn.js';
import { domainOf, emailOf, firstFilled, outcomeOfErrorCode, timeOf } from './derive.js';
import type { RawValue, SourceMapping } from './mapping.js';

const signInTables = [
  'SigninLogs',
  'AADNonInteractiveUserSignInLogs',
  'AADServicePrincipalSignInLogs',
  'AADManagedIdentitySignInLogs',
  'MicrosoftServicePrincipalSignInLogs',
  'ADFSSignInLogs',
];

/** The spellings of a column: over several tables a query gives a pair, one of which is filled. */
export const spellings = (column: string): string[] => [column, `${column}_dynamic`, `${column}_string`];

const P = 'azure.signinlogs.properties';
const address = { from: ['IPAddress'] };
const audiences = spellings('ConditionalAccessAudiences');
const objects = {
  status: 'Status',
  device_detail: 'DeviceDetail',
  location_details: 'LocationDetails',
  applied_conditional_access_policies: 'ConditionalAccessPolicies',
  authentication_details: 'AuthenticationDetails',
  network_location_details: 'NetworkLocationDetails',
  token_protection_status_details: 'TokenProtectionStatusDetails',
  mfa_detail: 'MfaDetail',
};
const processing = spellings('AuthenticationProcessingDetails');

export const logAnalyticsSignIn: SourceMapping = {
  beyondElastic: true,
  name: 'azure.signinlogs (Log Analytics row)',
  when: [
    [{ path: 'Type', oneOf: signInTables }],
    [
      { path: 'Category', endsWith: 'SignInLogs' },
      { path: 'ResultType', exists: true },
    ],
    [
      { path: 'Category', endsWith: 'SignInLogs' },
      { path: 'TimeGenerated', exists: true },
    ],
    [
      { path: 'AuthenticationProtocol', exists: true },
      { path: 'ResultType', exists: true },
    ],
  ],
  constants: signInConstants,
  fields: {
    '@timestamp': {
      from: ['CreatedDateTime', 'TimeGenerated', 'TimeGenerated [UTC]', 'CreatedDateTime [UTC]'],
      as: timeOf,
    },
    // `Status` where the table has it, else `ResultType`, which holds the same code as text.
    'event.outcome': {
      from: [...spellings('Status').map((column) => `${column}.errorCode`), 'ResultType'],
      as: (groups) => outcomeOfErrorCode([firstFilled(groups)]),
    },
    'event.id': { from: ['Id'] },
    'event.action': { from: ['OperationName'] },
    'user.id': { from: ['UserId'] },
    'user.name': { from: ['UserPrincipalName', 'ServicePrincipalName'], as: firstFilled },
    'user.full_name': { from: ['UserDisplayName'] },
    'user.email': { from: ['UserPrincipalName'], as: emailOf },
    'user.domain': { from: ['UserPrincipalName'], as: domainOf },
    'user_agent.original': { from: ['UserAgent'] },
    'source.ip': address,
    'source.address': address,
    'client.ip': address,
    'related.ip': address,
    'source.as.number': { from: ['AutonomousSystemNumber'] },
    // `TenantId` is the workspace.
    'azure.tenant_id': { from: ['AADTenantId'] },
    'azure.correlation_id': { from: ['CorrelationId'] },
    ...resourceFields(['ResourceId', '_ResourceId']),
    'geo.country_iso_code': { from: ['Location'] },
    'geo.city_name': { from: spellings('LocationDetails').map((column) => `${column}.city`) },
    'geo.region_name': { from: spellings('LocationDetails').map((column) => `${column}.state`) },
    'log.level': { from: ['Level'] },
    'azure.signinlogs.category': { from: ['Category'] },
    'azure.signinlogs.operation_name': { from: ['OperationName'] },
    'azure.signinlogs.result_type': { from: ['ResultType'] },
    'azure.signinlogs.result_signature': { from: ['ResultSignature'] },
    'azure.signinlogs.result_description': { from: ['ResultDescription'] },
    'azure.signinlogs.identity': { from: ['Identity'] },
    [`${P}.created_at`]: { from: ['CreatedDateTime', 'CreatedDateTime [UTC]'], as: firstFilled },
    [`${P}.processing_time_ms`]: { from: ['ProcessingTimeInMilliseconds'] },
    [`${P}.risk_level_during_signin`]: { from: ['RiskLevelDuringSignIn'] },
    // `ResourceId` is Azure's resource; the application signed in to has this name here.
    [`${P}.resource_id`]: { from: ['ResourceIdentity'] },
    [`${P}.conditional_access_audiences.application_id`]: {
      from: [...audiences.map((column) => `${column}.applicationId`), ...audiences],
      as: applicationIds,
    },
    [`${P}.authentication_processing_details`]: { from: processing.map((column) => `${column}.value`) },
  },
  trees: [
    ...processing.map((column) => processingDetails(column)),
    ...Object.entries(objects).flatMap(([ecs, column]) =>
      spellings(column).map((raw) => ({ ecs: `${P}.${ecs}`, raw, keys: 'snake' as const })),
    ),
    { ecs: P, raw: '', keys: 'snake' },
  ],
  jsonText: [...audiences, ...processing, ...Object.values(objects).flatMap(spellings)],
};

/** The ids of the objects, else the plain strings; a text of JSON is not one of them. */
function applicationIds(groups: readonly (readonly RawValue[])[]): readonly RawValue[] {
  const inside = groups.slice(0, audiences.length).flat();
  if (inside.length > 0) return inside;
  return groups.flat().filter((v) => v.text !== '' && !/^\s*[{[]/.test(v.text));
}
