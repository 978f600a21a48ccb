// What each rule did since the start, and what is wrong with it: hits, alerts, the last of them, why it was left out.
// Outlives the rule sets: a reload keeps the counts.
import type { RuleCost } from '../detect/trials.js';
import type { Rule, RuleSet } from '../rules/rule.js';

export type RuleStateName = 'active' | 'quarantined' | 'disabled' | 'unsupported';

export interface RuleStatus {
  readonly id: string;
  readonly name: string;
  readonly version: number | null;
  readonly severity: string | null;
  readonly risk_score: number | null;
  readonly type: string;
  readonly state: RuleStateName;
  /** Why it does not run, or its last error; null: nothing is wrong. */
  readonly error: string | null;
  /** MITRE ATT&CK ids: tactics, techniques, sub-techniques. */
  readonly attack: readonly string[];
  readonly matches: number;
  readonly alerts: number;
  /** ISO 8601; null: never since the start. */
  readonly last_match: string | null;
  readonly cost: {
    /** Events for which the rule was evaluated at all, since its rule set was loaded. */
    readonly candidates: number;
    /** Nanoseconds that one such evaluation took on average; null: there was none. */
    readonly ns_per_candidate: number | null;
    /** Nanoseconds that the rule costs every event on average; null: there was none. */
    readonly ns_per_event: number | null;
  };
  readonly file: string;
  readonly line: number;
}

interface Hits {
  matches: number;
  alerts: number;
  lastMatchMs: number;
}

export class RuleLedger {
  readonly #hits = new Map<string, Hits>();
  /** Rule id to why it was left out, of the set in force. */
  readonly #quarantined = new Map<string, string>();
  #eventsAtLoad = 0;
  /** What kept the last reload from coming into force; empty: it did. */
  loadErrors: readonly string[] = [];

  matched(ruleId: string, nowMs: number, count: number): void {
    const hits = this.#of(ruleId);
    hits.matches += count;
    hits.lastMatchMs = nowMs;
  }

  alerted(ruleId: string): void {
    this.#of(ruleId).alerts += 1;
  }

  /** It failed, and is left out until rules are loaded again. */
  quarantined(ruleId: string, cause: string): void {
    this.#quarantined.set(ruleId, cause);
  }
  /** Alerts by rule id. */
  alertCounts(): Map<string, number> {
    return new Map([...this.#hits].map(([id, hits]) => [id, hits.alerts]));
  }
  get quarantinedCount(): number {
    return this.#quarantined.size;
  }

  /** A rule set came into force. @param eventsIn events that had come in by then. */
  loaded(eventsIn: number): void {
    this.#quarantined.clear();
    this.#eventsAtLoad = eventsIn;
    this.loadErrors = [];
  }

  /** Every rule that was read, whatever its state. */
  list(ruleSet: RuleSet, costs: ReadonlyMap<string, RuleCost>, eventsIn: number): RuleStatus[] {
    const events = eventsIn - this.#eventsAtLoad;
    return [
      ...ruleSet.rules.map((rule) => {
        const cause = this.#quarantined.get(rule.id) ?? null;
        const state = cause === null ? 'active' : 'quarantined';
        return this.#status(rule, state, cause, costs.get(rule.id), events);
      }),
      ...ruleSet.disabled.map((rule) => this.#status(rule, 'disabled', null, undefined, 0)),
      ...ruleSet.unsupported.map(
        (u): RuleStatus => ({
          id: u.id,
          name: u.name,
          version: null,
          severity: null,
          risk_score: null,
          type: u.type,
          state: 'unsupported',
          error: u.reason,
          attack: [],
          matches: 0,
          alerts: 0,
          last_match: null,
          cost: costOf(undefined, 0),
          file: u.file,
          line: u.line,
        }),
      ),
    ];
  }

  #status(
    rule: Rule,
    state: RuleStateName,
    error: string | null,
    cost: RuleCost | undefined,
    events: number,
  ): RuleStatus {
    const hits = this.#hits.get(rule.id);
    return {
      id: rule.id,
      name: rule.name,
      version: rule.version,
      severity: rule.severity,
      risk_score: rule.riskScore,
      type: rule.type,
      state,
      error,
      attack: attackOf(rule),
      matches: hits?.matches ?? 0,
      alerts: hits?.alerts ?? 0,
      last_match: hits && hits.lastMatchMs > 0 ? new Date(hits.lastMatchMs).toISOString() : null,
      cost: costOf(cost, events),
      file: rule.source.file,
      line: rule.source.line,
    };
  }

  #of(ruleId: string): Hits {
    let hits = this.#hits.get(ruleId);
    if (!hits) {
      hits = { matches: 0, alerts: 0, lastMatchMs: 0 };
      this.#hits.set(ruleId, hits);
    }
    return hits;
  }
}

function costOf(cost: RuleCost | undefined, events: number): RuleStatus['cost'] {
  if (!cost || cost.candidates === 0)
    return { candidates: 0, ns_per_candidate: null, ns_per_event: events > 0 ? 0 : null };
  const one = cost.timed === 0 ? null : (cost.ms * 1e6) / cost.timed;
  const each = one === null || events <= 0 ? null : (one * cost.candidates) / events;
  return {
    candidates: cost.candidates,
    ns_per_candidate: one === null ? null : Math.round(one),
    ns_per_event: each === null ? null : Math.round(each * 10) / 10,
  };
}

function attackOf(rule: Rule): string[] {
  const ids = rule.threat.flatMap((t) => [
    t.tactic.id,
    ...t.technique.flatMap((q) => [q.id, ...q.subtechnique.map((s) => s.id)]),
  ]);
  return [...new Set(ids)];
}
