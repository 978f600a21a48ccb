// Rules loaded again while the stage runs, at SIGHUP or when their files change: whole set or none, in short steps so
// that no event waits for it, one loading at a time.
import type { Flags } from '../config/load.js';
import type { Logger } from '../observe/log.js';
import { say } from '../observe/logCodes.js';
import type { Metrics } from '../observe/metrics.js';
import { formatRuleError } from '../rules/ruleError.js';
import type { Stage } from '../stage/stage.js';
import { type CommandIo, configFor } from './io.js';
import { rulesGently } from './ruleSets.js';

export class RuleReload {
  readonly #flags: Flags;
  readonly #io: CommandIo;
  readonly #stage: Stage;
  readonly #metrics: Metrics;
  readonly #log: Logger;
  #running: Promise<void> | null = null;
  /** Asked for again while one was running: what that one read may be old. */
  #again = false;

  constructor(flags: Flags, io: CommandIo, stage: Stage, metrics: Metrics, log: Logger) {
    this.#flags = flags;
    this.#io = io;
    this.#stage = stage;
    this.#metrics = metrics;
    this.#log = log;
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
    const stage = this.#stage;
    const config = configFor(this.#flags, this.#io, { output: true });
    const loaded =
      config && (await rulesGently(config, (message) => say(this.#log, 'rules_not_loaded', {}, message)));
    if (!loaded || loaded.errors.length > 0) {
      for (const error of loaded?.errors ?? []) this.#io.stderr.write(`${formatRuleError(error)}\n`);
      this.#metrics.rules('invalid', loaded?.invalid ?? 0);
      const errors = loaded?.errors.map((e) => formatRuleError(e).split('\n')[0]!);
      stage.notReloaded(errors ?? ['the config or a rule path cannot be read']);
      const fields = { rule_set: stage.ruleSet.hash };
      const message = 'the new rules do not load: the old ones stay in force';
      say(this.#log, 'rules_not_loaded', fields, message);
      return;
    }
    stage.reload(loaded.ruleSet, config.rules);
    this.#metrics.rules('invalid', 0);
    const fields = { rules: loaded.ruleSet.rules.length, rule_set: loaded.ruleSet.hash };
    say(this.#log, 'rules_reloaded', fields, 'rules reloaded');
  }
}
