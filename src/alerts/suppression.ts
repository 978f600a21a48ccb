// Kibana's `alert_suppression`: one alert for each distinct group of values; later ones within the duration only
// count. Bounded: past the bound alerts pass un-suppressed rather than memory growing.
import type { AlertSuppression, Rule } from '../rules/rule.js';
import type { Candidate, SuppressionGroup } from './candidate.js';

/** A group whose time is over, with alerts that were suppressed into it. */
export interface SuppressionNotice {
  readonly rule: Rule;
  /** Id of the alert that they were suppressed into. */
  readonly alertId: string;
  readonly terms: SuppressionGroup['terms'];
  readonly suppressed: number;
  readonly start: number;
  readonly end: number;
}

export interface SuppressionState {
  readonly key: string;
  readonly rule: string;
  readonly alertId: string;
  readonly terms: SuppressionNotice['terms'];
  readonly start: number;
  readonly until: number;
  readonly end: number;
  readonly suppressed: number;
}

interface Group {
  readonly rule: Rule;
  readonly alertId: string;
  readonly terms: SuppressionNotice['terms'];
  readonly start: number;
  readonly until: number;
  end: number;
  suppressed: number;
}

/** Groups held at once over all rules. */
const DEFAULT_MAX_GROUPS = 100_000;

export class Suppression {
  readonly #groups = new Map<string, Group>();
  readonly #max: number;
  readonly #onNotice: (notice: SuppressionNotice) => void;

  constructor(onNotice: (notice: SuppressionNotice) => void, max = DEFAULT_MAX_GROUPS) {
    this.#onNotice = onNotice;
    this.#max = max;
  }

  /** Whether the candidate is suppressed into an earlier alert of its group; it is counted there then. */
  joins({ group, nowMs }: Candidate): boolean {
    const known = group && this.#groups.get(group.key);
    if (!known || nowMs >= known.until) return false;
    known.suppressed += 1;
    known.end = nowMs;
    return true;
  }

  /** The candidate became the first alert of its group. */
  open({ rule, group, id: alertId, nowMs }: Candidate): void {
    const { suppression } = rule;
    if (!suppression || group === null) return;
    const { key, terms } = group;
    const over = this.#groups.get(key);
    if (over) this.#close(key, over);
    if (this.#groups.size >= this.#max) return;
    const until = untilOf(suppression, rule, nowMs);
    this.#groups.set(key, { rule, alertId, terms, start: nowMs, until, end: nowMs, suppressed: 0 });
  }

  /** The first alert of a group is none after all: the next one opens the group again. */
  withdraw({ group, id }: Candidate): void {
    if (group !== null && this.#groups.get(group.key)?.alertId === id) this.#groups.delete(group.key);
  }

  /** Closes the groups whose time is over. */
  sweep(nowMs: number): void {
    for (const [key, group] of this.#groups) if (nowMs >= group.until) this.#close(key, group);
  }

  snapshot(): SuppressionState[] {
    return [...this.#groups].map(([key, { rule, ...group }]) => ({ key, rule: rule.id, ...group }));
  }

  /** Groups of rules that are no longer there are dropped. */
  restore(state: readonly SuppressionState[], rules: readonly Rule[]): void {
    for (const { key, rule: id, ...group } of state) {
      const rule = rules.find((r) => r.id === id);
      if (rule) this.#groups.set(key, { rule, ...group });
    }
  }

  #close(key: string, group: Group): void {
    this.#groups.delete(key);
    if (group.suppressed > 0) this.#onNotice(group);
  }
}

function untilOf(suppression: AlertSuppression, rule: Rule, nowMs: number): number {
  if (suppression.durationMs !== null) return nowMs + suppression.durationMs;
  return (Math.floor(nowMs / rule.intervalMs) + 1) * rule.intervalMs;
}
