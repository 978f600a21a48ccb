// What an alert says under `kibana.alert`: everything that Elastic's detection engine writes for such a rule, and that an
// analyst's tools read.
import { describe, expect, it } from 'vitest';
import { Alerter } from '../../../src/alerts/alerter.js';
import { alertFields } from '../../../src/alerts/document.js';
import { Engine } from '../../../src/detect/engine.js';
import type { Match } from '../../../src/detect/match.js';
import { StatefulRules } from '../../../src/detect/stateful.js';
import { sourceMappings } from '../../../src/fields/mappings.js';
import { type Encodable, encode } from '../../../src/msgpack/encode.js';
import type { Rule } from '../../../src/rules/rule.js';
import { makeRule, ruleSetOf } from '../../support/makeRule.js';

type Fields = Readonly<Record<string, Encodable>>;
const time = { timeMs: 0, timeIso: '2026-03-10T09:30:41.987903600Z' };

function matchesOf(record: Encodable, ...rules: Rule[]): readonly Match[] {
  const stateful = new StatefulRules({ max: 10, newTermsWarmUp: 0 });
  const engine = new Engine(ruleSetOf(...rules), {
    mappings: sourceMappings,
    gate: (rule, view, nowMs) => stateful.admit(rule, view, nowMs),
  });
  const bytes = encode(record);
  engine.match(bytes, 0, bytes.length, 0);
  return engine.matches;
}
function alertOf(record: Encodable, over: Partial<Rule> = {}): Fields {
  const [match] = matchesOf(record, makeRule({ query: '*', ...over }));
  return alertFields(match!, time, 'uuid-1');
}

const event = {
  '@timestamp': '2026-03-10T09:30:41Z',
  event: {
    ...{ id: 'e1', kind: 'event', category: 'process', type: ['start'], action: 'exec', severity: 3 },
    ...{
      risk_score: 12.5,
      sequence: 12345678901234567890n,
      original: 'raw',
      outcome: 'success',
      dataset: 'd',
    },
  },
  data_stream: { dataset: 'endpoint.events', namespace: 'default', type: 'logs' },
  process: { name: 'sh', parent: { name: 'sshd' } },
  file: { name: '-' },
  source: { ip: '192.0.2.1', port: 22 },
  destination: { ip: ['192.0.2.2', '192.0.2.3'] },
  user: { name: 'ada' },
  host: { name: 'web1' },
};

describe('an alert', () => {
  it('has every field of a query rule’s alert', () => {
    const rule = makeRule({ query: '*', note: 'guide', setup: 'none', falsePositives: ['tests'] });
    const [match] = matchesOf(event, rule);
    const fields = alertFields(match!, time, 'uuid-1');
    expect(fields).toMatchObject({
      ...{ uuid: 'uuid-1', severity: 'medium', risk_score: 47, status: 'active', workflow_status: 'open' },
      ...{ workflow_tags: [], workflow_assignee_ids: [], depth: 1, original_time: time.timeIso },
      ancestors: [{ id: 'e1', type: 'event', index: '', depth: 0 }],
      original_data_stream: event.data_stream,
      rule: {
        ...{ uuid: rule.uuid, rule_id: rule.id, name: rule.name, description: rule.description, version: 2 },
        ...{
          type: 'query',
          category: 'Custom Query Rule',
          author: ['Elastic'],
          license: 'Elastic License v2',
        },
        ...{ severity: 'medium', risk_score: 47, tags: ['Domain: Cloud'], references: rule.references },
        ...{ false_positives: ['tests'], note: 'guide', setup: 'none', from: 'now-9m', to: 'now' },
        ...{ interval: '5m', max_signals: 100, enabled: true, threat: rule.threat },
        parameters: { query: '*', language: 'kuery', type: 'query', rule_set: 'test' },
      },
    });
  });

  it('copies the event’s own event.* with ECS’s types: numbers as numbers, category and type as lists', () => {
    expect(alertOf(event)['original_event']).toEqual({
      ...{ id: 'e1', kind: 'event', category: ['process'], type: ['start'], action: 'exec', severity: 3 },
      ...{ risk_score: 12.5, original: 'raw', outcome: 'success', dataset: 'd' },
      // Past the doubles a number stays as it was written.
      sequence: '12345678901234567890',
    });
    expect(alertOf({ a: 1 })['original_event']).toEqual({});
    expect(alertOf({ a: 1 })).not.toHaveProperty('original_data_stream');
  });

  it('gives the reason in one sentence, in Elastic’s order, without what is missing or only a dash', () => {
    expect(alertOf(event)['reason']).toBe(
      'process event with process sh, parent process sshd, source 192.0.2.1:22, destination 192.0.2.2, 192.0.2.3, by ada on web1 created medium alert Entra ID Device Code Auth with Broker Client.',
    );
    expect(alertOf({ user: { name: 'ada' } }, { name: 'R', severity: 'high' })['reason']).toBe(
      'event by ada created high alert R.',
    );
  });

  it('has what the event made of severity, risk score and name, and the rule’s own beside it', () => {
    const fields = alertOf(
      { event: { severity: 7, risk_score: '88' }, message: 'A name' },
      {
        severityMapping: [{ field: 'event.severity', value: '7', severity: 'critical' }],
        riskScoreField: 'event.risk_score',
        nameField: 'message',
      },
    );
    expect(fields).toMatchObject({
      ...{ severity: 'critical', risk_score: 88 },
      rule: { name: 'A name', severity: 'medium', risk_score: 47, rule_name_override: 'message' },
    });
  });

  it('of a building block says so', () =>
    expect(alertOf(event, { buildingBlock: true })).toMatchObject({ building_block_type: 'default' }));

  it('of a threshold rule says which group reached what', () => {
    const threshold = { field: ['user.name'], value: 1, cardinality: { field: 'source.ip', value: 1 } };
    expect(alertOf(event, { type: 'threshold', threshold })).toMatchObject({
      threshold_result: {
        terms: [{ field: 'user.name', value: 'ada' }],
        cardinality: [{ field: 'source.ip', value: 1 }],
        count: 1,
        from: '1970-01-01T00:00:00.000Z',
      },
      rule: { type: 'threshold', parameters: { threshold: { field: ['user.name'], value: 1 } } },
    });
  });

  it('of a new_terms rule says which terms are new', () => {
    const newTerms = { fields: ['user.name', 'host.name'], historyMs: 1000 };
    expect(alertOf(event, { type: 'new_terms', newTerms })).toMatchObject({
      new_terms: ['ada', 'web1'],
      rule: { type: 'new_terms', parameters: { new_terms_fields: ['user.name', 'host.name'] } },
    });
  });
});

describe('an alert about an alert', () => {
  const first = {
    event: { id: 'e1', kind: 'alert' },
    kibana: {
      alert: {
        ...{ uuid: 'a1', depth: 1, rule: { uuid: 'ru', rule_id: 'first' } },
        ancestors: [{ id: 'e1', type: 'event', index: '', depth: 0 }],
      },
    },
  };
  it('is one deeper and names what it comes from', () => {
    const { depth, ancestors } = alertOf(first);
    expect([depth, ancestors]).toEqual([
      2,
      [
        { id: 'e1', type: 'event', index: '', depth: 0 },
        { id: 'a1', type: 'signal', index: '', depth: 1, rule: 'ru' },
      ],
    ]);
  });
  it('is never made of a rule’s own alert: fed back, it would go round for ever', () => {
    const alerter = new Alerter({
      tag: 'alert',
      lookBackMax: 10,
      onCap: () => undefined,
      onSuppressed: () => undefined,
    });
    const matches = matchesOf(
      first,
      makeRule({ id: 'first', query: '*' }),
      makeRule({ id: 'other', query: '*' }),
    );
    const outcomes = matches.map((m) => [
      m.rule.id,
      alerter.decide(m, 'a', { ...time, content: () => '' }, 0).outcome,
    ]);
    expect(outcomes).toEqual([
      ['first', 'building_block'],
      ['other', 'alert'],
    ]);
  });
});
