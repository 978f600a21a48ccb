// AWS CloudTrail records as CloudTrail writes them, named as Elastic's aws integration names them
// (elastic/integrations, aws/data_stream/cloudtrail: user_identity and the other keys in snake_case).
import { categoryOfAction, typeOfAction } from './awsActions.js';
import { allOf, firstFilled, onlyIps, timeOf } from './derive.js';
import { asJavaText } from './javaText.js';
import type { FieldSource, RawValue, SourceMapping } from './mapping.js';

const C = 'aws.cloudtrail';
const session = 'userIdentity.sessionContext';
const issuer = `${session}.sessionIssuer`;

/** Elastic keeps these as one text, and as they are below `flattened`. */
const parameters = {
  request_parameters: 'requestParameters',
  response_elements: 'responseElements',
  additional_eventdata: 'additionalEventData',
  service_event_details: 'serviceEventDetails',
};

/** What a request is about, of the resources that rules tell apart by. */
const targets: FieldSource = {
  from: [
    'roleName',
    'userName',
    'groupName',
    'policyArn',
    'bucketName',
    'instanceId',
    'functionName',
    'secretId',
  ].map((key) => `requestParameters.${key}`),
  as: allOf,
};

export const awsCloudTrail: SourceMapping = {
  name: 'aws.cloudtrail (CloudTrail record)',
  when: [
    [
      { path: 'eventSource', endsWith: '.amazonaws.com' },
      { path: 'eventName', exists: true },
    ],
  ],
  constants: {
    'event.dataset': [C],
    'data_stream.dataset': [C],
    'data_stream.type': ['logs'],
    'event.module': ['aws'],
    'event.kind': ['event'],
    'cloud.provider': ['aws'],
  },
  fields: {
    '@timestamp': { from: ['eventTime'], as: timeOf },
    'event.provider': { from: ['eventSource'] },
    'event.action': { from: ['eventName'] },
    'event.id': { from: ['eventID'] },
    'event.outcome': { from: ['errorCode', 'errorMessage', 'responseElements.ConsoleLogin'], as: outcome },
    'event.category': { from: ['eventName', 'eventSource'], as: categoryOfAction },
    'event.type': { from: ['eventName', 'eventSource'], as: typeOfAction },
    'cloud.account.id': { from: ['userIdentity.accountId', 'recipientAccountId'], as: firstFilled },
    'cloud.region': { from: ['awsRegion'] },
    // A service of AWS stands there by its name, which is no address of IP.
    'source.ip': { from: ['sourceIPAddress'], as: onlyIps },
    'source.address': { from: ['sourceIPAddress'] },
    'related.ip': { from: ['sourceIPAddress'], as: onlyIps },
    'user_agent.original': { from: ['userAgent'] },
    'user.id': { from: ['userIdentity.principalId'] },
    'user.name': { from: ['userIdentity.userName', `${issuer}.userName`], as: firstFilled },
    'user.target.name': { from: ['requestParameters.userName'] },
    'user.target.id': { from: ['responseElements.user.userId'] },
    'user.changes.name': { from: ['requestParameters.newUserName'] },
    'group.name': { from: ['requestParameters.groupName'] },
    'group.id': { from: ['responseElements.group.groupId'] },
    'related.user': {
      from: ['userIdentity.userName', 'requestParameters.userName', 'requestParameters.newUserName'],
      as: allOf,
    },
    'related.entity': {
      from: [
        ...['arn', 'principalId', 'userName', 'identityProvider'].map((key) => `userIdentity.${key}`),
        `${issuer}.arn`,
        `${issuer}.userName`,
        'resources.ARN',
        'requestParameters.roleArn',
        'requestParameters.accessKeyId',
        ...targets.from,
      ],
      as: allOf,
    },
    'entity.target.id': targets,
    'tls.client.server_name': { from: ['tlsDetails.clientProvidedHostHeader'] },
    'tls.cipher': { from: ['tlsDetails.cipherSuite'] },
    'tls.version': { from: ['tlsDetails.tlsVersion'], as: tlsVersion },
    [`${C}.event_type`]: { from: ['eventType'] },
    [`${C}.event_version`]: { from: ['eventVersion'] },
    [`${C}.event_category`]: { from: ['eventCategory'] },
    [`${C}.user_identity.session_context.mfa_authenticated`]: {
      from: [`${session}.attributes.mfaAuthenticated`],
    },
    [`${C}.user_identity.session_context.creation_date`]: { from: [`${session}.attributes.creationDate`] },
    [`${C}.console_login.additional_eventdata.mfa_used`]: {
      from: ['additionalEventData.MFAUsed'],
      as: notNo,
    },
    [`${C}.console_login.additional_eventdata.mobile_version`]: {
      from: ['additionalEventData.MobileVersion'],
      as: notNo,
    },
    [`${C}.console_login.additional_eventdata.login_to`]: { from: ['additionalEventData.LoginTo'] },
    ...Object.fromEntries(
      Object.entries(parameters).map(([ecs, raw]) => [`${C}.${ecs}`, { from: [raw], whole: asJavaText }]),
    ),
  },
  trees: [
    ...Object.entries(parameters).map(([ecs, raw]) => ({
      ecs: `${C}.flattened.${ecs}`,
      raw,
      keys: 'as_is' as const,
    })),
    { ecs: C, raw: '', keys: 'snake' },
  ],
  jsonText: Object.values(parameters),
};

type Groups = readonly (readonly RawValue[])[];

/** What a console login says of itself; else an error code or message is a failure. */
function outcome([code = [], message = [], login = []]: Groups): RawValue[] {
  const own = firstFilled([login])[0]?.text.toLowerCase();
  const failed = firstFilled([code]).length > 0 || firstFilled([message]).length > 0;
  return [{ kind: 'string', text: own ?? (failed ? 'failure' : 'success') }];
}

function notNo(groups: Groups): RawValue[] {
  return firstFilled(groups).map((v) => ({ kind: 'boolean', text: String(v.text !== 'No') }));
}

/** `TLSv1.3` to `1.3`. */
function tlsVersion(groups: Groups): RawValue[] {
  return firstFilled(groups).map((v) => ({ kind: 'string', text: v.text.replace(/^[A-Za-z]+v/, '') }));
}
