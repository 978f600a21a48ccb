// What an alert carries under `kibana.alert`, as Elastic's detection engine writes it for a query rule (field map
// `kbn-alerts-as-data-utils`), and the notice about alerts that were held back.
import type { FieldView, Match } from '../detect/match.js';
import type { Encodable } from '../msgpack/encode.js';
import type { Rule, Threshold } from '../rules/rule.js';
import type { CapNotice } from './cap.js';
import { reasonOf } from './reason.js';
import type { SuppressionNotice } from './suppression.js';

/** `event.*` fields that are copied to `kibana.alert.original_event.*`. */
const originalEvent = [
  'action',
  'agent_id_status',
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
  'original',
  'outcome',
  'provider',
  'reason',
  'reference',
  'risk_score',
  'risk_score_norm',
  'sequence',
  'severity',
  'start',
  'timezone',
  'type',
  'url',
] as const;

/** ECS keeps these as lists. */
const lists = new Set(['event.category', 'event.type']);
/** ECS keeps these as numbers. */
const numbers = new Set(
  ['duration', 'risk_score', 'risk_score_norm', 'sequence', 'severity'].map((name) => `event.${name}`),
);
const dataStream = ['dataset', 'namespace', 'type'] as const;

export interface AlertedEvent {
  readonly timeMs: number;
  readonly timeIso: string;
}

/** The fields under `kibana.alert`. */
export function alertFields(match: Match, event: AlertedEvent, id: string): { [key: string]: Encodable } {
  const { rule, view } = match;
  const { depth, ancestors } = lineageOf(match, id);
  const stream = originalOf(dataStream, 'data_stream', view);
  return {
    uuid: id,
    reason: reasonOf(match),
    severity: match.severity,
    risk_score: match.riskScore,
    status: 'active',
    workflow_status: 'open',
    workflow_tags: [],
    workflow_assignee_ids: [],
    depth,
    original_time: event.timeIso,
    original_event: originalOf(originalEvent, 'event', view),
    ...(Object.keys(stream).length === 0 ? {} : { original_data_stream: stream }),
    ancestors,
    ...(rule.buildingBlock ? { building_block_type: 'default' } : {}),
    rule: ruleFields(rule, match),
    ...match.more,
  };
}

function originalOf(names: readonly string[], parent: string, view: FieldView): { [key: string]: Encodable } {
  const original: { [key: string]: Encodable } = {};
  for (const name of names) {
    const field = `${parent}.${name}`;
    const texts = view.values(field);
    if (texts.length === 0) continue;
    const values: Encodable[] = numbers.has(field) ? texts.map(numberOf) : [...texts];
    original[name] = lists.has(field) || values.length > 1 ? values : values[0]!;
  }
  return original;
}

/** As a number where nothing of it is lost. */
function numberOf(text: string): string | number {
  const n = Number(text);
  return text.trim() !== '' && Number.isFinite(n) && (Number.isSafeInteger(n) || !Number.isInteger(n))
    ? n
    : text;
}

/** What the alert comes from: the event, or (an alert that was matched in turn) that alert and what it came from. */
function lineageOf({ view }: Match, id: string): { depth: number; ancestors: Encodable[] } {
  const alert = view.values('kibana.alert.uuid')[0];
  if (alert === undefined) {
    return {
      depth: 1,
      ancestors: [{ id: view.values('event.id')[0] ?? id, type: 'event', index: '', depth: 0 }],
    };
  }
  const depth = Number(view.values('kibana.alert.depth')[0] ?? 1) || 1;
  const rule = view.values('kibana.alert.rule.uuid')[0];
  const of = (key: string): readonly string[] => view.values(`kibana.alert.ancestors.${key}`);
  const [types, depths] = [of('type'), of('depth')];
  const before = of('id').map((ancestor, i) => ({
    id: ancestor,
    type: types[i] ?? 'event',
    index: '',
    depth: Number(depths[i] ?? 0) || 0,
  }));
  const own = { id: alert, type: 'signal', index: '', depth, ...(rule === undefined ? {} : { rule }) };
  return { depth: depth + 1, ancestors: [...before, own] };
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
    parameters: parametersOf(rule, match),
  };
}

/** Kibana keeps all of a rule's parameters here, in one field; ours has the hash of the rule set in force too. */
function parametersOf(rule: Rule, match: Match): { [key: string]: Encodable } {
  const { threshold, newTerms } = rule;
  return {
    type: rule.type,
    query: rule.query,
    language: rule.language,
    index: rule.index,
    severity: rule.severity,
    risk_score: rule.riskScore,
    from: rule.from,
    to: 'now',
    max_signals: rule.maxSignals,
    ...(threshold === null ? {} : { threshold: thresholdOf(threshold) }),
    ...(newTerms === null ? {} : { new_terms_fields: newTerms.fields }),
    rule_set: match.ruleSet,
  };
}

function thresholdOf({ field, value, cardinality }: Threshold): Encodable {
  return { field, value, ...(cardinality === null ? {} : { cardinality: [cardinality] }) };
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
