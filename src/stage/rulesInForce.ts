// The rule set in force: its engines, its counts in the metrics and the ledger, and the rules that it has to do without.
import type { Config } from '../config/config.js';
import type { Engine } from '../detect/engine.js';
import { Engines } from '../detect/engines.js';
import { sourceMappings } from '../fields/mappings.js';
import type { Metrics } from '../observe/metrics.js';
import type { Rule, RuleSet } from '../rules/rule.js';
import type { Alerting } from './alerting.js';
import type { Notices } from './notices.js';
import type { RuleLedger } from './ruleLedger.js';

/** Errors of a reload that are shown; further ones are in the log. */
const MAX_LOAD_ERRORS = 100;

export interface RulesInForceDeps {
  readonly alerting: Pick<Alerting, 'admit'>;
  readonly notices: Notices;
  readonly ledger: RuleLedger;
  readonly metrics: Metrics;
}

export class RulesInForce {
  readonly #deps: RulesInForceDeps;
  #engines: Engines;

  constructor(ruleSet: RuleSet, rules: Config['rules'], deps: RulesInForceDeps) {
    this.#deps = deps;
    this.#engines = this.#enginesOf(ruleSet, rules);
  }

  get engines(): Engines {
    return this.#engines;
  }

  get ruleSet(): RuleSet {
    return this.#engines.ruleSet;
  }

  /** The engine for events of this tag. */
  for(tag: string): Engine {
    return this.#engines.for(tag);
  }

  /** Puts another rule set in force, whole. */
  replace(ruleSet: RuleSet, rules: Config['rules']): void {
    this.#engines = this.#enginesOf(ruleSet, rules);
    this.count();
  }

  /** New rules did not load: the set in force stays. @param errors each with its place. */
  notReplaced(errors: readonly string[]): void {
    this.#deps.ledger.loadErrors = errors.slice(0, MAX_LOAD_ERRORS);
  }

  /** Says how many rules there are of each kind. */
  count(): void {
    const { ruleSet } = this;
    const { metrics, ledger } = this.#deps;
    metrics.rules('active', ruleSet.rules.length);
    metrics.rules('disabled', ruleSet.disabled.length);
    metrics.rules('unsupported', ruleSet.unsupported.length);
    metrics.rules('quarantined', 0);
    metrics.ruleSet(ruleSet.hash, ruleSet.rules);
    ledger.loaded(metrics.eventsIn);
  }

  #enginesOf(ruleSet: RuleSet, rules: Config['rules']): Engines {
    const { alerting, notices, ledger, metrics } = this.#deps;
    return new Engines(ruleSet, rules, {
      mappings: sourceMappings,
      clock: () => performance.now(),
      gate: (rule, view, nowMs) => alerting.admit(rule, view, nowMs),
      onQuarantine: (rule: Rule, cause: unknown) => {
        notices.quarantined(rule.id, cause as Error);
        ledger.quarantined(rule.id, (cause as Error).message);
        const { count } = this.#engines.quarantined;
        metrics.rules('quarantined', count);
        metrics.rules('active', this.ruleSet.rules.length - count);
      },
    });
  }
}
