// The primary's side of alerting: what workers offer is decided, delivered and answered here, in the order in which it
// comes, so that look-back, suppression, caps and what stateful rules count are one for all of them.

import type { Outcome } from '../alerts/candidate.js';
import { viewOf } from '../detect/match.js';
import type { StatefulFields } from '../detect/stateful.js';
import type { Rule, RuleSet } from '../rules/rule.js';
import type { DecidedAlert, LocalAlerting } from '../stage/alerting.js';
import type { Admission, HeldBack, Offer } from './talk.js';

export class AlertOffice {
  readonly #alerting: LocalAlerting;
  /** Of this set and the one before it: a worker that has not reloaded yet still offers by the old one. */
  #rules = new Map<string, Rule>();
  #current: RuleSet;

  constructor(alerting: LocalAlerting, ruleSet: RuleSet) {
    this.#alerting = alerting;
    this.#current = ruleSet;
    this.#know(ruleSet);
  }

  get ruleSet(): RuleSet {
    return this.#current;
  }

  /** Another rule set is in force. */
  reload(ruleSet: RuleSet): void {
    this.#rules = new Map(this.#current.rules.map((r) => [r.id, r]));
    this.#current = ruleSet;
    this.#know(ruleSet);
  }

  async offer(offers: readonly Offer[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    const accepted: DecidedAlert[] = [];
    for (const { alert, key, group, nowMs } of offers) {
      const rule = this.#rule(alert.ruleId);
      // Buffers come through the pipe as plain Uint8Arrays.
      const whole = { ...alert, time: Buffer.from(alert.time), record: Buffer.from(alert.record) };
      const candidate = { rule, key, id: alert.id, group, nowMs };
      const outcome = this.#alerting.settle(candidate);
      outcomes.push(outcome);
      if (outcome === 'alert') accepted.push({ alert: whole, candidate });
    }
    if (accepted.length > 0) await this.#alerting.submit(accepted);
    // One that repeats an earlier one hangs on that one's alert.
    if (outcomes.some((o) => o === 'duplicate' || o === 'suppressed')) await this.#alerting.allSafe();
    return outcomes;
  }

  admit(questions: readonly Admission[]): (StatefulFields | null)[] {
    return questions.map(({ ruleId, nowMs, values }) =>
      this.#alerting.admit(
        this.#rule(ruleId),
        viewOf((field) => values[field] ?? []),
        nowMs,
      ),
    );
  }

  holdBack(held: readonly HeldBack[]): void {
    for (const { ruleId, nowMs, count } of held) this.#alerting.holdBack(this.#rule(ruleId), nowMs, count);
  }

  #know(ruleSet: RuleSet): void {
    for (const rule of ruleSet.rules) this.#rules.set(rule.id, rule);
  }

  /** @throws Error: the offer is not answered, its chunk is not acked and comes again. */
  #rule(id: string): Rule {
    const rule = this.#rules.get(id);
    if (!rule) throw new Error(`rule ${id} is in force in a worker and not in the primary`);
    return rule;
  }
}
