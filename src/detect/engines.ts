// One engine for each set of rules that a tag can concern. Without routes there is one for all tags. A rule whose index
// patterns are all routed is only tried on events of those routes' tags.

import { mappingsFor, type UserMapping } from '../fields/userMapping.js';
import type { Rule, RuleSet } from '../rules/rule.js';
import { tagPattern } from '../rules/tagPattern.js';
import { Engine, type EngineOptions } from './engine.js';
import { Quarantine } from './quarantine.js';
import type { RuleCost } from './trials.js';

/** Elastic's index pattern (as a rule's `index` writes it) to Fluentd match patterns. */
type Routes = Readonly<Record<string, readonly string[]>>;

/** The parts of the config that decide which engine a tag gets. */
export interface EnginesConfig {
  readonly routes: Routes;
  readonly fieldMapping: UserMapping;
}
/** `mappings` are the shipped ones; the config's come over them. */
export type EnginesOptions = Omit<EngineOptions, 'jsonText' | 'quarantine'>;

/** Tags whose engine is remembered; past it they are looked up again. */
const MAX_TAGS = 10_000;

export class Engines {
  readonly ruleSet: RuleSet;
  readonly quarantined: Quarantine;
  readonly #options: EngineOptions;
  readonly #mapping: UserMapping;
  /** Rule to whether a tag concerns it; absent: every tag does. */
  readonly #routed = new Map<Rule, (tag: string) => boolean>();
  /** By the ids of the rules left out. */
  readonly #engines = new Map<string, Engine>();
  readonly #byTag = new Map<string, Engine>();
  readonly #whole: Engine | null;

  constructor(ruleSet: RuleSet, config: EnginesConfig, options: EnginesOptions) {
    const { routes, fieldMapping } = config;
    this.ruleSet = ruleSet;
    this.quarantined = new Quarantine(options.onQuarantine);
    this.#options = { ...options, jsonText: fieldMapping.jsonText, quarantine: this.quarantined };
    this.#mapping = fieldMapping;
    const tests = new Map(Object.entries(routes).map(([index, tags]) => [index, tagPattern(tags.join(' '))]));
    for (const rule of ruleSet.rules) {
      const own = rule.index.map((index) => tests.get(index));
      if (own.length === 0 || own.some((test) => test === undefined)) continue;
      this.#routed.set(rule, (tag) => own.some((test) => test!(tag)));
    }
    const isOne = this.#routed.size === 0 && fieldMapping.constants.length === 0;
    this.#whole = isOne ? this.#make(ruleSet, '') : null;
  }

  /** The engine for events of this tag. */
  for(tag: string): Engine {
    if (this.#whole) return this.#whole;
    const known = this.#byTag.get(tag);
    if (known) return known;
    const rules = this.ruleSet.rules.filter((rule) => this.#routed.get(rule)?.(tag) ?? true);
    const key = [mappingsFor(this.#options.mappings, this.#mapping, tag).key, ...rules.map((r) => r.id)].join(
      '\n',
    );
    const engine = this.#engines.get(key) ?? this.#make({ ...this.ruleSet, rules }, tag);
    this.#engines.set(key, engine);
    if (this.#byTag.size >= MAX_TAGS) this.#byTag.clear();
    this.#byTag.set(tag, engine);
    return engine;
  }

  /** The fields that rules read, and whether any event so far had them. */
  fieldsSeen(): Map<string, boolean> {
    const seen = new Map<string, boolean>();
    const engines = this.#whole ? [this.#whole] : [...this.#engines.values()];
    for (const engine of engines)
      for (const f of engine.fieldsSeen()) seen.set(f.field, f.seen || seen.get(f.field) === true);
    return seen;
  }

  /** What each rule has cost, by its id, over all tags. */
  costs(): Map<string, RuleCost> {
    if (this.#whole) return this.#whole.costs();
    const costs = new Map<string, RuleCost>();
    for (const engine of this.#engines.values())
      for (const [id, c] of engine.costs()) {
        const sum = costs.get(id) ?? { candidates: 0, timed: 0, ms: 0 };
        costs.set(id, {
          candidates: sum.candidates + c.candidates,
          timed: sum.timed + c.timed,
          ms: sum.ms + c.ms,
        });
      }
    return costs;
  }

  #make(ruleSet: RuleSet, tag: string): Engine {
    const { mappings } = mappingsFor(this.#options.mappings, this.#mapping, tag);
    return new Engine(ruleSet, { ...this.#options, mappings });
  }
}
