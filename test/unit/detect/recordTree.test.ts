// Which records of an event are judged, and how often one sign-in counts.
import { describe, expect, it } from 'vitest';
import { Engine } from '../../../src/detect/engine.js';
import { sourceMappings } from '../../../src/fields/mappings.js';
import { type Encodable, encode } from '../../../src/msgpack/encode.js';
import { makeRule, ruleSetOf } from '../../support/makeRule.js';
import { signInRecord } from '../../support/rawRecords.js';
import { match } from '../../support/records.js';

function pathsOf(event: object, query?: string): (string | null)[] {
  const rule = makeRule(query === undefined ? {} : { query });
  const engine = new Engine(ruleSetOf(rule), { mappings: sourceMappings });
  const bytes = encode(event as Encodable);
  expect(engine.match(bytes, 0, bytes.length, 0)).toBe(bytes.length);
  return engine.matches.map((m) => m.path);
}
const text = JSON.stringify(signInRecord);
const ecs = match('sign-in-1');

describe('an event that matches', () => {
  it.each([
    ['JSON of its own in message', { ...ecs, message: '{"a":1}' }],
    ['its original', { ...ecs, event: { ...(ecs['event'] as object), original: text } }],
    ['records that are none of a source', { ...ecs, records: [{ a: 1 }, { b: 2 }], value: [{ c: 3 }] }],
    ['a payload of its own', { ...ecs, payload: { a: 1 } }],
  ])('matches once, with %s too', (_, event) => expect(pathsOf(event)).toEqual([null]));

  it('and is a raw record matches once, whatever its message holds', () =>
    expect(pathsOf({ ...signInRecord, message: text })).toEqual([null]));
});

describe('an event that only carries raw records', () => {
  const failed = {
    ...signInRecord,
    properties: { ...(signInRecord['properties'] as object), status: { errorCode: 50126 } },
  };
  const query = 'event.dataset : azure.signinlogs and not event.outcome : failure';

  it('is not judged itself: what a rule excludes is excluded where the records have it', () => {
    const filebeat = { message: JSON.stringify(failed), event: { dataset: 'azure.signinlogs' } };
    expect(pathsOf(filebeat, query)).toEqual([]);
    expect(pathsOf({ ...filebeat, message: text }, query)).toEqual(['message']);
  });

  it('gives each record what it has around it and the record has not', () => {
    const envelope = { records: [signInRecord, failed], agent: { name: 'hub' } };
    expect(pathsOf(envelope, 'agent.name : hub and event.outcome : failure')).toEqual(['records[1]']);
  });

  it('does not lend its id to the records of a list', () => {
    const rule = makeRule({ query: 'a : 1' });
    const engine = new Engine(ruleSetOf(rule), { mappings: sourceMappings });
    const bytes = encode({ event: { id: 'batch' }, payload: [{ a: 1 }, { a: 1, event: { id: 'own' } }] });
    engine.match(bytes, 0, bytes.length, 0);
    expect(engine.matches.map((m) => m.view.values('event.id'))).toEqual([[], ['own']]);
  });
});

describe('an envelope of a thousand records', () => {
  it('has each of them judged by itself, none by what another says', () => {
    const properties = signInRecord['properties'] as object;
    const records = Array.from({ length: 1000 }, (_, i) => ({
      ...signInRecord,
      properties: { ...properties, authenticationProtocol: i % 250 === 7 ? 'deviceCode' : 'none' },
    }));
    const expected = ['records[7]', 'records[257]', 'records[507]', 'records[757]'];
    expect(pathsOf({ records })).toEqual(expected);
    expect(pathsOf({ message: JSON.stringify({ records }) })).toEqual(expected.map((p) => `message.${p}`));
    const halves = [
      { category: 'SignInLogs', properties: { authenticationProtocol: 'deviceCode' } },
      { category: 'SignInLogs', properties: { ...properties, authenticationProtocol: 'none' } },
    ];
    expect(pathsOf({ records: halves })).toEqual([]);
  });
});

describe('records that other services wrap', () => {
  const trail = { eventSource: 'iam.amazonaws.com', eventName: 'CreateUser', eventID: '1' };
  const okta = { eventType: 'user.lifecycle.create', outcome: { result: 'SUCCESS' }, actor: { id: 'a' } };
  it.each([
    ['CloudTrail’s own envelope', { Records: [{ ...trail, eventName: 'X' }, trail] }, 'Records[1]'],
    [
      'a subscription of CloudWatch Logs',
      { logEvents: [{ id: '1', message: JSON.stringify(trail) }] },
      'logEvents[0].message',
    ],
    ['an event of EventBridge', { 'detail-type': 'AWS API Call via CloudTrail', detail: trail }, 'detail'],
    ['CloudTrail as text', { log: JSON.stringify({ Records: [trail] }) }, 'log.Records[0]'],
  ])('are found in %s', (_, event, path) =>
    expect(pathsOf(event, 'event.provider : iam.amazonaws.com and event.action : CreateUser')).toEqual([
      path,
    ]),
  );
  it.each([
    ['a page of Okta as text', { message: JSON.stringify([okta]) }, 'message[0]'],
    [
      'an event hook of Okta',
      { eventType: 'com.okta.event_hook', data: { events: [okta] } },
      'data.events[0]',
    ],
  ])('are found in %s', (_, event, path) =>
    expect(pathsOf(event, 'data_stream.dataset : okta.system and event.outcome : success')).toEqual([path]),
  );
});
