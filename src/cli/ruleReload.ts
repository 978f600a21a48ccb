// Rules loaded again while a program runs, at SIGHUP or when their files change: whole set or none, in short steps so
// that no event waits for it, one loading at a time.
import type { Config } from '../config/config.js';
import type { Logger } from '../observe/log.js';
import { say } from '../observe/logCodes.js';
import type { RuleSet } from '../rules/rule.js';
import { formatRuleError } from '../rules/ruleError.js';
import { rulesGently } from './ruleSets.js';

export interface ReloadOptions {
  readonly log: Logger;
  /** The config as it is now; null: it has errors, which have been said. */
  readonly config: () => Config | null;
  /** One malformed rule, with its place. */
  readonly sayError: (text: string) => void;
  /** Puts the set in force. */
  readonly put: (ruleSet: RuleSet, config: Config) => void;
  /** How many rules of the last set that was read are malformed; past 0 it is not in force. */
  readonly onInvalid?: (count: number) => void;
  /** Why the set that was read is not in force: each error with its place. */
  readonly onRefused?: (errors: readonly string[]) => void;
}

export class RuleReload {
  readonly #options: ReloadOptions;
  /** Of the set in force. */
  #hash: string;
  #running: Promise<void> | null = null;
  /** Asked for again while one was running: what that one read may be old. */
  #again = false;

  constructor(hash: string, options: ReloadOptions) {
    this.#hash = hash;
    this.#options = options;
  }

  /** Resolves when the set in force is that of the files as they were when it was called, or stayed as it was. */
  reload(): Promise<void> {
    if (this.#running !== null) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#untilCurrent().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #untilCurrent(): Promise<void> {
    do {
      this.#again = false;
      await this.#once();
    } while (this.#again);
  }

  async #once(): Promise<void> {
    const { log, sayError, put, onInvalid, onRefused } = this.#options;
    const config = this.#options.config();
    const loaded =
      config && (await rulesGently(config, (message) => say(log, 'rules_not_loaded', {}, message)));
    onInvalid?.(loaded?.invalid ?? 0);
    if (!loaded || loaded.errors.length > 0) {
      for (const error of loaded?.errors ?? []) sayError(formatRuleError(error));
      const errors = loaded?.errors.map((e) => formatRuleError(e).split('\n')[0]!);
      onRefused?.(errors ?? ['the config or a rule path cannot be read']);
      const message = 'the new rules do not load: the old ones stay in force';
      say(log, 'rules_not_loaded', { rule_set: this.#hash }, message);
      return;
    }
    const { ruleSet } = loaded;
    put(ruleSet, config);
    this.#hash = ruleSet.hash;
    const fields = { rules: ruleSet.rules.length, rule_set: ruleSet.hash };
    say(log, 'rules_reloaded', fields, 'rules reloaded');
  }
}
