// AWS CloudTrail records as CloudTrail writes them, named as Elastic's aws integration names them
// (elastic/integrations, aws/data_stream/cloudtrail: user_identity and the other keys in snake_case).
import type { RawValue, SourceMapping } from './mapping.js';

export const awsCloudTrail: SourceMapping = {
  name: 'aws.cloudtrail (CloudTrail record)',
  when: [
    [
      { path: 'eventSource', endsWith: '.amazonaws.com' },
      { path: 'eventName', exists: true },
    ],
  ],
  constants: {
    'event.dataset': ['aws.cloudtrail'],
    'data_stream.dataset': ['aws.cloudtrail'],
    'data_stream.type': ['logs'],
    'event.module': ['aws'],
    'event.kind': ['event'],
    'cloud.provider': ['aws'],
  },
  fields: {
    'event.provider': { from: ['eventSource'] },
    'event.action': { from: ['eventName'] },
    'event.id': { from: ['eventID'] },
    'event.outcome': { from: ['errorCode', 'errorMessage', 'responseElements.ConsoleLogin'], as: outcome },
    'cloud.account.id': { from: ['userIdentity.accountId', 'recipientAccountId'] },
    'cloud.region': { from: ['awsRegion'] },
    'source.ip': { from: ['sourceIPAddress'] },
    'source.address': { from: ['sourceIPAddress'] },
    'user_agent.original': { from: ['userAgent'] },
    'user.id': { from: ['userIdentity.principalId'] },
    'user.name': { from: ['userIdentity.userName', 'userIdentity.sessionContext.sessionIssuer.userName'] },
    'aws.cloudtrail.event_type': { from: ['eventType'] },
    'aws.cloudtrail.event_version': { from: ['eventVersion'] },
    'aws.cloudtrail.event_category': { from: ['eventCategory'] },
    'aws.cloudtrail.user_identity.session_context.mfa_authenticated': {
      from: ['userIdentity.sessionContext.attributes.mfaAuthenticated'],
    },
    'aws.cloudtrail.user_identity.session_context.creation_date': {
      from: ['userIdentity.sessionContext.attributes.creationDate'],
    },
    // The integration makes one text (`{key=value, …}`) of these; here only one that came as text is seen.
    'aws.cloudtrail.request_parameters': { from: ['requestParameters'] },
    'aws.cloudtrail.response_elements': { from: ['responseElements'] },
  },
  trees: [
    { ecs: 'aws.cloudtrail.flattened.request_parameters', raw: 'requestParameters', keys: 'as_is' },
    { ecs: 'aws.cloudtrail.flattened.response_elements', raw: 'responseElements', keys: 'as_is' },
    { ecs: 'aws.cloudtrail', raw: '', keys: 'snake' },
  ],
  jsonText: [],
};

/** An error code or message, or a console login that failed, is a failure. */
function outcome([code = [], message = [], login = []]: readonly (readonly RawValue[])[]): RawValue[] {
  const failed =
    code.length > 0 || message.length > 0 || login.some((v) => v.text.toLowerCase() === 'failure');
  return [{ kind: 'string', text: failed ? 'failure' : 'success' }];
}
