// One sign-in that the seed rule matches, in every form that it travels in to a pipeline, and beside each the same with
// another protocol, which the rule does not match.
import { BROKER } from './makeRule.js';
import { graphRow, logAnalyticsRow, signInRecord } from './rawRecords.js';
import { match } from './records.js';

type Plain = Record<string, unknown>;

export interface SignInForm {
  readonly name: string;
  readonly event: Plain;
  readonly nearMiss: Plain;
  /** Where the match lies; null: the event itself. */
  readonly paths: readonly (string | null)[];
}

const properties = signInRecord['properties'] as Plain;
const raw = (over: Plain = {}, top: Plain = {}): Plain => ({
  ...signInRecord,
  ...top,
  properties: { ...properties, ...over },
});
const text = (value: unknown): string => JSON.stringify(value);
const without = (record: Plain, key: string): Plain =>
  Object.fromEntries(Object.entries(record).filter(([k]) => k !== key));

/** The form made of the record that matches and of the one that does not. */
function form(name: string, make: (record: Plain) => Plain, ...paths: (string | null)[]): SignInForm {
  return { name, event: make(raw()), nearMiss: make(raw({ authenticationProtocol: 'none' })), paths };
}

/** A raw record with something of it written otherwise. */
function variant(name: string, over: Plain, top: Plain = {}): SignInForm {
  return {
    name,
    event: raw(over, top),
    nearMiss: raw({ ...over, authenticationProtocol: 'none' }, top),
    paths: [null],
  };
}

function row(name: string, event: Plain, protocol: string): SignInForm {
  return { name, event, nearMiss: { ...event, [protocol]: 'none' }, paths: [null] };
}

const ecs = match('sign-in-1');
const p = 'azure.signinlogs.properties';
const audience = `${p}.conditional_access_audiences.application_id`;
const dotted = {
  'event.dataset': 'azure.signinlogs',
  'event.outcome': 'success',
  [`${p}.authentication_protocol`]: 'deviceCode',
  [audience]: BROKER,
};
const mixed = {
  event: { dataset: 'azure.signinlogs', outcome: 'success' },
  'azure.signinlogs': {
    'properties.authentication_protocol': 'deviceCode',
    properties: { conditional_access_audiences: [{ application_id: 'x' }, { application_id: BROKER }] },
  },
};
const other = { category: 'SignInLogs', properties: { authenticationProtocol: 'none' } };
const csv = {
  ...without(logAnalyticsRow as Plain, 'Type'),
  Status: undefined,
  Status_dynamic: '',
  Status_string: '{"errorCode":0}',
  ResultType: '0',
};
const activity = { appId: BROKER, authenticationProtocol: 'deviceCode' };

export const signInForms: readonly SignInForm[] = [
  form('a raw record', (r) => r, null),
  ...[
    'NonInteractiveUserSignInLogs',
    'ServicePrincipalSignInLogs',
    'MicrosoftServicePrincipalSignInLogs',
    'ManagedIdentitySignInLogs',
    'ADFSSignInLogs',
  ].map((category) => variant(`a record of ${category}`, {}, { category })),
  form(
    'a record whose category is spelled Category',
    (r) => ({
      ...without(r, 'category'),
      Category: 'SignInLogs',
    }),
    null,
  ),
  form('a record whose properties are JSON text', (r) => ({ ...r, properties: text(r['properties']) }), null),
  variant('audiences as several objects', {
    conditionalAccessAudiences: [{ applicationId: 'x' }, { applicationId: BROKER }],
  }),
  variant('audiences as one object', { conditionalAccessAudiences: { applicationId: BROKER } }),
  variant('audiences as plain strings', { conditionalAccessAudiences: ['x', BROKER] }),
  variant('no status at all', { status: undefined }),
  variant('an error code as text', { status: { errorCode: '0' } }),
  variant('a time of the portal', {}, { time: '11/20/2026 8:00:00 AM', durationMs: '12' }),
  form('an Event Hubs envelope', (r) => ({ records: [other, r, other, r] }), 'records[1]', 'records[3]'),
  form('an envelope of JSON texts', (r) => ({ records: [text(r)] }), 'records[0]'),
  form('JSON text in message', (r) => ({ message: ` ${text(r)}\n` }), 'message'),
  form('JSON text in log', (r) => ({ log: `${text(r)}\n`, stream: 'stdout' }), 'log'),
  form('a Kafka payload', (r) => ({ topic: 't', payload: text({ records: [r] }) }), 'payload.records[0]'),
  form(
    'a Kafka payload as a map',
    (r) => ({ topic: 't', payload: { records: [other, r] } }),
    'payload.records[1]',
  ),
  form('a Kafka payload of one record', (r) => ({ topic: 't', payload: r }), 'payload'),
  form('a bare array as text', (r) => ({ message: text([other, r]) }), 'message[1]'),
  form('JSON text of JSON text', (r) => ({ log: text(text(r)) }), 'log'),
  form(
    'a line of Docker as text',
    (r) => ({ message: text({ log: `${text(r)}\n`, stream: 'stdout' }) }),
    'message.log',
  ),
  form(
    'an event of Filebeat',
    (r) => ({
      message: text(r),
      event: { dataset: 'azure.events', kind: 'event' },
      azure: { eventhub: 'hub', partition_id: '0' },
    }),
    'message',
  ),
  form(
    'an event of Filebeat in Kafka',
    (r) => ({
      payload: text({ message: text(r), event: { dataset: 'azure.signinlogs' } }),
    }),
    'payload.message',
  ),
  row('a Graph row', graphRow as Plain, 'authenticationProtocol'),
  form('a page of Graph', (r) => ({ '@odata.context': 'x', value: [r['properties']] }), 'value[0]'),
  row('a Log Analytics row', logAnalyticsRow as Plain, 'AuthenticationProtocol'),
  row('a Log Analytics row of a CSV export', csv, 'AuthenticationProtocol'),
  row(
    'a Log Analytics row with its columns as objects',
    {
      ...logAnalyticsRow,
      ConditionalAccessAudiences: [{ applicationId: BROKER }],
      Status: { errorCode: 0 },
    },
    'AuthenticationProtocol',
  ),
  {
    name: 'an ECS event',
    event: ecs,
    nearMiss: { ...ecs, event: { dataset: 'azure.signinlogs', outcome: 'failure' } },
    paths: [null],
  },
  row('an ECS event with dotted names', dotted, audience),
  {
    name: 'an ECS event of both spellings',
    event: mixed,
    nearMiss: { ...mixed, event: { dataset: 'azure.auditlogs', outcome: 'success' } },
    paths: [null],
  },
  {
    name: 'an ECS event that keeps its original',
    event: { ...ecs, event: { ...(ecs['event'] as Plain), original: text(raw()) } },
    nearMiss: { ...ecs, event: { dataset: 'azure.signinlogs', outcome: 'failure', original: text(raw()) } },
    paths: [null],
  },
  ...['Administrative', 'Write', 'Action'].map((category) => ({
    name: `a sign-in among the activity records of ${category}`,
    event: { category, operationName: 'Sign-in activity', properties: activity },
    nearMiss: { category, operationName: 'Sign-in activity', properties: { ...activity, appId: 'x' } },
    paths: [null],
  })),
];
