// Azure Monitor sign-in records as Event Hubs and the Blob export carry them (camelCase, `properties`), as Elastic's
// azure integration names them in ECS. Facts: elastic/integrations, azure/data_stream/signinlogs, default pipeline.
import { commonFields, constantsOf, ofCategory } from './azureCommon.js';
import {
  addressOf,
  domainOf,
  emailOf,
  firstFilled,
  outcomeOfErrorCode,
  outcomeOfNumericCode,
  statusMessage,
  timeOf,
} from './derive.js';
import type { FieldSource, SourceMapping } from './mapping.js';

export const signInConstants = {
  ...constantsOf('azure.signinlogs'),
  'event.category': ['authentication'],
  'event.type': ['info'],
};

const S = 'azure.signinlogs';
const P = `${S}.properties`;

/**
 * The ECS fields that are moved out of the tree. `p` is where the sign-in's own properties lie (`properties.`, or ''
 * for a Graph row).
 */
export function signInFields(p: string): Record<string, FieldSource> {
  const at = (path: string): FieldSource => ({ from: [`${p}${path}`] });
  return {
    'event.outcome': { from: [`${p}status.errorCode`], as: outcomeOfErrorCode },
    'event.id': at('id'),
    message: { from: [`${p}status.failureReason`, `${p}status.additionalDetails`], as: statusMessage },
    'user.id': at('userId'),
    'user.name': at('userPrincipalName'),
    'user.full_name': at('userDisplayName'),
    'user.email': { from: [`${p}userPrincipalName`], as: emailOf },
    'user.domain': { from: [`${p}userPrincipalName`], as: domainOf },
    'user_agent.original': at('userAgent'),
    // Elastic looks the number up by the address; Entra's newer records say it themselves.
    'source.as.number': at('autonomousSystemNumber'),
    [`${P}.created_at`]: at('createdDateTime'),
    [`${P}.processing_time_ms`]: at('processingTimeInMilliseconds'),
    [`${P}.risk_level_during_signin`]: at('riskLevelDuringSignIn'),
    // Objects or plain strings: the strings Elastic's own pipeline would miss.
    [`${P}.conditional_access_audiences.application_id`]: {
      from: [`${p}conditionalAccessAudiences.applicationId`, `${p}conditionalAccessAudiences`],
    },
    // Flattened in Elasticsearch: a query on the field itself looks at every value.
    [`${P}.authentication_processing_details`]: at('authenticationProcessingDetails.value'),
    'geo.city_name': at('location.city'),
    'geo.region_name': at('location.state'),
    'geo.location.lat': at('location.geoCoordinates.latitude'),
    'geo.location.lon': at('location.geoCoordinates.longitude'),
  };
}

/** A list of `{key, value}` that Elastic makes a map of. */
export function processingDetails(raw: string): SourceMapping['trees'][number] {
  return { ecs: `${P}.authentication_processing_details`, raw, keys: 'as_is', pairs: true };
}

const address = {
  from: ['properties.ipAddress', 'properties.ipaddress', 'callerIpAddress', 'CallerIpAddress'],
  as: addressOf,
};

export const azureSignIn: SourceMapping = {
  name: 'azure.signinlogs (Azure Monitor record)',
  when: ofCategory({ endsWith: 'SignInLogs' }),
  constants: signInConstants,
  fields: {
    ...commonFields,
    ...signInFields('properties.'),
    '@timestamp': { from: ['properties.createdDateTime', 'time', 'CreatedDateTime'], as: timeOf },
    'source.ip': address,
    'source.address': address,
    'client.ip': address,
    'related.ip': address,
    'geo.country_iso_code': { from: ['location', 'properties.location.countryOrRegion'], as: firstFilled },
  },
  trees: [
    processingDetails('properties.authenticationProcessingDetails'),
    { ecs: S, raw: '', keys: 'snake' },
  ],
  elasticFields: {
    'event.outcome': { from: ['properties.status.errorCode'], as: outcomeOfNumericCode },
    'source.as.number': { from: [] },
    [`${P}.conditional_access_audiences.application_id`]: {
      from: ['properties.conditionalAccessAudiences.applicationId'],
    },
  },
  jsonText: ['properties'],
};

/** All keys in PascalCase, which some exports write; a Log Analytics row has more and is looked for before. */
export const azureSignInPascal: SourceMapping = {
  ...azureSignIn,
  when: [[{ path: 'Category', endsWith: 'SignInLogs' }]],
};
