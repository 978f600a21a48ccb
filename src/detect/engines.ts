// One engine for each set of rules that a tag can concern. Without routes there is one for all tags. A rule whose index
// patterns are all routed is only tried on events of those routes' tags.

import type { Rule, RuleSet } from '../rules/rule.js';
import { tagPattern } from '../rules/tagPattern.js';
import { Engine, type EngineOptions } from './engine.js';

/** Elastic's index pattern (as a rule's `index` writes it) to Fluentd match patterns. */
export type Routes = Readonly<Record<string, readonly string[]>>;

/** Tags whose engine is remembered; past it they are looked up again. */
const MAX_TAGS = 10_000;

export class Engines {
  readonly ruleSet: RuleSet;
  readonly #options: EngineOptions;
  /** Rule to whether a tag concerns it; absent: every tag does. */
  readonly #routed = new Map<Rule, (tag: string) => boolean>();
  /** By the ids of the rules left out. */
  readonly #engines = new Map<string, Engine>();
  readonly #byTag = new Map<string, Engine>();
  readonly #whole: Engine | null;

  constructor(ruleSet: RuleSet, routes: Routes, options: EngineOptions) {
    this.ruleSet = ruleSet;
    this.#options = options;
    const tests = new Map(Object.entries(routes).map(([index, tags]) => [index, tagPattern(tags.join(' '))]));
    for (const rule of ruleSet.rules) {
      const own = rule.index.map((index) => tests.get(index));
      if (own.length === 0 || own.some((test) => test === undefined)) continue;
      this.#routed.set(rule, (tag) => own.some((test) => test!(tag)));
    }
    this.#whole = this.#routed.size === 0 ? new Engine(ruleSet, options) : null;
  }

  /** The engine for events of this tag. */
  for(tag: string): Engine {
    if (this.#whole) return this.#whole;
    const known = this.#byTag.get(tag);
    if (known) return known;
    const rules = this.ruleSet.rules.filter((rule) => this.#routed.get(rule)?.(tag) ?? true);
    const key = rules.map((r) => r.id).join('\n');
    const engine = this.#engines.get(key) ?? new Engine({ ...this.ruleSet, rules }, this.#options);
    this.#engines.set(key, engine);
    if (this.#byTag.size >= MAX_TAGS) this.#byTag.clear();
    this.#byTag.set(tag, engine);
    return engine;
  }
}
