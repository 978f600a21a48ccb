// `fluent-detect run`: the stage, from config and flags to the ready line, until a signal ends it.
import { join } from 'node:path';
import type { AlerterState } from '../alerts/alerter.js';
import type { Config, ListenAddress, OutputConfig, SinkConfig } from '../config/config.js';
import type { Flags } from '../config/load.js';
import { ForwardOutput } from '../forward/client.js';
import { inflate } from '../forward/inflate.js';
import { ListenError } from '../forward/server.js';
import { AdminServer } from '../observe/admin.js';
import { createLog, type Logger, RateLimit } from '../observe/log.js';
import { Metrics } from '../observe/metrics.js';
import { formatRuleError } from '../rules/ruleError.js';
import { AlertDelivery } from '../sinks/delivery.js';
import { FileSink } from '../sinks/fileSink.js';
import { ForwardSink } from '../sinks/forwardSink.js';
import { HttpSink } from '../sinks/httpSink.js';
import { LineOutput } from '../sinks/lineOutput.js';
import type { OutChunk, Output } from '../sinks/output.js';
import type { AlertSink } from '../sinks/sink.js';
import { Spool, SpoolError } from '../sinks/spool.js';
import { StdoutSink } from '../sinks/stdoutSink.js';
import { Stage } from '../stage/stage.js';
import type { AlertSummary } from '../stage/summary.js';
import { type CommandIo, configFor, type ExitStatus } from './io.js';
import { rulesOf, unsupportedSummary } from './ruleSets.js';

export interface RunHooks {
  /** The stage takes events, at these addresses. */
  readonly onReady?: (addresses: readonly ListenAddress[], metrics: Metrics) => void;
  readonly onAlert?: (alert: AlertSummary) => void;
  /** Leaves the ready line and the log's information to somebody who says it himself. */
  readonly quiet?: boolean;
  /** Resolves to end the run, beside the signals. */
  readonly until?: Promise<void>;
}

/** What inflates where lines are written; events are bounded where they come in. */
const LINE_INFLATE_LIMIT = 2 ** 31 - 1;

export async function runCommand(flags: Flags, io: CommandIo, hooks: RunHooks = {}): Promise<ExitStatus> {
  const config = configFor(flags, io, { output: true });
  if (!config) return 2;
  const log = createLog({ ...config.log, level: hooks.quiet ? 'warn' : config.log.level });
  const loaded = rulesOf(config, (message) => log.error(message));
  if (!loaded) return 2;
  if (loaded.errors.length > 0) {
    for (const error of loaded.errors) io.stderr.write(`${formatRuleError(error)}\n`);
    log.error({ errors: loaded.errors.length }, 'rules do not load: mend them, or leave their files out');
    return 2;
  }
  for (const u of loaded.ruleSet.unsupported) {
    log.info({ rule_id: u.id, file: u.file, line: u.line }, `rule "${u.name}" is left out: ${u.reason}`);
  }
  if (loaded.ruleSet.unsupported.length > 0) log.warn(`rules left out: ${unsupportedSummary(loaded)}`);
  for (const w of loaded.warnings)
    log.debug({ code: w.code }, `${w.file}:${w.line}:${w.column}: ${w.message}`);
  if (loaded.ruleSet.rules.length === 0)
    log.warn('no rule is in force: events go on untagged (say --rules PATH)');

  const metrics = new Metrics();
  const limit = new RateLimit(10_000, Date.now);
  const output = outputOf(config.output, io, log, limit);
  const sinks = config.alerts.sinks.map((s) => sinkOf(s, io, log, limit));
  let spool: Spool | null;
  try {
    spool = await openSpool(config, io);
  } catch (error) {
    if (!(error instanceof SpoolError)) throw error;
    log.error(error.message);
    await output.close(0);
    return 2;
  }
  const delivery = await AlertDelivery.open(sinks, spool, {
    maxBytes: config.alertsSpool.maxBytes,
    maxAge: config.alertsSpool.maxAge,
    patience: 1000,
    retryWait: 500,
    retryMaxInterval: 10_000,
    now: Date.now,
    chance: Math.random,
    onOutcome: (sink, outcome, count) => metrics.alert(sink, outcome, count),
    onTrouble: (sink, what) => {
      limit.limit(`${sink} ${what}`, (heldBack) =>
        log.warn({ sink, held_back: heldBack }, `alert sink: ${what}`),
      );
    },
    onRecovered: (sink) => log.info({ sink }, 'the alert sink takes alerts again'),
  });
  const stage = new Stage(config, loaded.ruleSet, {
    output,
    delivery,
    metrics,
    log,
    now: Date.now,
    saveState: async (state) => spool?.save('alerter', state),
    ...(hooks.onAlert ? { onAlert: hooks.onAlert } : {}),
  });
  metrics.rules('invalid', 0);
  const saved = (await spool?.load('alerter')) as AlerterState | null | undefined;
  if (saved) stage.restore(saved);

  let addresses: ListenAddress[];
  let admin: AdminServer | null = null;
  let adminAddress: string | undefined;
  try {
    addresses = await stage.start();
    if (config.admin) {
      admin = adminOf(config.admin, stage, metrics);
      adminAddress = `http://${config.admin.host}:${await admin.listen()}`;
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!(error instanceof ListenError) && code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
    log.error(message);
    await stage.stop(0);
    return 2;
  }
  const ready = {
    in: addresses.map(addressText),
    out: output.name,
    alerts: sinks.map((s) => s.name),
    rules: loaded.ruleSet.rules.length,
    rule_set: loaded.ruleSet.hash,
    ...(adminAddress === undefined ? {} : { admin: adminAddress }),
    pid: process.pid,
  };
  if (!hooks.quiet) log.info(ready, 'ready');
  hooks.onReady?.(addresses, metrics);
  const reload = (): void => reloadRules(flags, io, stage, metrics, log);
  process.on('SIGHUP', reload);
  await endOf(hooks.until, log);
  process.off('SIGHUP', reload);
  admin?.close();
  const left = await stage.stop(config.shutdownTimeout);
  if (left.chunks > 0) {
    log.warn(
      { chunks: left.chunks },
      'chunks were not confirmed in time: they were not acked, and their senders will send them again',
    );
  }
  if (left.alerts > 0) log.error({ alerts: left.alerts }, 'alerts could neither be delivered nor spooled');
  if (!hooks.quiet) log.info({ events_in: metrics.eventsIn, events_out: metrics.eventsOut }, 'stopped');
  return left.alerts > 0 ? 1 : 0;
}

/** Resolves at the first SIGTERM or SIGINT; the second one ends the process at once. */
function endOf(until: Promise<void> | undefined, log: Logger): Promise<void> {
  return new Promise((resolve) => {
    let ending = false;
    const end = (signal: NodeJS.Signals): void => {
      if (ending) process.exit(1);
      ending = true;
      log.info({ signal }, 'stopping: what was accepted is finished first');
      resolve();
    };
    process.on('SIGTERM', end);
    process.on('SIGINT', end);
    void until?.then(resolve);
  });
}

function reloadRules(flags: Flags, io: CommandIo, stage: Stage, metrics: Metrics, log: Logger): void {
  const config = configFor(flags, io, { output: true });
  const loaded = config && rulesOf(config, (message) => log.error(message));
  if (!loaded || loaded.errors.length > 0) {
    for (const error of loaded?.errors ?? []) io.stderr.write(`${formatRuleError(error)}\n`);
    metrics.rules('invalid', loaded?.errors.length ?? 0);
    log.error({ rule_set: stage.ruleSet.hash }, 'the new rules do not load: the old ones stay in force');
    return;
  }
  stage.reload(loaded.ruleSet);
  metrics.rules('invalid', 0);
  log.info({ rules: loaded.ruleSet.rules.length, rule_set: loaded.ruleSet.hash }, 'rules reloaded');
}

function outputOf(config: OutputConfig, io: CommandIo, log: Logger, limit: RateLimit): Output {
  const unzip = (bytes: Buffer, compressed: 'gzip' | 'zstd'): Buffer | null =>
    inflate(bytes, compressed, LINE_INFLATE_LIMIT);
  switch (config.kind) {
    case 'forward':
      return new ForwardOutput(config.servers, config.client, { onLink: linkLog('output', log, limit) });
    case 'file':
      return LineOutput.toFile(config, unzip);
    case 'stdout':
      return LineOutput.toStdout(config.format, io.stdout, unzip);
    case 'discard':
      return discard;
  }
}

const discard: Output = {
  name: 'discard:',
  ready: true,
  write: (_chunk: OutChunk) => Promise.resolve(),
  close: () => Promise.resolve(0),
};

function sinkOf(config: SinkConfig, io: CommandIo, log: Logger, limit: RateLimit): AlertSink {
  switch (config.kind) {
    case 'forward':
      return new ForwardSink(
        new ForwardOutput(config.servers, config.client, { onLink: linkLog('alert sink', log, limit) }),
      );
    case 'file':
      return new FileSink(config);
    case 'http':
      return new HttpSink(config);
    case 'stdout':
      return new StdoutSink(config.format, io.stdout);
  }
}

function linkLog(
  what: string,
  log: Logger,
  limit: RateLimit,
): (server: string, up: boolean, why: string) => void {
  return (server, up, why) => {
    limit.limit(`${server} ${up} ${why}`, (heldBack) => {
      if (up) log.info({ server }, `${what}: connected`);
      else log.warn({ server, held_back: heldBack }, `${what}: ${why}; trying again`);
    });
  };
}

/** The spool where the config says, or in the working directory; another stage may be using that one already. */
async function openSpool(config: Config, io: CommandIo): Promise<Spool | null> {
  if (config.alerts.sinks.length === 0) return null;
  if (config.alertsSpool.path !== null) return Spool.open(config.alertsSpool.path);
  for (let n = 1; ; n += 1) {
    try {
      return await Spool.open(join(io.cwd, n === 1 ? 'fluent-detect-spool' : `fluent-detect-spool-${n}`));
    } catch (error) {
      if (!(error instanceof SpoolError) || !error.locked || n === 16) throw error;
    }
  }
}

function adminOf(config: NonNullable<Config['admin']>, stage: Stage, metrics: Metrics): AdminServer {
  return new AdminServer(config, {
    metrics: () => metrics.text(),
    readiness: () => stage.readiness(),
    status: () => stage.status(),
    rules: () => stage.rulesInForce(),
    alerts: (since, limit) => stage.recentAlerts(since, limit),
  });
}

function addressText(address: ListenAddress): string {
  if (address.kind === 'unix') return `forward+unix://${address.path}`;
  return `forward://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
