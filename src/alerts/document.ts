// What an alert carries under `kibana.alert`, as Elastic's detection engine writes it for a query rule (field map
// `kbn-alerts-as-data-utils`), and the notice about alerts that were held back.
import type { Match } from '../detect/match.js';
import type { Encodable } from '../msgpack/encode.js';
import type { Rule } from '../rules/rule.js';
import type { CapNotice } from './cap.js';
import { reasonOf } from './reason.js';
import type { SuppressionNotice } from './suppression.js';

/** `event.*` fields that are copied to `kibana.alert.original_event.*`. */
const originalEvent = [
  'action',
  'category',
  'code',
  'created',
  'dataset',
  'duration',
  'end',
  'hash',
  'id',
  'ingested',
  'kind',
  'module',
  'outcome',
  'provider',
  'reason',
  'reference',
  'risk_score',
  'sequence',
  'severity',
  'start',
  'timezone',
  'type',
  'url',
] as const;

/** ECS keeps these as lists. */
const lists = new Set(['category', 'type']);

export interface AlertedEvent {
  readonly timeMs: number;
  readonly timeIso: string;
}

/** The fields under `kibana.alert`. */
export function alertFields(match: Match, event: AlertedEvent, id: string): { [key: string]: Encodable } {
  const { rule, view } = match;
  const original: { [key: string]: Encodable } = {};
  for (const name of originalEvent) {
    const values = view.values(`event.${name}`);
    if (values.length > 0) original[name] = lists.has(name) || values.length > 1 ? values : values[0]!;
  }
  const eventId = view.values('event.id')[0];
  return {
    uuid: id,
    reason: reasonOf(match),
    severity: match.severity,
    risk_score: match.riskScore,
    status: 'active',
    workflow_status: 'open',
    workflow_tags: [],
    depth: 1,
    original_time: event.timeIso,
    original_event: original,
    ancestors: [{ id: eventId ?? id, type: 'event', index: '', depth: 0 }],
    ...(rule.buildingBlock ? { building_block_type: 'default' } : {}),
    rule: ruleFields(rule, match),
    ...match.more,
  };
}

const categories: Readonly<Record<Rule['type'], string>> = {
  query: 'Custom Query Rule',
  threshold: 'Threshold Rule',
  new_terms: 'New Terms Rule',
};

function ruleFields(rule: Rule, match: Match): Encodable {
  return {
    uuid: rule.uuid,
    rule_id: rule.id,
    name: match.name,
    description: rule.description,
    version: rule.version,
    type: rule.type,
    category: categories[rule.type],
    consumer: 'siem',
    producer: 'siem',
    rule_type_id: `siem.${rule.type === 'new_terms' ? 'newTermsRule' : `${rule.type}Rule`}`,
    author: rule.author,
    license: rule.license ?? '',
    severity: rule.severity,
    risk_score: rule.riskScore,
    tags: rule.tags,
    references: rule.references,
    false_positives: rule.falsePositives,
    note: rule.note ?? '',
    ...(rule.setup === null ? {} : { setup: rule.setup }),
    from: rule.from,
    to: 'now',
    interval: rule.interval,
    max_signals: rule.maxSignals,
    enabled: true,
    indices: rule.index,
    threat: rule.threat as unknown as Encodable,
    severity_mapping: rule.severityMapping as unknown as Encodable,
    risk_score_mapping:
      rule.riskScoreField === null ? [] : [{ field: rule.riskScoreField, operator: 'equals', value: '' }],
    ...(rule.nameField === null ? {} : { rule_name_override: rule.nameField }),
    exceptions_list: [],
    parameters: { query: rule.query, language: rule.language, index: rule.index, type: rule.type },
  };
}

/** A record for the alert stream that is no alert: it has no `kibana.alert.uuid` and no status. */
export function capRecord(notice: CapNotice): { [key: string]: Encodable } {
  const { rule, kind, heldBack } = notice;
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    '@timestamp': iso(kind === 'reached' ? notice.intervalStart : notice.intervalEnd),
    message: capMessage(notice),
    event: { kind: 'metric', category: ['configuration'], type: ['info'], action: 'max_signals_reached' },
    rule: { id: rule.id, name: rule.name },
    kibana: {
      alert: {
        rule: {
          rule_id: rule.id,
          uuid: rule.uuid,
          name: rule.name,
          max_signals: rule.maxSignals,
          interval: rule.interval,
          execution: {
            status: 'warning',
            message: capMessage(notice),
            held_back: heldBack,
            final: kind === 'closed',
            interval_start: iso(notice.intervalStart),
            interval_end: iso(notice.intervalEnd),
          },
        },
      },
    },
  };
}

/**
 * What became of an alert with `alert_suppression`, once its group's time is over: the alert's own id, with the count of
 * those that were suppressed into it (Kibana updates the alert; a stream sends this after it).
 */
export function suppressionRecord(notice: SuppressionNotice): { [key: string]: Encodable } {
  const { rule, suppressed, alertId } = notice;
  const iso = (ms: number): string => new Date(ms).toISOString();
  const plural = suppressed === 1 ? 'alert was' : 'alerts were';
  return {
    '@timestamp': iso(notice.end),
    message: `${suppressed} ${plural} suppressed into alert ${alertId} of rule "${rule.name}"`,
    event: { kind: 'metric', category: ['configuration'], type: ['info'], action: 'alerts_suppressed' },
    rule: { id: rule.id, name: rule.name },
    kibana: {
      alert: {
        suppression: {
          alert_uuid: alertId,
          terms: notice.terms.map(({ field, value }) => ({ field, value: [...value] })),
          start: iso(notice.start),
          end: iso(notice.end),
          docs_count: suppressed,
        },
        rule: { rule_id: rule.id, uuid: rule.uuid, name: rule.name },
      },
    },
  };
}

export function capMessage({ rule, heldBack, kind }: CapNotice): string {
  const cap = `max_signals (${rule.maxSignals} in ${rule.interval})`;
  return kind === 'reached'
    ? `rule "${rule.name}" reached ${cap}: further alerts are held back until the interval ends; events are still tagged`
    : `rule "${rule.name}" was over ${cap}: ${heldBack} alert${heldBack === 1 ? ' was' : 's were'} held back`;
}
