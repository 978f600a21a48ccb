// CloudTrail records, read as the fields that rules ask for.
import { describe, expect, it } from 'vitest';
import { sourceMappings } from '../../../src/fields/mappings.js';
import { mappedValues, recognise } from '../../../src/fields/view.js';

/** The values of a field; null: no mapping knows the record. */
function read(record: object, field: string): string[] | null {
  const mapping = recognise(record, sourceMappings);
  return mapping && mappedValues(record, mapping, field).map((v) => v.text);
}
/** The fields that `expected` names, as the record has them. */
const like = (record: object, expected: object) =>
  Object.fromEntries(Object.keys(expected).map((field) => [field, read(record, field)]));

const record = {
  eventVersion: '1.11',
  eventTime: '2026-11-20T08:00:00Z',
  eventSource: 'iam.amazonaws.com',
  eventName: 'CreateAccessKey',
  eventID: 'event-1',
  eventType: 'AwsApiCall',
  eventCategory: 'Management',
  awsRegion: 'eu-west-1',
  sourceIPAddress: '192.0.2.1',
  userAgent: 'aws-cli/2',
  recipientAccountId: '222222222222',
  userIdentity: {
    type: 'AssumedRole',
    principalId: 'AROA:ana',
    arn: 'arn:aws:sts::111111111111:assumed-role/admin/ana',
    accountId: '111111111111',
    sessionContext: {
      sessionIssuer: { userName: 'admin', type: 'Role' },
      attributes: { mfaAuthenticated: 'false', creationDate: '2026-11-20T07:00:00Z' },
    },
  },
  requestParameters: { userName: 'ben', policyArns: [{ arn: 'a' }, { arn: 'b' }] },
  responseElements: { accessKey: { accessKeyId: 'AKIA1' } },
};

describe('a CloudTrail record', () => {
  it('is of dataset aws.cloudtrail, with who did what where', () => {
    const expected = {
      'event.dataset': ['aws.cloudtrail'],
      'data_stream.dataset': ['aws.cloudtrail'],
      'event.module': ['aws'],
      'event.kind': ['event'],
      'cloud.provider': ['aws'],
      'event.provider': ['iam.amazonaws.com'],
      'event.action': ['CreateAccessKey'],
      'event.id': ['event-1'],
      'cloud.account.id': ['111111111111'],
      'cloud.region': ['eu-west-1'],
      'source.ip': ['192.0.2.1'],
      'source.address': ['192.0.2.1'],
      'user_agent.original': ['aws-cli/2'],
      'user.id': ['AROA:ana'],
    };
    expect(like(record, expected)).toEqual(expected);
  });

  it('has its keys in snake_case below aws.cloudtrail', () => {
    const identity = 'aws.cloudtrail.user_identity';
    const expected = {
      'aws.cloudtrail.event_type': ['AwsApiCall'],
      'aws.cloudtrail.event_version': ['1.11'],
      'aws.cloudtrail.event_category': ['Management'],
      'aws.cloudtrail.recipient_account_id': ['222222222222'],
      [`${identity}.type`]: ['AssumedRole'],
      [`${identity}.arn`]: ['arn:aws:sts::111111111111:assumed-role/admin/ana'],
      [`${identity}.session_context.session_issuer.type`]: ['Role'],
      [`${identity}.session_context.mfa_authenticated`]: ['false'],
      [`${identity}.session_context.creation_date`]: ['2026-11-20T07:00:00Z'],
    };
    expect(like(record, expected)).toEqual(expected);
  });

  it('keeps the keys of its parameters and answer as they are written', () => {
    const expected = {
      'aws.cloudtrail.flattened.request_parameters.userName': ['ben'],
      'aws.cloudtrail.flattened.request_parameters.user_name': [],
      'aws.cloudtrail.flattened.request_parameters.policyArns.arn': ['a', 'b'],
      'aws.cloudtrail.flattened.response_elements.accessKey.accessKeyId': ['AKIA1'],
    };
    expect(like(record, expected)).toEqual(expected);
  });

  it('has the name of its user, else of the role that the session came from', () => {
    expect(read(record, 'user.name')).toEqual(['admin']);
    const userIdentity = { ...record.userIdentity, userName: 'ana' };
    expect(read({ ...record, userIdentity }, 'user.name')).toEqual(['ana']);
  });

  it('has the account that received it when the identity names none', () =>
    expect(read({ ...record, userIdentity: { type: 'AWSService' } }, 'cloud.account.id')).toEqual([
      '222222222222',
    ]));

  it.each([
    ['success without an error', {}, 'success'],
    ['success for an error of null', { errorCode: null, errorMessage: null }, 'success'],
    ['failure with an error code', { errorCode: 'AccessDenied' }, 'failure'],
    ['failure with only an error message', { errorMessage: 'Failed authentication' }, 'failure'],
    ['failure for a console login that failed', { responseElements: { ConsoleLogin: 'Failure' } }, 'failure'],
    ['success for a console login', { responseElements: { ConsoleLogin: 'Success' } }, 'success'],
    ['success without an answer', { responseElements: null }, 'success'],
  ])('has the outcome %s', (_, over, outcome) =>
    expect(read({ ...record, ...over }, 'event.outcome')).toEqual([outcome]),
  );

  it.each([
    ['a source that is not of AWS', { ...record, eventSource: 'iam.example.com' }],
    ['a source that only contains the domain', { ...record, eventSource: 'iam.amazonaws.com.example' }],
    ['no name', { ...record, eventName: undefined }],
  ])('is not one with %s', (_, other) => expect(read(other, 'event.dataset')).toBeNull());
});
