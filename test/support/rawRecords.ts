// Records of our own making in the form of each source that a mapping knows. Nobody in them is real.
import { BROKER } from './makeRule.js';

type Record_ = Readonly<Record<string, unknown>>;

/** A device code sign-in for the broker that succeeded, as Azure Monitor writes it: the seed rule matches it. */
export const signInRecord: Record_ = {
  time: '2026-11-20T08:00:00.1234567Z',
  resourceId: '/tenants/5f0c9f0e-0000-4000-8000-000000000001/providers/Microsoft.aadiam',
  operationName: 'Sign-in activity',
  operationVersion: '1.0',
  category: 'SignInLogs',
  tenantId: '5f0c9f0e-0000-4000-8000-000000000001',
  resultType: '0',
  resultSignature: 'SUCCESS',
  durationMs: 0,
  callerIpAddress: '192.0.2.1',
  correlationId: '5f0c9f0e-0000-4000-8000-000000000002',
  identity: 'Ana Díaz',
  Level: 4,
  location: 'ES',
  properties: {
    id: 'sign-in-1',
    createdDateTime: '2026-11-20T07:58:00Z',
    userDisplayName: 'Ana Díaz',
    userPrincipalName: 'ana@contoso.example',
    userId: 'user-1',
    appId: BROKER,
    appDisplayName: 'Microsoft Authentication Broker',
    ipAddress: '192.0.2.1',
    authenticationProtocol: 'deviceCode',
    conditionalAccessAudiences: [{ applicationId: BROKER, audienceReasons: 'none' }],
    status: { errorCode: 0 },
    authenticationProcessingDetails: [
      { key: 'Is CAE Token', value: 'False' },
      { key: 'Oauth Scope Info', value: '["user_impersonation"]' },
    ],
    riskEventTypes_v2: [],
    location: { city: 'Sevilla', state: 'Andalucía', countryOrRegion: 'ES' },
  },
};

const activityRecord: Record_ = {
  time: '2026-11-20T08:00:00Z',
  category: 'Administrative',
  operationName: 'MICROSOFT.STORAGE/STORAGEACCOUNTS/WRITE',
  resourceId:
    '/SUBSCRIPTIONS/5F0C9F0E-0000-4000-8000-000000000003/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.STORAGE/STORAGEACCOUNTS/ACCT',
  resultType: 'Success',
  durationMs: '12',
  callerIpAddress: '192.0.2.2:443',
  level: 'Information',
  identity: {
    authorization: { evidence: { principalId: 'principal-1', principalType: 'User', role: 'Owner' } },
    claims: {
      'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name': 'ana@contoso.example',
      appid: 'app-1',
    },
  },
  properties: {
    eventCategory: 'Administrative',
    statusCode: 'Accepted',
    requestbody: '{"properties":{"roleDefinitionId":"/role/1"}}',
  },
};

const auditRecord: Record_ = {
  time: '2026-11-20T08:00:00Z',
  category: 'AuditLogs',
  operationName: 'Add member to role',
  properties: {
    id: 'audit-1',
    category: 'RoleManagement',
    result: 'success',
    initiatedBy: { user: { id: 'user-1', userPrincipalName: 'ana@contoso.example' } },
    targetResources: [
      {
        id: 'user-2',
        type: 'User',
        modifiedProperties: [
          { displayName: 'Role', newValue: '"Owner"', oldValue: null },
          { displayName: 'X', newValue: 'y' },
        ],
      },
    ],
    additionalDetails: [{ key: 'DeviceOs', value: 'Windows' }],
  },
};

const platformRecord: Record_ = {
  time: '2026-11-20T08:00:00Z',
  category: 'kube-audit',
  operationName: 'Microsoft.ContainerService/managedClusters/diagnosticLogs/Read',
  resourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c',
  statusCode: 200,
  properties: {
    log: '{"verb":"create","user":{"username":"ana"},"objectRef":{"resource":"secrets"}}',
    pod: 'p',
  },
};

const graphActivityRecord: Record_ = {
  time: '2026-11-20T08:00:00Z',
  category: 'MicrosoftGraphActivityLogs',
  operationName: 'Microsoft Graph Activity',
  callerIpAddress: '2001:db8::7',
  properties: {
    requestId: 'request-1',
    requestMethod: 'GET',
    requestUri: 'https://graph.microsoft.com/v1.0/me/messages?$top=1',
    responseStatusCode: 200,
    userId: 'user-1',
    C_Idtyp: 'user',
    UserPrincipalObjectID: 'user-1',
    scopes: 'Mail.Read User.Read',
  },
};

const riskyUserRecord: Record_ = {
  time: '11/20/2026 3:03:58 PM',
  category: 'RiskyUsers',
  operationName: 'Risky user',
  properties: { userPrincipalName: 'ana@contoso.example', riskState: 'atRisk', userId: 'user-1' },
};

export const logAnalyticsRow: Record_ = {
  TimeGenerated: '2026-11-20T08:00:00Z',
  Type: 'SigninLogs',
  Category: 'SignInLogs',
  Id: 'sign-in-1',
  AADTenantId: 'tenant-1',
  TenantId: 'workspace-1',
  ResultType: '0',
  OperationName: 'Sign-in activity',
  AppId: BROKER,
  UserPrincipalName: 'ana@contoso.example',
  IPAddress: '192.0.2.1',
  AuthenticationProtocol: 'deviceCode',
  ConditionalAccessAudiences: JSON.stringify([{ applicationId: BROKER, audienceReasons: 'none' }]),
  Status: '{"errorCode":0}',
};

export const graphRow: Record_ = signInRecord['properties'] as Record_;

const cloudTrailRecord: Record_ = {
  eventVersion: '1.11',
  eventTime: '2026-11-20T08:00:00Z',
  eventSource: 'iam.amazonaws.com',
  eventName: 'AttachUserPolicy',
  eventID: 'event-1',
  eventType: 'AwsApiCall',
  awsRegion: 'eu-west-1',
  sourceIPAddress: '192.0.2.1',
  userAgent: 'aws-cli/2',
  userIdentity: {
    type: 'IAMUser',
    principalId: 'AIDA1',
    arn: 'arn:aws:iam::111111111111:user/ana',
    accountId: '111111111111',
    userName: 'ana',
  },
  requestParameters: {
    userName: 'ben',
    policyArn: 'arn:aws:iam::aws:policy/AdministratorAccess',
    tags: ['a', { b: 1 }],
  },
  responseElements: null,
  resources: [
    { ARN: 'arn:aws:iam::111111111111:user/ben', accountId: '111111111111', type: 'AWS::IAM::User' },
  ],
  tlsDetails: { tlsVersion: 'TLSv1.3', clientProvidedHostHeader: 'iam.amazonaws.com' },
};

const oktaEvent: Record_ = {
  uuid: 'event-1',
  published: '2026-11-20T08:00:00Z',
  eventType: 'user.session.start',
  displayMessage: 'User login to Okta',
  actor: { id: 'actor-1', type: 'User', alternateId: 'ana@contoso.example', displayName: 'Ana Díaz' },
  client: {
    ipAddress: '192.0.2.1',
    device: 'Computer',
    userAgent: { rawUserAgent: 'Mozilla/5.0', os: 'Linux', browser: 'FIREFOX' },
    geographicalContext: { city: 'Sevilla', country: 'Spain' },
  },
  outcome: { result: 'FAILURE', reason: 'INVALID_CREDENTIALS' },
  target: [{ id: 'user-2', type: 'User', alternateId: 'ben@contoso.example', displayName: 'Ben' }],
  securityContext: { isProxy: true, asNumber: 64496, asOrg: 'Example' },
  debugContext: {
    debugData: { dtHash: 'hash-1', threatSuspected: 'false', privilegeGranted: 'Super administrator' },
  },
};

export const rawRecords: readonly Record_[] = [
  signInRecord,
  activityRecord,
  auditRecord,
  platformRecord,
  graphActivityRecord,
  riskyUserRecord,
  logAnalyticsRow,
  graphRow,
  cloudTrailRecord,
  oktaEvent,
];
