// Azure Monitor records as the diagnostic settings of Entra ID write them, made from a sign-in's facts.
import { agents, places, registration, resources, TENANT } from './people.mjs';

/** mulberry32: the same capture at every run. */
export function randomOf(seed) {
  let state = seed >>> 0;
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n) => Math.floor(random() * n);
  const guid = () => {
    const hex = Array.from({ length: 32 }, () => below(16).toString(16)).join('');
    const variant = '89ab'[below(4)];
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
  };
  return { random, below, guid, pick: (list) => list[below(list.length)], chance: (p) => random() < p };
}

const iso7 = (ms, fraction) =>
  `${new Date(ms).toISOString().slice(0, 20)}${String(fraction).padStart(7, '0')}Z`;

export function addressOf(place, r) {
  return place[5].includes(':')
    ? `${place[5]}${(0x1000 + r.below(0xe000)).toString(16)}`
    : `${place[5]}${1 + r.below(254)}`;
}

const policyNames = [
  'Require MFA for all users',
  'Block legacy authentication',
  'Require compliant device for Office 365',
  'Block sign-ins from unusual countries',
  'Require app protection on phones',
  'Require MFA for administrators',
  'Sign-in frequency for unmanaged devices',
  'Terms of use for guests',
];

/** Some records carry every policy of the tenant in full, which makes them large. */
function policiesOf(r, policies, full) {
  return policies.slice(0, full ? policies.length : 2).map((p) => ({
    id: p.id,
    displayName: p.name,
    enforcedGrantControls: p.controls,
    enforcedSessionControls: [],
    result: r.pick(['notApplied', 'success', 'notEnabled']),
    conditionsSatisfied: 1 + 2 * r.below(4),
    conditionsNotSatisfied: r.below(3),
    ...(full
      ? {
          includeRulesSatisfied: [{ conditionalAccessCondition: 'application', ruleSatisfied: 'allApps' }],
          excludeRulesSatisfied: [],
        }
      : {}),
  }));
}

export function policiesOfTenant(r) {
  return policyNames.map((name) => ({
    id: r.guid(),
    name,
    controls: /MFA/.test(name) ? ['Mfa'] : /Block/.test(name) ? ['Block'] : [],
  }));
}

const operation = {
  SignInLogs: 'Sign-in activity',
  NonInteractiveUserSignInLogs: 'Sign-in activity',
  ServicePrincipalSignInLogs: 'Sign-in activity',
  ManagedIdentitySignInLogs: 'Sign-in activity',
};

/**
 * One sign-in.
 * @param s {at, category, user, app, resource, protocol, transfer, audiences, error, place, ip, agent, full, correlation}
 */
export function signIn(r, tenant, s) {
  const user = s.user;
  const place = s.place ?? user.place ?? places[0];
  const ip = s.ip ?? addressOf(place, r);
  const resource = s.resource ?? r.pick(resources);
  const failed = (s.error ?? 0) !== 0;
  const fraction = r.below(10_000_000);
  const created = iso7(s.at, fraction);
  const audiences = (s.audiences ?? [resource[0]]).map((applicationId) => ({
    applicationId,
    audienceReasons: 'none',
  }));
  return {
    time: iso7(s.at + (60 + r.below(420)) * 1000, r.below(10_000_000)),
    resourceId: `/tenants/${TENANT}/providers/Microsoft.aadiam`,
    operationName: operation[s.category],
    operationVersion: '1.0',
    category: s.category,
    tenantId: TENANT,
    resultType: String(s.error ?? 0),
    resultSignature: failed ? 'FAILURE' : r.pick(['SUCCESS', 'None']),
    ...(failed ? { resultDescription: s.reason } : {}),
    durationMs: r.chance(0.1) ? '0' : 0,
    callerIpAddress: ip,
    correlationId: s.correlation ?? r.guid(),
    identity: user.name,
    ...(r.chance(0.2) ? { level: '4' } : { Level: 4 }),
    location: place[2],
    properties: {
      id: r.guid(),
      createdDateTime: created,
      userDisplayName: user.name,
      userPrincipalName: user.upn,
      userId: user.id,
      appId: s.app[0],
      appDisplayName: s.app[1],
      ipAddress: ip,
      status: failed
        ? { errorCode: s.error, failureReason: s.reason, additionalDetails: r.chance(0.5) ? '' : null }
        : { errorCode: 0 },
      clientAppUsed: 'Mobile Apps and Desktop clients',
      userAgent: s.agent ?? r.pick(agents),
      deviceDetail: s.device ?? {
        deviceId: r.chance(0.5) ? '' : r.guid(),
        operatingSystem: r.pick(['Windows 10', 'MacOs', 'Linux', 'Android']),
        browser: r.pick(['Chrome 134.0.0', 'Safari 18.2', 'Firefox 136.0', '']),
      },
      location: {
        city: place[0],
        state: place[1],
        countryOrRegion: place[2],
        geoCoordinates: { latitude: place[3], longitude: place[4] },
      },
      correlationId: s.correlation ?? r.guid(),
      conditionalAccessStatus: failed ? 'notApplied' : 'success',
      appliedConditionalAccessPolicies: policiesOf(r, tenant.policies, s.full === true),
      conditionalAccessAudiences: audiences,
      authenticationContextClassReferences: [],
      originalRequestId: '',
      isInteractive: s.category === 'SignInLogs',
      tokenIssuerName: '',
      tokenIssuerType: 'AzureAD',
      authenticationProcessingDetails: [
        { key: 'Legacy TLS (TLS 1.0, 1.1, 3DES)', value: 'False' },
        { key: 'Is CAE Token', value: r.pick(['True', 'False']) },
      ],
      networkLocationDetails: [],
      processingTimeInMilliseconds: 40 + r.below(400),
      riskDetail: 'none',
      riskLevelAggregated: s.risk ?? 'none',
      riskLevelDuringSignIn: s.risk ?? 'none',
      riskState: 'none',
      riskEventTypes_v2: [],
      resourceDisplayName: resource[1],
      resourceId: resource[0],
      resourceTenantId: TENANT,
      homeTenantId: TENANT,
      authenticationMethodsUsed: [],
      authenticationRequirement: r.pick(['singleFactorAuthentication', 'multiFactorAuthentication']),
      authenticationProtocol: s.protocol ?? 'none',
      originalTransferMethod: s.transfer ?? 'none',
      incomingTokenType: r.pick(['none', 'primaryRefreshToken', 'refreshToken']),
      isTenantRestricted: false,
      autonomousSystemNumber: 64496 + r.below(16),
      crossTenantAccessType: 'none',
      uniqueTokenIdentifier: r.guid().replaceAll('-', '').slice(0, 22),
      sessionLifetimePolicies: [],
      userType: 'Member',
      flaggedForReview: false,
    },
  };
}

/** A directory audit or Azure activity record: what else an Entra hub carries. */
export function audit(r, at, user) {
  const administrative = r.chance(0.3);
  const time = iso7(at, r.below(10_000_000));
  if (administrative) {
    return {
      time,
      resourceId: `/SUBSCRIPTIONS/${TENANT}/RESOURCEGROUPS/RG-APPS/PROVIDERS/MICROSOFT.STORAGE/STORAGEACCOUNTS/STAPPS`,
      operationName: 'MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION',
      category: 'Administrative',
      resultType: r.pick(['Start', 'Success']),
      resultSignature: 'Started.',
      durationMs: 0,
      callerIpAddress: addressOf(user.place, r),
      correlationId: r.guid(),
      identity: { claims: { appid: r.guid(), ver: '1.0' } },
      level: 'Information',
      properties: { eventCategory: 'Administrative', hierarchy: TENANT },
    };
  }
  return {
    time,
    resourceId: `/tenants/${TENANT}/providers/Microsoft.aadiam`,
    operationName: r.pick(['Update user', 'Add member to group', 'Update device', 'Consent to application']),
    operationVersion: '1.0',
    category: 'AuditLogs',
    tenantId: TENANT,
    resultSignature: 'None',
    durationMs: 0,
    callerIpAddress: addressOf(user.place, r),
    correlationId: r.guid(),
    Level: 4,
    properties: {
      id: `Directory_${r.guid()}`,
      category: 'UserManagement',
      result: 'success',
      activityDateTime: time,
      loggedByService: 'Core Directory',
      initiatedBy: { user: { id: user.id, userPrincipalName: user.upn, ipAddress: '' } },
      targetResources: [{ id: r.guid(), type: 'User', modifiedProperties: [] }],
    },
  };
}

/** A raw sign-in as Elastic's pipeline would have stored it: nested, or with dotted names. */
export function toEcs(record, dotted) {
  const p = record.properties;
  const snake = (value) => {
    if (Array.isArray(value)) return value.map(snake);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([k, v]) => [k.replace(/([a-z])([A-Z]+)/g, '$1_$2').toLowerCase(), snake(v)]),
    );
  };
  const { ipAddress, location, appliedConditionalAccessPolicies, createdDateTime, ...rest } = p;
  const ecs = {
    '@timestamp': createdDateTime,
    event: {
      dataset: 'azure.signinlogs',
      kind: 'event',
      category: ['authentication'],
      type: ['info'],
      action: record.operationName,
      outcome: p.status.errorCode === 0 ? 'success' : 'failure',
      id: p.id,
    },
    azure: {
      tenant_id: record.tenantId,
      correlation_id: record.correlationId,
      signinlogs: {
        category: record.category,
        result_type: record.resultType,
        properties: snake(rest),
      },
    },
    source: { ip: ipAddress },
    user: { name: p.userPrincipalName, full_name: p.userDisplayName, id: p.userId },
    user_agent: { original: p.userAgent },
    geo: { city_name: location.city, country_iso_code: location.countryOrRegion },
    cloud: { provider: 'azure' },
  };
  return dotted ? flatten(ecs) : ecs;
}

function flatten(value, prefix = '', into = {}) {
  for (const [key, inner] of Object.entries(value)) {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) flatten(inner, name, into);
    else into[name] = inner;
  }
  return into;
}

export { registration };
