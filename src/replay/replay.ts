// Captured events through the live stage's engine and alerter, with the events' own times as the clock: what the
// rules in force would have tagged and alerted on.
import { Alerter } from '../alerts/alerter.js';
import { capMessage } from '../alerts/document.js';
import { Engines, type EnginesConfig } from '../detect/engines.js';
import type { Match } from '../detect/match.js';
import { recordTime } from '../detect/recordTime.js';
import { type StatefulOptions, StatefulRules } from '../detect/stateful.js';
import type { EventInstant } from '../detect/times.js';
import { sourceMappings } from '../fields/mappings.js';
import { fieldsOf } from '../kql/fieldsOf.js';
import type { Rule, RuleSet } from '../rules/rule.js';
import { type JsonAlert, judgeJson } from '../stage/jsonDetection.js';
import type { CapturedEvent, EventFrame } from './captured.js';

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
  /** The event as it goes on: tagged, or as it was. Absent: nobody wants it. */
  readonly onEvent?: (text: string) => void;
  /** As `onEvent`, for a line that goes on as it was captured. */
  readonly onPassed?: (buf: Buffer, start: number, end: number) => void;
  readonly onMatch?: (match: Match, event: CapturedEvent, time: EventInstant) => void;
  /** While the match can be read. */
  onAlert(alert: JsonAlert, event: CapturedEvent, time: EventInstant): void;
  /** A rule reached `max_signals` in an interval: told once for each. */
  onCap(message: string): void;
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
  /** The reduced record whose time the clock is, not yet read: most times are never asked for. */
  #timed = Buffer.allocUnsafe(4096);
  #timedLength = 0;

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
      onCap: (notice) => {
        if (notice.kind === 'reached') events.onCap(capMessage(notice));
      },
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

  /**
   * Judges an event as it stands in a JSON capture, without making anything of it. False: it is odd, or a rule may
   * match it, and it must be read whole and given to `take`.
   */
  pass(buf: Buffer, start: number, end: number, frame: EventFrame): boolean {
    const engine = this.#engines.for(frame.tag);
    const reduction = engine.jsonReduction;
    const length = reduction.reduce(buf, start, end);
    if (length < 0 || engine.mayMatch(reduction.record, 0, length)) return false;
    this.totals.events += 1;
    if (frame.time) this.#setClock(frame.time);
    else if (reduction.isTimed) {
      if (this.#timed.length < length) this.#timed = Buffer.allocUnsafe(length * 2);
      reduction.record.copy(this.#timed, 0, 0, length);
      this.#timedLength = length;
    } else {
      const time = recordTime(reduction.record.subarray(0, length), 0);
      if (time) this.#setClock(time);
    }
    return true;
  }

  take(event: CapturedEvent): void {
    const { bytes, tag } = event;
    const time = event.time ?? recordTime(bytes, 0) ?? this.#now();
    this.#setClock(time);
    this.totals.events += 1;
    const engine = this.#engines.for(tag);
    if (!engine.mayMatch(bytes, 0, bytes.length)) {
      if (event.raw) this.#events.onPassed?.(event.raw, 0, event.raw.length);
      else if (this.#events.onEvent) this.#events.onEvent(event.text());
      return;
    }
    const text = event.text();
    const verdict = judgeJson(
      { text, bytes, tag, timeMs: time.ms, timeIso: time.iso },
      engine,
      this.#alerter,
      time.ms,
      {
        onMatch: (match) => {
          this.#count(match, time);
          this.#events.onMatch?.(match, event, time);
        },
        onDecision: (outcome) => {
          this.totals[outcome === 'duplicate' ? 'duplicates' : outcome] += 1;
        },
      },
    );
    this.#events.onEvent?.(verdict.text);
    for (const alert of verdict.alerts) {
      this.totals.alerts += 1;
      this.#byRule.get(alert.match.rule.id)!.alerts += 1;
      this.#events.onAlert(alert, event, time);
    }
  }

  #setClock(time: EventInstant): void {
    this.#clock = time;
    this.#timedLength = 0;
  }

  #now(): EventInstant {
    if (this.#timedLength > 0)
      this.#setClock(recordTime(this.#timed.subarray(0, this.#timedLength), 0) ?? this.#clock);
    return this.#clock;
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
