// Captured events through the live stage's engine and alerter, with the events' own times as the clock: what the
// rules in force would have tagged and alerted on.
import { Alerter } from '../alerts/alerter.js';
import { Engines, type EnginesConfig } from '../detect/engines.js';
import type { Match } from '../detect/match.js';
import { recordTime } from '../detect/recordTime.js';
import { type StatefulOptions, StatefulRules } from '../detect/stateful.js';
import type { EventInstant } from '../detect/times.js';
import { sourceMappings } from '../fields/mappings.js';
import { fieldsOf } from '../kql/fieldsOf.js';
import type { Rule, RuleSet } from '../rules/rule.js';
import { type JsonAlert, judgeJson } from '../stage/jsonDetection.js';
import type { CapturedEvent } from './captured.js';

export interface RuleFindings {
  readonly rule: Rule;
  matches: number;
  alerts: number;
  /** ISO 8601. */
  first: string | null;
  last: string | null;
  readonly users: Map<string, number>;
  readonly addresses: Map<string, number>;
}

export interface ReplayTotals {
  events: number;
  matches: number;
  alerts: number;
  duplicates: number;
  capped: number;
  suppressed: number;
}

export interface ReplayEvents {
  /** The event as it goes on: tagged, or as it was. */
  onEvent(text: string): void;
  onAlert(alert: JsonAlert): void;
  onQuarantine(rule: Rule, cause: unknown): void;
}

export interface ReplayOptions extends EnginesConfig {
  /** The alerts' tag template. */
  readonly alertTag: string;
  readonly lookBackMax: number;
  readonly stateful: StatefulOptions;
}

/** Distinct users or addresses counted a rule; past it new ones are not told apart. */
const MAX_DISTINCT = 10_000;

export class Replay {
  readonly totals: ReplayTotals = {
    events: 0,
    matches: 0,
    alerts: 0,
    duplicates: 0,
    capped: 0,
    suppressed: 0,
  };
  readonly findings: readonly RuleFindings[];
  readonly #engines: Engines;
  readonly #alerter: Alerter;
  readonly #events: ReplayEvents;
  readonly #byRule: Map<string, RuleFindings>;
  /** Fields that rules read and that no event had: what keeps rules from firing. */
  get unseenFields(): string[] {
    const seen = this.#engines.fieldsSeen();
    const read = new Set(this.findings.flatMap((f) => [...fieldsOf(f.rule.predicate)]));
    return [...read].filter((field) => seen.get(field) !== true).sort();
  }
  /** A record without a time is taken to be of the time of the one before it. */
  #clock: EventInstant = { ms: 0, iso: new Date(0).toISOString() };

  constructor(ruleSet: RuleSet, options: ReplayOptions, events: ReplayEvents) {
    this.#events = events;
    const stateful = new StatefulRules(options.stateful);
    this.#engines = new Engines(ruleSet, options, {
      mappings: sourceMappings,
      gate: (rule, view, nowMs) => stateful.admit(rule, view, nowMs),
      onQuarantine: (rule, cause) => events.onQuarantine(rule, cause),
    });
    this.#alerter = new Alerter({
      tag: options.alertTag,
      lookBackMax: options.lookBackMax,
      onCap: () => undefined,
      onSuppressed: () => undefined,
    });
    this.findings = ruleSet.rules.map((rule) => ({
      rule,
      matches: 0,
      alerts: 0,
      first: null,
      last: null,
      users: new Map(),
      addresses: new Map(),
    }));
    this.#byRule = new Map(this.findings.map((f) => [f.rule.id, f]));
  }

  take(event: CapturedEvent): void {
    const { text, bytes, tag } = event;
    const time = event.time ?? recordTime(bytes, 0) ?? this.#clock;
    this.#clock = time;
    this.totals.events += 1;
    const verdict = judgeJson(
      { text, bytes, tag, timeMs: time.ms, timeIso: time.iso },
      this.#engines.for(tag),
      this.#alerter,
      time.ms,
      {
        onMatch: (match) => this.#count(match, time),
        onDecision: (outcome) => {
          this.totals[outcome === 'duplicate' ? 'duplicates' : outcome] += 1;
        },
      },
    );
    this.#events.onEvent(verdict.text);
    for (const alert of verdict.alerts) {
      this.totals.alerts += 1;
      this.#byRule.get(alert.match.rule.id)!.alerts += 1;
      this.#events.onAlert(alert);
    }
  }

  #count(match: Match, time: EventInstant): void {
    this.totals.matches += 1;
    const found = this.#byRule.get(match.rule.id)!;
    found.matches += 1;
    if (found.first === null || time.iso < found.first) found.first = time.iso;
    if (found.last === null || time.iso > found.last) found.last = time.iso;
    countOne(found.users, match.view.values('user.name')[0]);
    countOne(found.addresses, match.view.values('source.ip')[0]);
  }
}

function countOne(counts: Map<string, number>, value: string | undefined): void {
  if (value === undefined || (counts.size >= MAX_DISTINCT && !counts.has(value))) return;
  counts.set(value, (counts.get(value) ?? 0) + 1);
}

/** The `n` most frequent, most frequent first. */
export function top(counts: ReadonlyMap<string, number>, n: number): [string, number][] {
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, n);
}
