// A detection rule in Elastic's schema, read, checked and compiled. Immutable. Formats turn files into this;
// nothing after it knows which format the file had.
import type { Predicate } from '../kql/predicate.js';

export type Severity = 'low' | 'medium' | 'high' | 'critical';
/** The rule types that run here. */
export type RuleType = 'query' | 'threshold' | 'new_terms';

/** `id`, `name` and `reference` of a MITRE ATT&CK tactic, technique or sub-technique. */
interface AttackRef {
  readonly id: string;
  readonly name: string;
  readonly reference: string;
}
interface Technique extends AttackRef {
  readonly subtechnique: readonly AttackRef[];
}
/** One `[[rule.threat]]`. */
export interface Threat {
  readonly framework: string;
  readonly tactic: AttackRef;
  readonly technique: readonly Technique[];
}

/** An event that satisfies `predicate` is not a match, until `expires` (epoch ms; null: for ever). */
export interface RuleException {
  readonly name: string;
  readonly predicate: Predicate;
  readonly expires: number | null;
  /** In KQL; absent: an exception item. */
  readonly query?: string;
  /** What it was made of, for the rule set's hash; the config's own are hashed with the config. */
  readonly text?: string;
}

interface SeverityMapping {
  readonly field: string;
  readonly value: string;
  readonly severity: Severity;
}

/** Group by up to three fields (Kibana's `alert_suppression`). `durationMs` null: per interval. */
export interface AlertSuppression {
  readonly groupBy: readonly string[];
  readonly durationMs: number | null;
  readonly missingFields: 'suppress' | 'doNotSuppress';
}
export interface Threshold {
  readonly field: readonly string[];
  readonly value: number;
  readonly cardinality: { readonly field: string; readonly value: number } | null;
}
export interface NewTerms {
  readonly fields: readonly string[];
  readonly historyMs: number;
}

export interface Rule {
  /** `rule_id`. */
  readonly id: string;
  /** Kibana's saved-object id if the file has one, else a UUID that follows from `rule_id`. */
  readonly uuid: string;
  readonly name: string;
  readonly version: number;
  readonly type: RuleType;
  readonly language: 'kuery';
  readonly description: string;
  readonly query: string;
  /** The query and the rule's `filters`. Exceptions are apart. */
  readonly predicate: Predicate;
  readonly exceptions: readonly RuleException[];
  readonly severity: Severity;
  /** 0 to 100. */
  readonly riskScore: number;
  readonly severityMapping: readonly SeverityMapping[];
  /** Field whose number replaces `riskScore`; null: none. */
  readonly riskScoreField: string | null;
  /** Field whose text replaces `name`; null: none. */
  readonly nameField: string | null;
  readonly author: readonly string[];
  readonly license: string | null;
  readonly references: readonly string[];
  readonly falsePositives: readonly string[];
  readonly tags: readonly string[];
  readonly threat: readonly Threat[];
  readonly note: string | null;
  readonly setup: string | null;
  readonly index: readonly string[];
  /** As written (`now-9m`), and as a length in ms. */
  readonly from: string;
  readonly lookBackMs: number;
  /** As written (`5m`), and in ms. */
  readonly interval: string;
  readonly intervalMs: number;
  readonly maxSignals: number;
  /** `building_block_type = "default"`: tagged, no alert. */
  readonly buildingBlock: boolean;
  readonly suppression: AlertSuppression | null;
  readonly threshold: Threshold | null;
  readonly newTerms: NewTerms | null;
  /** Where it was read: the file and its line (1-based) of the rule's start; and a hash of what stood there. */
  readonly source: { readonly file: string; readonly line: number; readonly hash: string };
  /** The ruleset's name for `rule.ruleset`: the folder or `metadata.integration`, else `fluent-detect`. */
  readonly ruleset: string;
}

/** What was left out, and why: never silently. */
export interface UnsupportedRule {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly language: string | null;
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

/** A set of rules in force: loaded whole or not at all, never changed afterwards. */
export interface RuleSet {
  readonly rules: readonly Rule[];
  readonly disabled: readonly Rule[];
  readonly unsupported: readonly UnsupportedRule[];
  /** Short hash over all that decides a match; the same files and overlays give the same hash. */
  readonly hash: string;
}
