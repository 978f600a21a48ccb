// `fluent-detect run`: the stage, from config and flags to the ready line, until a signal ends it.
import type { ListenAddress } from '../config/config.js';
import type { Flags } from '../config/load.js';
import { createLog, type Logger } from '../observe/log.js';
import { say } from '../observe/logCodes.js';
import type { Metrics } from '../observe/metrics.js';
import type { Rest } from '../stage/stage.js';
import { type Running, StartError, startStage } from '../stage/start.js';
import type { AlertSummary } from '../stage/summary.js';
import { isWorker, startWorkers } from '../workers/primary.js';
import { type CommandIo, configFor, type ExitStatus } from './io.js';
import { RuleReload } from './ruleReload.js';
import { soundRulesOf, unsupportedSummary } from './ruleSets.js';
import { RuleWatch } from './ruleWatch.js';
import { statusLineFor, statusText } from './runStatus.js';
import { workerCommand } from './workerCommand.js';

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
  if (isWorker) return workerCommand(config, flags, io);
  const line = hooks.quiet ? null : statusLineFor(config, io);
  const log = createLog({
    ...config.log,
    level: hooks.quiet ? 'warn' : config.log.level,
    ...(line && config.log.path === null ? { stream: line } : {}),
  });
  const loadedAt = Date.now();
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

  let running: Running;
  try {
    // Who hooks in wants the stage in this process.
    const start = config.workers > 1 && !hooks.onReady ? startWorkers : startStage;
    running = await start(config, loaded.ruleSet, {
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
  const { rules, report, metrics, addresses } = running;
  const ready = {
    in: addresses.map(addressText),
    out: running.output,
    alerts: running.sinks,
    rules: loaded.ruleSet.rules.length,
    rule_set: loaded.ruleSet.hash,
    ...(running.admin === null ? {} : { admin: running.admin }),
    ...(config.workers > 1 ? { workers: config.workers } : {}),
    pid: process.pid,
  };
  const stderr = line?.stream ?? io.stderr;
  const reload = new RuleReload(loaded.ruleSet.hash, {
    log,
    config: () => configFor(flags, { ...io, stderr }, { output: true }),
    sayError: (text) => stderr.write(`${text}\n`),
    put: (ruleSet, now) => rules.reload(ruleSet, now.rules),
    onInvalid: (count) => metrics.rules('invalid', count),
    onRefused: (errors) => rules.notReloaded(errors),
  });
  const watch = new RuleWatch(config.rules.paths, () => reload.reload());
  const onHangup = (): void => void reload.reload();
  process.on('SIGHUP', onHangup);
  if (config.rules.watch > 0) watch.start(config.rules.watch, loadedAt);
  // Signals are heard before anybody knows that it is ready.
  const ended = endOf(hooks.until, log);
  if (!hooks.quiet) say(log, 'ready', ready, 'ready');
  hooks.onReady?.(addresses, metrics);
  line?.start(statusText(report, () => performance.now()));
  await ended;
  watch.stop();
  process.off('SIGHUP', onHangup);
  const left = await running.stop();
  line?.end();
  const isLost = nameRest(left, log);
  const { events_in, events_out } = report.status();
  if (!hooks.quiet) say(log, 'stopped', { events_in, events_out }, 'stopped');
  return isLost ? 1 : 0;
}

/** Chunks that are named one by one; the others are counted. */
const MAX_NAMED = 100;

/** Names what could not be delivered; true: some of it is lost, because nobody has it any more. */
function nameRest({ chunks, sinks }: Rest, log: Logger): boolean {
  for (const { peer, tag, events } of chunks.slice(0, MAX_NAMED))
    say(log, 'chunk_unconfirmed', { peer, tag, events }, 'not confirmed in time');
  const kept = chunks.filter((c) => c.wantsAck).length;
  if (kept > 0) {
    const message =
      'chunks were not confirmed in time: they were not acked, and their senders will send them again';
    say(log, 'chunks_unconfirmed', { chunks: kept }, message);
  }
  const lost = chunks.filter((c) => !c.wantsAck);
  if (lost.length > 0) {
    const events = lost.reduce((sum, c) => sum + c.events, 0);
    const message = 'events were not confirmed in time, and their senders did not ask for acks';
    say(log, 'events_lost', { chunks: lost.length, events }, message);
  }
  for (const { sink, unsafe, spooled } of sinks) {
    if (spooled > 0)
      say(log, 'alerts_spooled', { sink, alerts: spooled }, 'alerts wait in the spool for the next start');
    if (unsafe > 0)
      say(log, 'alerts_lost', { sink, alerts: unsafe }, 'alerts could neither be delivered nor spooled');
  }
  return lost.length > 0 || sinks.some((s) => s.unsafe > 0);
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

export function addressText(address: ListenAddress): string {
  if (address.kind === 'unix') return `forward+unix://${address.path}`;
  return `forward://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
