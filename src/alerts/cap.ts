// At most `max_signals` alerts a rule in one `interval`, intervals aligned to the clock of arrival. What is over is
// held back and counted; tagging knows nothing of it.
import type { Rule } from '../rules/rule.js';

/** How many alerts of a rule were held back in an interval: the first says so at once, the last when it is over. */
export interface CapNotice {
  readonly rule: Rule;
  /** Epoch ms. */
  readonly intervalStart: number;
  readonly intervalEnd: number;
  readonly heldBack: number;
  /** `reached`: the first alert over the cap. `closed`: the interval is over, the count is final. */
  readonly kind: 'reached' | 'closed';
}

interface Count {
  rule: Rule;
  start: number;
  alerts: number;
  heldBack: number;
}

export class Cap {
  /** By rule and interval: replayed events come out of order, so several intervals of a rule can be open. */
  readonly #counts = new Map<string, Count>();
  /** By rule id the count that was asked for last: without a key to put together. */
  readonly #latest = new Map<string, Count>();
  readonly #onNotice: (notice: CapNotice) => void;

  constructor(onNotice: (notice: CapNotice) => void) {
    this.#onNotice = onNotice;
  }

  /** Takes one alert into the count; false: it is held back. */
  take(rule: Rule, nowMs: number): boolean {
    const count = this.#countOf(rule, nowMs);
    if (count.alerts < rule.maxSignals) {
      count.alerts += 1;
      return true;
    }
    this.#holdBack(count, 1);
    return false;
  }

  /** As `take` where it is known at once that another alert is over it. False: nothing was counted, `take` has to say. */
  isOver(rule: Rule, nowMs: number): boolean {
    const latest = this.#latest.get(rule.id);
    if (
      latest === undefined ||
      latest.alerts < rule.maxSignals ||
      latest.start !== intervalStart(rule, nowMs)
    )
      return false;
    latest.rule = rule;
    this.#holdBack(latest, 1);
    return true;
  }

  /** Counts an alert that was admitted elsewhere. */
  note(rule: Rule, nowMs: number): void {
    this.#countOf(rule, nowMs).alerts += 1;
  }

  /** Alerts over the cap that were held back elsewhere, where it was known to be reached. */
  holdBack(rule: Rule, nowMs: number, held: number): void {
    this.#holdBack(this.#countOf(rule, nowMs), held);
  }

  /** One alert that was taken is none after all. */
  giveBack(rule: Rule, nowMs: number): void {
    const count = this.#counts.get(keyOf(rule.id, intervalStart(rule, nowMs)));
    if (count && count.alerts > 0) count.alerts -= 1;
  }

  /** Closes the intervals that are over; call it now and then. */
  sweep(nowMs: number): void {
    for (const [key, count] of this.#counts) {
      if (nowMs < count.start + count.rule.intervalMs) continue;
      this.#counts.delete(key);
      if (this.#latest.get(count.rule.id) === count) this.#latest.delete(count.rule.id);
      this.#close(count);
    }
  }

  snapshot(): { rule: string; start: number; alerts: number; heldBack: number }[] {
    return [...this.#counts.values()].map(({ rule, ...count }) => ({ rule: rule.id, ...count }));
  }

  /** Counts of rules that are no longer there are dropped. */
  restore(
    counts: readonly { rule: string; start: number; alerts: number; heldBack: number }[],
    rules: readonly Rule[],
  ): void {
    for (const { rule: id, ...count } of counts) {
      const rule = rules.find((r) => r.id === id);
      if (!rule) continue;
      this.#counts.set(keyOf(id, count.start), { rule, ...count });
      this.#latest.delete(id);
    }
  }

  #countOf(rule: Rule, nowMs: number): Count {
    const start = intervalStart(rule, nowMs);
    const latest = this.#latest.get(rule.id);
    if (latest?.start === start) {
      latest.rule = rule;
      return latest;
    }
    const key = keyOf(rule.id, start);
    const count = this.#counts.get(key) ?? { rule, start, alerts: 0, heldBack: 0 };
    count.rule = rule;
    this.#counts.set(key, count);
    this.#latest.set(rule.id, count);
    return count;
  }

  #holdBack(count: Count, held: number): void {
    const isFirst = count.heldBack === 0;
    count.heldBack += held;
    if (isFirst) this.#onNotice(noticeOf(count, 'reached'));
  }

  #close(count: Count): void {
    if (count.heldBack > 0) this.#onNotice(noticeOf(count, 'closed'));
  }
}

/** Where the rule's interval begins that a time of arrival lies in, epoch ms. */
export function intervalStart(rule: Rule, nowMs: number): number {
  return Math.floor(nowMs / rule.intervalMs) * rule.intervalMs;
}

function keyOf(ruleId: string, start: number): string {
  return `${start} ${ruleId}`;
}

function noticeOf(count: Count, kind: CapNotice['kind']): CapNotice {
  const { rule, start, heldBack } = count;
  return { rule, intervalStart: start, intervalEnd: start + rule.intervalMs, heldBack, kind };
}
