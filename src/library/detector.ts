// Detection for a program's own records: rules in, matches and tags out. No socket, no clock but the caller's.
import { Alerter } from '../alerts/alerter.js';
import { alertLeaves, recordContent } from '../alerts/alertRecord.js';
import type { FieldClass, RuleOverlay } from '../config/config.js';
import { configDefaults } from '../config/defaults.js';
import { Engine } from '../detect/engine.js';
import type { Match } from '../detect/match.js';
import { recordTime } from '../detect/recordTime.js';
import { StatefulRules } from '../detect/stateful.js';
import { type EventInstant, instantOf } from '../detect/times.js';
import { sourceMappings } from '../fields/mappings.js';
import { FieldTypes } from '../kql/types.js';
import { jsonToMsgpack } from '../msgpack/json.js';
import { loadRules } from '../rules/load.js';
import type { Severity } from '../rules/rule.js';
import { formatRuleError, type RuleError } from '../rules/ruleError.js';
import { detectionRuleOf } from '../tag/leaves.js';
import { tagObject } from '../tag/objectTags.js';

/** A record as a program holds it: what `JSON.stringify` can write. */
export type LogRecord = { readonly [field: string]: unknown };

export interface DetectorOptions {
  /** Rule files, or folders searched recursively: Elastic's TOML, a Kibana export, YAML, JSON. */
  readonly rules: string | readonly string[];
  /** Laid over rules by their id, as `rules.overrides` of the config. */
  readonly overrides?: Readonly<Record<string, RuleOverlay>>;
  /** Field classes beyond the built-in table, as `field_types` of the config. */
  readonly fieldTypes?: Readonly<Record<string, FieldClass>>;
  /** The alerts' tag; `${tag}`, `${rule_id}` and `${severity}` stand for the event's. Default `alert.${tag}`. */
  readonly alertTag?: string;
  /** Alerts remembered for the look-back. Default 200,000. */
  readonly lookBackMax?: number;
  /** Told once of a rule that failed; it is left out from then on. */
  readonly onRuleFailure?: (ruleId: string, cause: unknown) => void;
}

/** One match: a rule that this record satisfies. */
export interface DetectedMatch {
  /** The rule's `rule_id`. */
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly severity: Severity;
  /** 0 to 100. */
  readonly riskScore: number;
  /** MITRE ATT&CK ids; sub-techniques are among the techniques. */
  readonly tactics: readonly string[];
  readonly techniques: readonly string[];
  /** Which record of an envelope (`records[3]`); null: the record itself. */
  readonly path: string | null;
}

export interface DetectedAlert {
  readonly id: string;
  readonly tag: string;
  readonly record: LogRecord;
}

/** What was found in one record. */
export interface Detected {
  /** Highest risk score first. Empty: nothing matched. */
  readonly matches: readonly DetectedMatch[];
  /** A copy with the tags; the record itself when nothing matched. */
  readonly record: LogRecord;
  /** One a match, less repeats within the look-back and what is over `max_signals`. */
  readonly alerts: readonly DetectedAlert[];
}

/** Rules that do not load: every error with its file, line and column. */
export class RulesError extends Error {
  readonly errors: readonly RuleError[];
  constructor(errors: readonly RuleError[]) {
    super(errors.map(formatRuleError).join('\n'));
    this.name = 'RulesError';
    this.errors = errors;
  }
}

export interface Detector {
  /** Rules in force. */
  readonly rules: number;
  /** Rules left out, and why. */
  readonly unsupported: readonly { readonly id: string; readonly name: string; readonly reason: string }[];
  /**
   * Judges one record.
   * @param record a plain object; it is not changed.
   * @param event the event's tag and time; without a time the record's own, else `now`.
   * @throws TypeError when the record is not an object that `JSON.stringify` can write.
   */
  detect(
    record: LogRecord,
    event?: { readonly tag?: string; readonly time?: Date; readonly now?: Date },
  ): Detected;
}

/**
 * Loads rules and makes a detector of them.
 * @throws RulesError when a rule is malformed; Error when a path is not there.
 */
export function createDetector(options: DetectorOptions): Detector {
  const paths = typeof options.rules === 'string' ? [options.rules] : options.rules;
  const loaded = loadRules(paths, {
    overlays: options.overrides ?? {},
    fieldTypes: new FieldTypes(options.fieldTypes ?? {}),
  });
  if (loaded.errors.length > 0) throw new RulesError(loaded.errors);
  const { ruleSet } = loaded;
  const stateful = new StatefulRules({
    max: configDefaults.statefulMax,
    newTermsWarmUp: configDefaults.newTermsWarmUp,
  });
  const engine = new Engine(ruleSet, {
    mappings: sourceMappings,
    gate: (rule, view, nowMs) => stateful.admit(rule, view, nowMs),
    onQuarantine: (rule, cause) => options.onRuleFailure?.(rule.id, cause),
  });
  const alerter = new Alerter({
    tag: options.alertTag ?? configDefaults.alertTag,
    lookBackMax: options.lookBackMax ?? configDefaults.lookBackMax,
    onCap: () => undefined,
    onSuppressed: () => undefined,
  });
  return {
    rules: ruleSet.rules.length,
    unsupported: ruleSet.unsupported.map(({ id, name, reason }) => ({ id, name, reason })),
    detect(record, event = {}) {
      const bytes = bytesOf(record);
      const nowMs = (event.now ?? new Date()).getTime();
      engine.match(bytes, 0, bytes.length, nowMs);
      const { matches } = engine;
      if (matches.length === 0) return { matches: [], record, alerts: [] };
      const time = event.time ? atMs(event.time.getTime()) : (recordTime(bytes, 0) ?? atMs(nowMs));
      const source = { timeMs: time.ms, timeIso: time.iso, content: () => recordContent(bytes, 0) };
      const plain = record as Record<string, unknown>;
      const alerts: DetectedAlert[] = [];
      for (const match of matches) {
        const decision = alerter.decide(match, event.tag ?? '', source, nowMs);
        if (decision.outcome !== 'alert') continue;
        const { id, tag, fields } = decision;
        alerts.push({ id, tag, record: tagObject(plain, [match], alertLeaves(fields)) });
      }
      return { matches: matches.map(detectedOf), record: tagObject(plain, matches), alerts };
    },
  };
}

function detectedOf(match: Match): DetectedMatch {
  const { id, name, version, severity, risk_score, tactics, techniques } = detectionRuleOf(match);
  return { id, name, version, severity, riskScore: risk_score, tactics, techniques, path: match.path };
}

function bytesOf(record: LogRecord): Buffer {
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    throw new TypeError('a record is a plain object');
  const text = JSON.stringify(record, (_, value: unknown) =>
    typeof value === 'bigint'
      ? ((JSON as unknown as RawJson).rawJSON?.(value.toString()) ?? value.toString())
      : value,
  );
  return jsonToMsgpack(text);
}

/** `JSON.rawJSON`, where this Node has it: big integers stay numbers. */
interface RawJson {
  readonly rawJSON?: (text: string) => unknown;
}

function atMs(ms: number): EventInstant {
  const whole = Math.floor(ms / 1000);
  return instantOf(whole, (ms - whole * 1000) * 1e6) ?? { ms: 0, iso: new Date(0).toISOString() };
}
