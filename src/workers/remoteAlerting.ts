// Alerting in a worker: alerts are made here and offered to the primary, which decides, delivers and answers once they
// are safe. What stateful rules ask is collected while a chunk is made; with the answers it is made once more.
import { type AlertDecision, alertTag } from '../alerts/alerter.js';
import { candidateOf, mayAlert, suppressionFields } from '../alerts/candidate.js';
import { intervalStart } from '../alerts/cap.js';
import { type AlertedEvent, alertFields } from '../alerts/document.js';
import type { EventSource } from '../alerts/identity.js';
import type { FieldView, Match } from '../detect/match.js';
import type { StatefulFields } from '../detect/stateful.js';
import type { Metrics } from '../observe/metrics.js';
import type { Rule } from '../rules/rule.js';
import type { Alerting, DecidedAlert } from '../stage/alerting.js';
import type { Channel } from './channel.js';
import type { Admission, HeldBack, PrimaryTalk, WorkerTalk } from './talk.js';

const TELL_MS = 1000;

export class RemoteAlerting implements Alerting {
  readonly #channel: Channel<WorkerTalk, PrimaryTalk>;
  readonly #template: string;
  readonly #metrics: Metrics;
  /** Rule to the start of the interval in which the primary has said that its cap is reached. */
  readonly #capped = new Map<string, number>();
  readonly #heldBack = new Map<string, HeldBack>();
  /** Held back of the chunk under work, which may be made again. */
  #heldNow: { readonly rule: Rule; readonly nowMs: number }[] = [];
  #questions: Admission[] = [];
  #answers: (StatefulFields | null)[] | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(channel: Channel<WorkerTalk, PrimaryTalk>, template: string, metrics: Metrics) {
    this.#channel = channel;
    this.#template = template;
    this.#metrics = metrics;
  }

  start(): void {
    this.#timer = setInterval(() => this.#tellHeldBack(), TELL_MS);
  }

  admit(rule: Rule, view: FieldView, nowMs: number): StatefulFields | null {
    if (this.#answers) return this.#answers.shift() ?? null;
    const values = Object.fromEntries(stateFields(rule).map((field) => [field, view.values(field)]));
    this.#questions.push({ ruleId: rule.id, nowMs, values });
    return null;
  }

  unanswered(): Promise<void> | null {
    const asked = this.#questions;
    if (asked.length === 0) this.#holdBack();
    this.#clear();
    if (asked.length === 0) return null;
    return this.#channel.ask('admit', asked).then((answers) => {
      this.#answers = [...answers];
    });
  }

  decide(match: Match, tag: string, event: AlertedEvent & EventSource, nowMs: number): AlertDecision {
    const { rule } = match;
    if (!mayAlert(match)) return { outcome: 'building_block' };
    if (this.#isCapped(rule, nowMs)) return { outcome: 'capped' };
    const candidate = candidateOf(match, event, nowMs);
    const { id } = candidate;
    const fields = { ...alertFields(match, event, id), ...suppressionFields(candidate) };
    const alertsTag = alertTag(this.#template, tag, rule.id, match.severity);
    return { outcome: 'alert', id, tag: alertsTag, fields, candidate };
  }

  async submit(decided: readonly DecidedAlert[]): Promise<void> {
    const offers = decided.map(({ alert, candidate: { key, group, nowMs } }) => ({
      alert,
      key,
      group,
      nowMs,
    }));
    const outcomes = await this.#channel.ask('offer', offers);
    for (const [n, outcome] of outcomes.entries()) {
      const { rule, nowMs } = decided[n]!.candidate;
      if (outcome === 'capped') this.#capped.set(rule.id, intervalStart(rule, nowMs));
    }
  }

  withdraw(): void {
    this.#clear();
  }

  /** The primary waits for those that a repeat hangs on. */
  allSafe(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<[]> {
    if (this.#timer) clearInterval(this.#timer);
    this.#tellHeldBack();
    return Promise.resolve([]);
  }

  #clear(): void {
    this.#questions = [];
    this.#answers = null;
    this.#heldNow = [];
  }

  #holdBack(): void {
    for (const { rule, nowMs } of this.#heldNow) {
      const before = this.#heldBack.get(rule.id)?.count ?? 0;
      this.#heldBack.set(rule.id, { ruleId: rule.id, nowMs, count: before + 1 });
      this.#metrics.alert('', 'capped');
    }
  }

  /** Under a flood of one rule, alerts that the primary would hold back are not made at all. */
  #isCapped(rule: Rule, nowMs: number): boolean {
    if (rule.suppression !== null || this.#capped.get(rule.id) !== intervalStart(rule, nowMs)) return false;
    this.#heldNow.push({ rule, nowMs });
    return true;
  }

  #tellHeldBack(): void {
    if (this.#heldBack.size === 0) return;
    this.#channel.tell('heldBack', [...this.#heldBack.values()]);
    this.#heldBack.clear();
  }
}

/** What `StatefulRules` reads of an event. */
function stateFields(rule: Rule): string[] {
  const cardinality = rule.threshold?.cardinality;
  return [
    ...(rule.threshold?.field ?? []),
    ...(cardinality ? [cardinality.field] : []),
    ...(rule.newTerms?.fields ?? []),
  ];
}
