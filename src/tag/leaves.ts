// What matches add inline, as leaves: a path and a value each, in no event's form yet. Field names and shapes are
// ECS 9 (`rule.*`, `event.severity`, `event.risk_score`, `threat.*`) plus our own `detection`.
import type { Match } from '../detect/match.js';
import type { Encodable } from '../msgpack/encode.js';
import type { Rule, Severity } from '../rules/rule.js';

export interface TagLeaf {
  readonly path: readonly string[];
  readonly value: Encodable;
  /** Replace a value that is there already (only in alert copies, and for our own `detection`). */
  readonly replace: boolean;
}

/** One object of `detection.rules`. */
export interface DetectionRule {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly severity: Severity;
  readonly risk_score: number;
  readonly tactics: readonly string[];
  readonly techniques: readonly string[];
  /** The record of an envelope that matched; absent: the event itself. */
  readonly path?: string;
}

/** `detection`: the highest severity and risk score of all matches, and one object a match. */
export interface Detection {
  readonly severity: Severity;
  readonly risk_score: number;
  readonly rules: readonly DetectionRule[];
}

const rank: Readonly<Record<Severity, number>> = { low: 0, medium: 1, high: 2, critical: 3 };
/** Elastic's numbers for its severity words; ECS wants `event.severity` as a number. */
const severityNumber: Readonly<Record<Severity, number>> = { low: 21, medium: 47, high: 73, critical: 99 };

export function detectionRuleOf(match: Match): DetectionRule {
  const { rule } = match;
  const tactics = unique(rule.threat.map((t) => t.tactic.id));
  const techniques = unique(
    rule.threat.flatMap((t) => t.technique.flatMap((q) => [q.id, ...q.subtechnique.map((s) => s.id)])),
  );
  return {
    id: rule.id,
    name: match.name,
    version: rule.version,
    severity: match.severity,
    risk_score: match.riskScore,
    tactics,
    techniques,
    ...(match.path === null ? {} : { path: match.path }),
  };
}

/** `detection` for these rules: highest risk score first, then rule id, then the record's place. */
export function detectionOf(rules: readonly DetectionRule[]): Detection {
  const sorted = [...rules].sort((a, b) => b.risk_score - a.risk_score || compare(a.id, b.id));
  return {
    severity: sorted.reduce<Severity>((s, r) => (rank[r.severity] > rank[s] ? r.severity : s), 'low'),
    risk_score: sorted.reduce((s, r) => Math.max(s, r.risk_score), 0),
    rules: sorted,
  };
}

/**
 * The ECS leaves for matches in the order of `detection.rules`. One rule: scalars (lists for `author` and
 * `threat.*`). Several: a list a leaf, in that order, without repeats in `threat.*`.
 */
export function ecsLeaves(matches: readonly Match[]): TagLeaf[] {
  const byRule = distinctRules(matches);
  const rules = byRule.map((m) => m.rule);
  const leaves: TagLeaf[] = [];
  const add = (path: string, value: Encodable): void => {
    leaves.push({ path: path.split('.'), value, replace: false });
  };
  const scalarOrList = (path: string, values: readonly (string | number | null)[]): void => {
    const present = values.filter((v) => v !== null);
    if (present.length > 0) add(path, rules.length === 1 ? present[0]! : present);
  };
  const list = (path: string, values: readonly string[]): void => {
    if (values.length > 0) add(path, values);
  };
  // `event` first, where the common record gets it (`tagCommon`): one order, however a record is spelled.
  scalarOrList(
    'event.severity',
    byRule.map((m) => severityNumber[m.severity]),
  );
  scalarOrList(
    'event.risk_score',
    byRule.map((m) => m.riskScore),
  );
  scalarOrList(
    'rule.id',
    rules.map((r) => r.id),
  );
  scalarOrList(
    'rule.name',
    byRule.map((m) => m.name),
  );
  scalarOrList(
    'rule.version',
    rules.map((r) => String(r.version)),
  );
  scalarOrList(
    'rule.ruleset',
    rules.map((r) => r.ruleset),
  );
  list(
    'rule.author',
    rules.flatMap((r) => r.author),
  );
  scalarOrList(
    'rule.license',
    rules.map((r) => r.license),
  );
  scalarOrList(
    'rule.reference',
    rules.map((r) => r.references[0] ?? null),
  );
  threatLeaves(rules, list);
  return leaves;
}

function threatLeaves(rules: readonly Rule[], list: (path: string, values: readonly string[]) => void): void {
  const threats = rules.flatMap((r) => r.threat);
  const techniques = threats.flatMap((t) => t.technique);
  list('threat.framework', unique(threats.map((t) => t.framework)));
  const refs = {
    'threat.tactic': threats.map((t) => t.tactic),
    'threat.technique': techniques,
    'threat.technique.subtechnique': techniques.flatMap((t) => t.subtechnique),
  };
  for (const [path, all] of Object.entries(refs)) {
    // One of each id, so that the three lists stay side by side.
    const once = [...new Map(all.map((ref) => [ref.id, ref])).values()];
    for (const leaf of ['id', 'name', 'reference'] as const) {
      list(
        `${path}.${leaf}`,
        once.map((ref) => ref[leaf]),
      );
    }
  }
}

/** One match a rule, the first of each: an envelope may match a rule with several records. */
function distinctRules(matches: readonly Match[]): Match[] {
  const seen = new Set<string>();
  return matches.filter((m) => !seen.has(m.rule.id) && seen.add(m.rule.id));
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
