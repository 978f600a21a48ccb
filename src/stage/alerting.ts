// What must be one in a pipeline however many connections and processes feed it: which matches become alerts (look-back,
// suppression, cap), what stateful rules count, and that alerts are safe before a chunk is acked. It is kept for the
// next start, never ahead of the alerts.
import type { Alert } from '../alerts/alert.js';
import { type AlertDecision, Alerter } from '../alerts/alerter.js';
import type { Candidate, Outcome } from '../alerts/candidate.js';
import type { CapNotice } from '../alerts/cap.js';
import { type AlertedEvent, capMessage, capRecord, suppressionRecord } from '../alerts/document.js';
import type { EventSource } from '../alerts/identity.js';
import type { SuppressionNotice } from '../alerts/suppression.js';
import type { Config } from '../config/config.js';
import type { FieldView, Match } from '../detect/match.js';
import { type StatefulFields, StatefulRules } from '../detect/stateful.js';
import { type Encodable, encode } from '../msgpack/encode.js';
import type { Logger } from '../observe/log.js';
import { say } from '../observe/logCodes.js';
import type { Metrics } from '../observe/metrics.js';
import type { Rule } from '../rules/rule.js';
import type { RedisClaims } from '../shared/redisClaims.js';
import { SharedAlerts } from '../shared/sharedAlerts.js';
import type { AlertDelivery, SinkRest } from '../sinks/delivery.js';
import { eventTime } from './chunks.js';
import { type SavedState, StateKeeper } from './stateKeeper.js';

/** An alert, and the candidate that it was decided on. */
export interface DecidedAlert {
  readonly alert: Alert;
  readonly candidate: Candidate;
}

/** Where a stage asks what becomes of its matches. */
export interface Alerting {
  start(): void;
  /** For an event that satisfies a stateful rule's query: what it makes of it, or null when it is no match (yet). */
  admit(rule: Rule, view: FieldView, nowMs: number): StatefulFields | null;
  /** `alert` is final only once `submit` has taken it. */
  decide(match: Match, tag: string, event: AlertedEvent & EventSource, nowMs: number): AlertDecision;
  /** Resolves when every one of them is delivered or safely on disk (or turned out to be none). */
  submit(decided: readonly DecidedAlert[]): Promise<unknown>;
  /** Resolves when every alert that was submitted by now is safe: an event that repeats one hangs on that one's alert. */
  allSafe(): Promise<unknown>;
  /** Their chunk was refused after all: as if they had never been decided. */
  withdraw(decided: readonly DecidedAlert[]): void;
  /**
   * What `admit` could not tell by itself since it was last asked, or null. When it resolves, the same chunk must be made
   * again, before any other: then it can.
   */
  unanswered(): Promise<void> | null;
  /** Returns what each sink has not been delivered. */
  stop(timeoutMs: number): Promise<readonly SinkRest[]>;
}

export interface AlertingDeps {
  readonly delivery: AlertDelivery;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Epoch ms. */
  readonly now: () => number;
  readonly saveState: (state: SavedState) => Promise<void>;
  readonly onUnsaved: (cause: Error) => void;
  /** Look-back and caps of all stages that share a Redis; null: this stage's own. */
  readonly claims: RedisClaims | null;
  /** Alerts that are on their way, for people to see. */
  readonly onAlerts: (alerts: readonly Alert[]) => void;
}

const SWEEP_MS = 1000;
const SAVE_MS = 5000;

export class LocalAlerting implements Alerting {
  readonly #deps: AlertingDeps;
  readonly #alerter: Alerter;
  /** Outlives the rule sets: what was counted and learnt stays over a reload. */
  readonly #stateful: StatefulRules;
  readonly #keeper: StateKeeper;
  readonly #shared: SharedAlerts | null;
  /** Alerts are handed on in the order in which they were submitted, however long the answers take. */
  #admitting: Promise<unknown> = Promise.resolve();
  /** Resolves when all that was submitted by now, and is shared, is safe. */
  #submitted: Promise<unknown> = Promise.resolve();
  #timers: NodeJS.Timeout[] = [];

  constructor(config: Config, deps: AlertingDeps) {
    this.#deps = deps;
    this.#stateful = new StatefulRules(config.rules.stateful);
    this.#keeper = new StateKeeper(deps.saveState, deps.onUnsaved);
    this.#alerter = new Alerter({
      tag: config.alerts.tag,
      lookBackMax: config.alerts.lookBackMax,
      onCap: (notice) => this.#capNotice(notice),
      onSuppressed: (notice) => this.#suppressionNotice(notice),
    });
    const { claims, log } = deps;
    this.#shared =
      claims &&
      new SharedAlerts({
        claims,
        alerter: this.#alerter,
        onOutcome: (outcome) => this.#count(outcome),
        onCap: (notice) => this.#capNotice(notice),
        onAlone: (cause) => {
          deps.metrics.decidedAlone += 1;
          say(
            log,
            'decided_alone',
            { cause: cause.message },
            `${claims.name} does not answer: decided by what this stage knows`,
          );
        },
      });
  }

  /** Takes up what an earlier run knew. */
  restore(state: SavedState, rules: readonly Rule[]): void {
    if (state.alerter) this.#alerter.restore(state.alerter, rules);
    if (state.stateful) this.#stateful.restore(state.stateful);
  }

  /** Begins to end intervals and groups, and to save. */
  start(): void {
    this.#timers = [
      setInterval(() => {
        this.#alerter.sweep(this.#deps.now());
        void this.#shared?.sweep(this.#deps.now());
      }, SWEEP_MS),
      setInterval(() => void this.#keeper.save(this.#alerter, this.#stateful), SAVE_MS),
    ];
  }

  admit(rule: Rule, view: FieldView, nowMs: number): StatefulFields | null {
    return this.#stateful.admit(rule, view, nowMs);
  }

  decide(match: Match, tag: string, event: AlertedEvent & EventSource, nowMs: number): AlertDecision {
    this.#keeper.changed = true;
    const decision = this.#alerter.decide(match, tag, event, nowMs, this.#shared && this.#settled);
    this.#count(decision.outcome);
    return decision;
  }

  /** As `decide`, for a candidate of another process whose alert is made already. */
  settle(candidate: Candidate): Outcome {
    this.#keeper.changed = true;
    const outcome = this.#settled(candidate);
    this.#count(outcome);
    return outcome;
  }

  /** Where the decision is shared, what is not known yet stands as an alert until `submit` has asked. */
  readonly #settled = (candidate: Candidate): Outcome =>
    this.#shared ? (this.#shared.known(candidate) ?? 'alert') : this.#alerter.settle(candidate);

  submit(decided: readonly DecidedAlert[]): Promise<unknown> {
    const shared = this.#shared;
    if (!shared) return this.#handOn(decided);
    const admitted = shared.admit(decided);
    const before = this.#admitting;
    this.#admitting = before.then(() => admitted);
    const earlier = this.#submitted;
    const safe = this.#admitting.then(async () => {
      const { alerts, later } = await admitted;
      const handOn = async (those: readonly DecidedAlert[]): Promise<void> => {
        await this.#handOn(those);
        shared.safe(those);
      };
      const rest = later.map(async (final) => {
        const alert = await final;
        if (alert) await handOn([alert]);
        // None after all: it repeats one that may not be safe yet.
        else await earlier;
      });
      await Promise.all([handOn(alerts), ...rest]);
    });
    this.#submitted = Promise.allSettled([earlier, safe]);
    return this.#keeper.whenSafe(safe);
  }

  #handOn(decided: readonly DecidedAlert[]): Promise<unknown> {
    if (decided.length === 0) return Promise.resolve();
    const alerts = decided.map((d) => d.alert);
    this.#deps.onAlerts(alerts);
    return this.#keeper.whenSafe(this.#deps.delivery.submit(alerts));
  }

  allSafe(): Promise<unknown> {
    return this.#keeper.allSafe();
  }

  unanswered(): null {
    return null;
  }

  /** Alerts over a rule's cap that another process held back by itself. */
  holdBack(rule: Rule, nowMs: number, count: number): void {
    this.#alerter.holdBack(rule, nowMs, count);
    this.#keeper.changed = true;
  }

  withdraw(decided: readonly DecidedAlert[]): void {
    // Shared decisions are made when alerts are submitted.
    if (this.#shared) return;
    for (const { candidate } of decided) this.#alerter.withdraw(candidate);
  }

  /** Saves, and closes the sinks. Intervals and groups that are open are the next start's. Returns what sinks have not got. */
  async stop(timeoutMs: number): Promise<readonly SinkRest[]> {
    for (const t of this.#timers) clearInterval(t);
    // Groups and intervals that are still open are kept for the next start.
    this.#alerter.sweep(this.#deps.now());
    await this.#shared?.close();
    await this.#keeper.close(this.#alerter, this.#stateful, Math.max(timeoutMs / 2, 500));
    return this.#deps.delivery.close(Math.max(timeoutMs, 1000));
  }

  #count(outcome: AlertDecision['outcome']): void {
    if (outcome !== 'alert' && outcome !== 'building_block') this.#deps.metrics.alert('', outcome);
  }

  /** The cap was reached, or its interval is over: one line in the log, one record in the alert stream. */
  #capNotice(notice: CapNotice): void {
    const { rule, heldBack, kind } = notice;
    const { log } = this.#deps;
    if (kind === 'reached') say(log, 'cap_reached', { rule_id: rule.id }, capMessage(notice));
    else say(log, 'cap_interval_over', { rule_id: rule.id, held_back: heldBack }, capMessage(notice));
    this.#submitNotice(rule, `cap ${rule.id} ${notice.intervalStart} ${kind}`, capRecord(notice));
  }

  /** A group's time is over: how many alerts were suppressed into its first. */
  #suppressionNotice(notice: SuppressionNotice): void {
    const { rule, suppressed, alertId } = notice;
    say(
      this.#deps.log,
      'alerts_suppressed',
      { rule_id: rule.id, suppressed, alert: alertId },
      'alerts were suppressed into an earlier one',
    );
    this.#submitNotice(rule, `suppression ${alertId} ${notice.end}`, suppressionRecord(notice));
  }

  /** A record for the alert stream that is no alert. */
  #submitNotice(rule: Rule, id: string, content: { [key: string]: Encodable }): void {
    const { delivery, now } = this.#deps;
    const alert: Alert = {
      id,
      ruleId: rule.id,
      ruleName: rule.name,
      severity: rule.severity,
      riskScore: rule.riskScore,
      tag: this.#alerter.tagFor('fluent_detect', rule.id, rule.severity),
      time: eventTime(now()),
      record: encode(content),
    };
    void delivery.submit([alert]);
  }
}
