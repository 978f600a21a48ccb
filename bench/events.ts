// The traffic of the benchmark: Entra sign-in records of about 2.5 kB as ECS events, some of which the seed rule matches.
import { createHash } from 'node:crypto';
import { encode } from '../src/msgpack/encode.js';

/** About what an event takes on the wire, in bytes. */
export const EVENT_BYTES = 2930;

const BROKER = '29d9ed98-a469-4536-ade2-f981bc1d605e';
const pad = (n: number, width: number): string => String(n).padStart(width, '0');

/** One sign-in; `match`: a device code sign-in to the broker. */
function signIn(n: number, match: boolean): Buffer {
  const id = `${pad(n, 8)}-5d5f-4d2e-9a3c-8d7f6e5c4b3a`;
  const policies = Array.from({ length: 5 }, (_, i) => ({
    id: `${pad(n + i, 8)}-aaaa-4bbb-8ccc-${pad(i, 12)}`,
    display_name: `CA00${i}: Require multifactor authentication for all users`,
    enforced_grant_controls: ['Mfa'],
    result: i === 0 ? 'success' : 'notApplied',
    conditions_satisfied: 1023 - i,
  }));
  return encode({
    '@timestamp': '2026-11-20T08:15:31.4370000Z',
    event: {
      dataset: 'azure.signinlogs',
      module: 'azure',
      kind: 'event',
      category: ['authentication'],
      type: ['info'],
      action: 'Sign-in activity',
      outcome: 'success',
      id,
      duration: 0,
      ingested: '2026-11-20T08:19:02.118Z',
    },
    cloud: { provider: 'azure', tenant: { id: 'contoso-tenant' } },
    user: { id: `user-${n % 500}`, name: `person${n % 500}@contoso.example`, full_name: `Person ${n % 500}` },
    source: { ip: `198.51.100.${n % 250}`, address: `198.51.100.${n % 250}`, port: 443 },
    user_agent: {
      original:
        'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36',
    },
    geo: {
      city_name: 'Utrecht',
      region_name: 'Utrecht',
      country_iso_code: 'NL',
      location: { lat: 52.09, lon: 5.12 },
    },
    azure: {
      correlation_id: `${pad(n, 8)}-1111-4222-8333-444444444444`,
      tenant_id: 'contoso-tenant',
      resource: { id: '/tenants/contoso-tenant/providers/Microsoft.aadiam', provider: 'Microsoft.aadiam' },
      signinlogs: {
        category: 'NonInteractiveUserSignInLogs',
        operation_name: 'Sign-in activity',
        operation_version: '1.0',
        result_type: '0',
        result_signature: 'SUCCESS',
        caller_ip_address: `198.51.100.${n % 250}`,
        level: '4',
        properties: {
          id,
          app_id: match ? BROKER : 'app-00000003-0000-0ff1-ce00-000000000000',
          app_display_name: match ? 'Microsoft Authentication Broker' : 'Office 365 SharePoint Online',
          authentication_protocol: match ? 'deviceCode' : 'none',
          authentication_requirement: 'multiFactorAuthentication',
          client_app_used: 'Mobile Apps and Desktop clients',
          conditional_access_status: 'success',
          conditional_access_audiences: [
            {
              application_id: match ? BROKER : '00000002-0000-0000-c000-000000000000',
              audience_reasons: 'none',
            },
          ],
          created_at: '2026-11-20T08:15:31.4370000Z',
          correlation_id: `${pad(n, 8)}-1111-4222-8333-444444444444`,
          device_detail: {
            device_id: '',
            operating_system: 'Windows 10',
            browser: 'Edge 142.0.0',
            trust_type: '',
          },
          is_interactive: false,
          incoming_token_type: 'primaryRefreshToken',
          processing_time_ms: 117,
          resource_display_name: 'Windows Azure Active Directory',
          risk_detail: 'none',
          risk_level_aggregated: 'none',
          risk_level_during_signin: 'none',
          risk_state: 'none',
          status: { error_code: 0 },
          token_issuer_type: 'AzureAD',
          unique_token_identifier: `token-${id}`,
          user_type: 'Member',
          applied_conditional_access_policies: policies,
        },
      },
    },
  });
}

/** The same sign-in as Azure Monitor writes it. */
function rawSignIn(n: number, match: boolean): Buffer {
  const id = `${pad(n, 8)}-5d5f-4d2e-9a3c-8d7f6e5c4b3a`;
  const policies = Array.from({ length: 5 }, (_, i) => ({
    id: `${pad(n + i, 8)}-aaaa-4bbb-8ccc-${pad(i, 12)}`,
    displayName: `CA00${i}: Require multifactor authentication for all users`,
    enforcedGrantControls: ['Mfa'],
    enforcedSessionControls: [],
    result: i === 0 ? 'success' : 'notApplied',
    conditionsSatisfied: 1023 - i,
    conditionsNotSatisfied: 0,
  }));
  return encode({
    time: '2026-11-20T08:15:31.4370000Z',
    resourceId: '/tenants/contoso-tenant/providers/Microsoft.aadiam',
    operationName: 'Sign-in activity',
    operationVersion: '1.0',
    category: 'NonInteractiveUserSignInLogs',
    tenantId: 'contoso-tenant',
    resultType: '0',
    resultSignature: 'None',
    durationMs: 0,
    callerIpAddress: `198.51.100.${n % 250}`,
    correlationId: `${pad(n, 8)}-1111-4222-8333-444444444444`,
    identity: `Person ${n % 500}`,
    Level: 4,
    location: 'NL',
    properties: {
      id,
      createdDateTime: '2026-11-20T08:15:31.4370000Z',
      userDisplayName: `Person ${n % 500}`,
      userPrincipalName: `person${n % 500}@contoso.example`,
      userId: `user-${n % 500}`,
      appId: match ? BROKER : 'app-00000003-0000-0ff1-ce00-000000000000',
      appDisplayName: match ? 'Microsoft Authentication Broker' : 'Office 365 SharePoint Online',
      ipAddress: `198.51.100.${n % 250}`,
      status: { errorCode: 0, additionalDetails: 'MFA requirement satisfied by claim in the token' },
      clientAppUsed: 'Mobile Apps and Desktop clients',
      userAgent:
        'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36',
      deviceDetail: { deviceId: '', operatingSystem: 'Windows 10', browser: 'Edge 142.0.0', trustType: '' },
      location: {
        city: 'Utrecht',
        state: 'Utrecht',
        countryOrRegion: 'NL',
        geoCoordinates: { latitude: 52.09, longitude: 5.12 },
      },
      conditionalAccessStatus: 'success',
      appliedConditionalAccessPolicies: policies,
      conditionalAccessAudiences: [
        { applicationId: match ? BROKER : '00000002-0000-0000-c000-000000000000', audienceReasons: 'none' },
      ],
      authenticationProtocol: match ? 'deviceCode' : 'none',
      authenticationRequirement: 'multiFactorAuthentication',
      correlationId: `${pad(n, 8)}-1111-4222-8333-444444444444`,
      isInteractive: false,
      incomingTokenType: 'primaryRefreshToken',
      processingTimeInMilliseconds: 117,
      resourceDisplayName: 'Windows Azure Active Directory',
      riskDetail: 'none',
      riskLevelAggregated: 'none',
      riskLevelDuringSignIn: 'none',
      riskState: 'none',
      tokenIssuerType: 'AzureAD',
      uniqueTokenIdentifier: `token-${id}`,
      userType: 'Member',
    },
  });
}

export const isMatch = (n: number, every: number): boolean => every > 0 && n % every === every - 1;

/** One entry, `[EventTime, record]`. */
function entry(n: number, every: number, form: 'ecs' | 'raw'): Buffer {
  const time = Buffer.from([0xd7, 0x00, 0x69, 0x20, 0, 0, 0x1a, 0, 0, 0]);
  time.writeUInt32BE(1_763_626_531 + (n % 1000), 2);
  const record = form === 'raw' ? rawSignIn(n, isMatch(n, every)) : signIn(n, isMatch(n, every));
  return Buffer.concat([Buffer.from([0x92]), time, record]);
}

/** Entries end to end, the `every`-th of which matches (0: none), numbered from `first`. */
export function entries(count: number, first: number, every: number, form: 'ecs' | 'raw' = 'ecs'): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, i) => entry(first + i, every, form)));
}

/** Distinct ids of events: how many, and a hash. */
export function digest(ids: readonly string[]): string {
  const distinct = [...new Set(ids)].sort();
  return `${distinct.length} ${createHash('sha256').update(distinct.join('\n')).digest('hex')}`;
}
