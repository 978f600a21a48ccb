// `fluent-detect run`: the stage, from config and flags to the ready line, until a signal ends it.
import type { ListenAddress } from '../config/config.js';
import type { Flags } from '../config/load.js';
import { createLog, type Logger } from '../observe/log.js';
import { say } from '../observe/logCodes.js';
import type { Metrics } from '../observe/metrics.js';
import { formatRuleError } from '../rules/ruleError.js';
import type { Stage } from '../stage/stage.js';
import { type RunningStage, StartError, startStage } from '../stage/start.js';
import type { AlertSummary } from '../stage/summary.js';
import { type CommandIo, configFor, type ExitStatus } from './io.js';
import { rulesOf, soundRulesOf, unsupportedSummary } from './ruleSets.js';

export interface RunHooks {
  /** The stage takes events, at these addresses. */
  readonly onReady?: (addresses: readonly ListenAddress[], metrics: Metrics) => void;
  readonly onAlert?: (alert: AlertSummary) => void;
  /** Leaves the ready line and the log's information to somebody who says it himself. */
  readonly quiet?: boolean;
  /** Resolves to end the run, beside the signals. */
  readonly until?: Promise<void>;
}

export async function runCommand(flags: Flags, io: CommandIo, hooks: RunHooks = {}): Promise<ExitStatus> {
  const config = configFor(flags, io, { output: true });
  if (!config) return 2;
  const log = createLog({ ...config.log, level: hooks.quiet ? 'warn' : config.log.level });
  const loaded = soundRulesOf(config, io, (message) => say(log, 'rules_not_loaded', {}, message));
  if (!loaded) return 2;
  for (const u of loaded.ruleSet.unsupported) {
    const place = { rule_id: u.id, file: u.file, line: u.line };
    say(log, 'rule_unsupported', place, `rule "${u.name}" is left out: ${u.reason}`);
  }
  if (loaded.ruleSet.unsupported.length > 0)
    say(log, 'rules_left_out', {}, `rules left out: ${unsupportedSummary(loaded)}`);
  for (const w of loaded.warnings)
    say(log, 'rule_warning', { warning: w.code }, `${w.file}:${w.line}:${w.column}: ${w.message}`);
  if (loaded.ruleSet.rules.length === 0)
    say(log, 'no_rules', {}, 'no rule is in force: events go on untagged');

  let running: RunningStage;
  try {
    running = await startStage(config, loaded.ruleSet, {
      stdout: io.stdout,
      cwd: io.cwd,
      log,
      ...(hooks.onAlert ? { onAlert: hooks.onAlert } : {}),
    });
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    say(log, 'start_failed', {}, error.message);
    return 2;
  }
  const { stage, metrics, addresses } = running;
  const ready = {
    in: addresses.map(addressText),
    out: running.output,
    alerts: running.sinks,
    rules: loaded.ruleSet.rules.length,
    rule_set: loaded.ruleSet.hash,
    ...(running.admin === null ? {} : { admin: running.admin }),
    pid: process.pid,
  };
  if (!hooks.quiet) say(log, 'ready', ready, 'ready');
  hooks.onReady?.(addresses, metrics);
  const reload = (): void => reloadRules(flags, io, stage, metrics, log);
  process.on('SIGHUP', reload);
  await endOf(hooks.until, log);
  process.off('SIGHUP', reload);
  const left = await running.stop();
  if (left.chunks > 0) {
    say(
      log,
      'chunks_unconfirmed',
      { chunks: left.chunks },
      'chunks were not confirmed in time: they were not acked, and their senders will send them again',
    );
  }
  if (left.alerts > 0)
    say(log, 'alerts_lost', { alerts: left.alerts }, 'alerts could neither be delivered nor spooled');
  if (!hooks.quiet)
    say(log, 'stopped', { events_in: metrics.eventsIn, events_out: metrics.eventsOut }, 'stopped');
  return left.alerts > 0 ? 1 : 0;
}

/** Resolves at the first SIGTERM or SIGINT; the second one ends the process at once. */
function endOf(until: Promise<void> | undefined, log: Logger): Promise<void> {
  return new Promise((resolve) => {
    let ending = false;
    const end = (signal: NodeJS.Signals): void => {
      if (ending) process.exit(1);
      ending = true;
      say(log, 'stopping', { signal }, 'stopping: what was accepted is finished first');
      resolve();
    };
    process.on('SIGTERM', end);
    process.on('SIGINT', end);
    void until?.then(resolve);
  });
}

function reloadRules(flags: Flags, io: CommandIo, stage: Stage, metrics: Metrics, log: Logger): void {
  const config = configFor(flags, io, { output: true });
  const loaded = config && rulesOf(config, (message) => say(log, 'rules_not_loaded', {}, message));
  if (!loaded || loaded.errors.length > 0) {
    for (const error of loaded?.errors ?? []) io.stderr.write(`${formatRuleError(error)}\n`);
    metrics.rules('invalid', loaded?.errors.length ?? 0);
    const fields = { rule_set: stage.ruleSet.hash };
    say(log, 'rules_not_loaded', fields, 'the new rules do not load: the old ones stay in force');
    return;
  }
  stage.reload(loaded.ruleSet);
  metrics.rules('invalid', 0);
  const fields = { rules: loaded.ruleSet.rules.length, rule_set: loaded.ruleSet.hash };
  say(log, 'rules_reloaded', fields, 'rules reloaded');
}

function addressText(address: ListenAddress): string {
  if (address.kind === 'unix') return `forward+unix://${address.path}`;
  return `forward://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
