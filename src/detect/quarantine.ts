// Rules that failed, left out until rules are loaded again: in every engine of a rule set, said once.
import type { Rule } from '../rules/rule.js';

/** What judging one event by one rule may take. ms. */
export const RULE_BUDGET_MS = 100;
/** And this much more for each KiB of the event: a sender of large events must not be able to switch rules off. ms. */
const MORE_MS_A_KIB = 4;
/** How often within `OVERRUN_WINDOW_MS` it may take longer before the rule is left out. */
const MAX_OVERRUNS = 5;
export const OVERRUN_WINDOW_MS = 60_000;

/** Whether what was done with an event of so many bytes took longer than one rule may take for it. */
function isOverBudget(takenMs: number, bytes: number): boolean {
  return takenMs > RULE_BUDGET_MS && takenMs > RULE_BUDGET_MS + (bytes / 1024) * MORE_MS_A_KIB;
}

export class Quarantine {
  readonly #rules = new Set<Rule>();
  /** When a rule took longer than its budget lately; ms of the engine's clock. */
  readonly #overruns = new Map<Rule, number[]>();
  readonly #onQuarantine: (rule: Rule, cause: unknown) => void;

  constructor(onQuarantine: (rule: Rule, cause: unknown) => void = () => undefined) {
    this.#onQuarantine = onQuarantine;
  }

  get count(): number {
    return this.#rules.size;
  }

  has(rule: Rule): boolean {
    return this.#rules.has(rule);
  }

  add(rule: Rule, cause: unknown): void {
    if (this.#rules.has(rule)) return;
    this.#rules.add(rule);
    this.#overruns.delete(rule);
    this.#onQuarantine(rule, cause);
  }

  /** The rule took this long for an event of so many bytes. Once can be the garbage collector's doing. */
  took(rule: Rule, started: number, ended: number, bytes: number): void {
    if (!isOverBudget(ended - started, bytes)) return;
    const lately = (this.#overruns.get(rule) ?? []).filter((at) => ended - at < OVERRUN_WINDOW_MS);
    lately.push(ended);
    this.#overruns.set(rule, lately);
    if (lately.length < MAX_OVERRUNS) return;
    const often = `${MAX_OVERRUNS} times within ${OVERRUN_WINDOW_MS / 1000} s`;
    this.add(rule, new Error(`took over ${RULE_BUDGET_MS} ms for an event, ${often}`));
  }
}
