// One rule document, checked, to a rule: defaults filled in, query and filters compiled, the overlay laid over it.
import { createHash } from 'node:crypto';
import type { RuleOverlay } from '../config/config.js';
import type { KqlWarning } from '../kql/check.js';
import { compileKql } from '../kql/compile.js';
import { KqlError } from '../kql/error.js';
import { fieldsOf } from '../kql/fieldsOf.js';
import type { Predicate } from '../kql/predicate.js';
import type { FieldTypes } from '../kql/types.js';
import { durationMs, lookBackMs } from './durations.js';
import type { FieldKnowledge } from './fieldKnowledge.js';
import { FilterError, filtersPredicate } from './filters.js';
import type { SourceDocument } from './place.js';
import type { AlertSuppression, NewTerms, Rule, RuleException, RuleType, Threat, Threshold } from './rule.js';
import { RuleFileError, UnsupportedRuleError } from './ruleError.js';

/** A rule in Kibana's schema, after `schemaProblems` found none. */
export interface RawRule {
  readonly [key: string]: unknown;
}

export interface BuildOptions {
  readonly file: string;
  readonly ruleset: string;
  readonly fieldTypes: FieldTypes;
  readonly overlay: RuleOverlay;
  readonly listExceptions: (listIds: readonly string[]) => readonly RuleException[];
  readonly onWarning: (warning: KqlWarning) => void;
  /** For the lint. Absent: not asked. */
  readonly fieldKnowledge?: FieldKnowledge;
}

/** @throws RuleFileError, UnsupportedRuleError */
export function buildRule(source: SourceDocument, raw: RawRule, options: BuildOptions): Rule {
  const { overlay } = options;
  const text = (key: string, otherwise: string): string =>
    typeof raw[key] === 'string' ? raw[key] : otherwise;
  const textOrNull = (key: string): string | null =>
    typeof raw[key] === 'string' && raw[key] !== '' ? raw[key] : null;
  const strings = (key: string): readonly string[] => (Array.isArray(raw[key]) ? (raw[key] as string[]) : []);
  const id = ruleId(raw);
  const query = text('query', '');
  const from = overlay.from ?? text('from', 'now-6m');
  const interval = overlay.interval ?? text('interval', '5m');
  const scoreMapping = raw['risk_score_mapping'] as { field: string }[] | undefined;
  return {
    id,
    uuid: textOrNull('id') ?? uuidOf(id),
    name: text('name', id),
    version: typeof raw['version'] === 'number' ? raw['version'] : 1,
    type: raw['type'] as RuleType,
    language: 'kuery',
    description: text('description', ''),
    query,
    predicate: predicateOf(source, query, raw, options),
    exceptions: [...options.listExceptions(listIds(raw)), ...overlayExceptions(source, options)],
    severity: overlay.severity ?? (raw['severity'] as Rule['severity']),
    riskScore: overlay.riskScore ?? (raw['risk_score'] as number),
    severityMapping: (raw['severity_mapping'] as Rule['severityMapping'] | undefined) ?? [],
    riskScoreField: scoreMapping?.[0]?.field ?? null,
    nameField: textOrNull('rule_name_override'),
    author: strings('author'),
    license: textOrNull('license'),
    references: strings('references'),
    falsePositives: strings('false_positives'),
    tags: strings('tags'),
    threat: threats(raw['threat']),
    note: textOrNull('note'),
    setup: textOrNull('setup'),
    index: strings('index'),
    from,
    lookBackMs: lookBackMs(from) ?? 360_000,
    interval,
    intervalMs: durationMs(interval) ?? 300_000,
    maxSignals: overlay.maxSignals ?? (typeof raw['max_signals'] === 'number' ? raw['max_signals'] : 100),
    buildingBlock: raw['building_block_type'] !== undefined,
    suppression: suppressionOf(raw),
    threshold: raw['type'] === 'threshold' ? thresholdOf(raw['threshold']) : null,
    newTerms: raw['type'] === 'new_terms' ? newTermsOf(raw) : null,
    source: {
      file: options.file,
      line: source.place([]).line,
      hash: createHash('sha256').update(JSON.stringify(raw)).digest('hex'),
    },
    ruleset: options.ruleset,
  };
}

/** `rule_id`; Kibana makes one up where there is none: ours follows from the rule, so that alerts keep their ids. */
export function ruleId(raw: RawRule): string {
  if (typeof raw['rule_id'] === 'string') return raw['rule_id'];
  return uuidOf(`${String(raw['name'])}\n${String(raw['query'])}`);
}

/** A UUID (version 5 in form) that follows from a text. */
function uuidOf(text: string): string {
  const hex = createHash('sha1').update(`fluent-detect rule ${text}`).digest('hex');
  const variant = ((Number.parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Each field that nothing fills once, where it stands first. */
function warnOfUnfilled(
  predicate: Predicate,
  knowledge: FieldKnowledge,
  onWarning: (warning: KqlWarning) => void,
): void {
  const datasets = datasetsIn(predicate);
  const asked = fieldsOf(predicate, true);
  const told = new Set<string>();
  const visit = (p: Predicate): void => {
    if (p.kind === 'and' || p.kind === 'or') p.of.forEach(visit);
    else if (p.kind === 'not') visit(p.of);
    if (p.kind !== 'leaf' || p.field.wildcard || told.has(p.field.name)) return;
    const { name } = p.field;
    const known = knowledge(name, datasets);
    // Of what is only excluded nothing has to be there.
    if (known === 'known' || (known === 'looked_up' && !asked.has(name))) return;
    told.add(name);
    const message =
      known === 'unknown'
        ? `${name} is unknown to ECS and to the source mappings: only an event that spells it so has it`
        : `${name} is what Elastic looks up, and no raw record of ${datasets.join(', ')} has it: let an earlier stage put it there`;
    onWarning({ code: known === 'unknown' ? 'unknown_field' : 'looked_up_field', span: p.span, message });
  };
  visit(predicate);
}

/** The datasets that the query names. */
function datasetsIn(predicate: Predicate, into: string[] = []): string[] {
  if (predicate.kind === 'and' || predicate.kind === 'or') for (const p of predicate.of) datasetsIn(p, into);
  if (predicate.kind !== 'leaf' || predicate.test.exact === null) return into;
  const isDataset = ['event.dataset', 'data_stream.dataset'].includes(predicate.field.name);
  if (isDataset && !into.includes(predicate.test.exact)) into.push(predicate.test.exact);
  return into;
}

function predicateOf(source: SourceDocument, query: string, raw: RawRule, options: BuildOptions): Predicate {
  let predicate: Predicate;
  try {
    const compiled = compileKql(query, { fieldTypes: options.fieldTypes });
    for (const warning of compiled.warnings) options.onWarning(warning);
    predicate = compiled.predicate;
    if (options.fieldKnowledge) warnOfUnfilled(predicate, options.fieldKnowledge, options.onWarning);
  } catch (error) {
    if (!(error instanceof KqlError)) throw error;
    throw new RuleFileError(
      `kql_${error.code}`,
      source.placeIn(['query'], error.span.start),
      `query: ${error.message}`,
    );
  }
  try {
    const filters = filtersPredicate((raw['filters'] as unknown[] | undefined) ?? [], options.fieldTypes);
    if (!filters) return predicate;
    return { kind: 'and', of: [predicate, filters], span: { start: 0, end: query.length } };
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    if (error.unsupported) throw new UnsupportedRuleError(error.message);
    throw new RuleFileError('filter', source.place(['filters', ...error.path]), `filters: ${error.message}`);
  }
}

function overlayExceptions(source: SourceDocument, { overlay, fieldTypes }: BuildOptions): RuleException[] {
  return (overlay.exceptions ?? []).map(({ name, query, expires }) => {
    try {
      return { name, query, predicate: compileKql(query, { fieldTypes }).predicate, expires };
    } catch (error) {
      if (!(error instanceof KqlError)) throw error;
      const message = `exception "${name}" of the config: ${error.message} (at character ${error.span.start + 1} of its query)`;
      throw new RuleFileError('overlay', source.place([]), message);
    }
  });
}

/** The endpoint list is skipped at run time by the detection engine too. */
function listIds(raw: RawRule): string[] {
  const lists = Array.isArray(raw['exceptions_list']) ? (raw['exceptions_list'] as unknown[]) : [];
  return lists.flatMap((l) => {
    const { list_id: id, type } = (l ?? {}) as Record<string, unknown>;
    return typeof id === 'string' && type !== 'endpoint' && id !== 'endpoint_list' ? [id] : [];
  });
}

function threats(raw: unknown): Threat[] {
  type RawTechnique = Threat['technique'][number];
  return ((raw as Threat[] | undefined) ?? []).map((t) => ({
    framework: t.framework,
    tactic: attack(t.tactic),
    technique: ((t.technique as RawTechnique[] | undefined) ?? []).map((q) => ({
      ...attack(q),
      subtechnique: ((q.subtechnique as RawTechnique['subtechnique'] | undefined) ?? []).map(attack),
    })),
  }));
}

function attack({ id, name, reference }: Threat['tactic']): Threat['tactic'] {
  return { id, name, reference };
}

/** A threshold rule suppresses by its own groups. */
function suppressionOf(raw: RawRule): AlertSuppression | null {
  const table = raw['alert_suppression'] as
    | {
        group_by?: string[];
        duration?: { value: number; unit: string };
        missing_fields_strategy?: AlertSuppression['missingFields'];
      }
    | undefined;
  if (!table) return null;
  const { duration, missing_fields_strategy: missing } = table;
  const groupBy = raw['type'] === 'threshold' ? thresholdOf(raw['threshold']).field : (table.group_by ?? []);
  const ms = duration ? durationMs(`${duration.value}${duration.unit}`) : null;
  return { groupBy, durationMs: ms, missingFields: missing ?? 'suppress' };
}

function thresholdOf(raw: unknown): Threshold {
  const table = raw as { field: string | string[]; value: number; cardinality?: Threshold['cardinality'][] };
  const field = (typeof table.field === 'string' ? [table.field] : table.field).filter((f) => f !== '');
  return { field, value: table.value, cardinality: table.cardinality?.[0] ?? null };
}

function newTermsOf(raw: RawRule): NewTerms {
  const fields = raw['new_terms_fields'] as string[];
  return { fields, historyMs: lookBackMs(raw['history_window_start'] as string) ?? 604_800_000 };
}
