// A whole stage from a config: outputs, sinks, spool, metrics and admin server, made and put together. The one place
// that knows all of them; the program and the library both start a stage here.
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import type { Config, ListenAddress, OutputConfig, SinkConfig } from '../config/config.js';
import { forwardDefaults } from '../config/defaults.js';
import { ForwardOutput } from '../forward/client.js';
import { inflate } from '../forward/inflate.js';
import { ListenError } from '../forward/server.js';
import { type Logger, RateLimit } from '../observe/log.js';
import { say } from '../observe/logCodes.js';
import { Metrics } from '../observe/metrics.js';
import { packageVersion } from '../observe/packageRoot.js';
import type { RuleSet } from '../rules/rule.js';
import { AlertDelivery } from '../sinks/delivery.js';
import { FileSink } from '../sinks/fileSink.js';
import { ForwardSink } from '../sinks/forwardSink.js';
import { HttpSink } from '../sinks/httpSink.js';
import { LineOutput } from '../sinks/lineOutput.js';
import type { OutChunk, Output } from '../sinks/output.js';
import type { AlertSink } from '../sinks/sink.js';
import { Spool } from '../sinks/spool.js';
import { StdoutSink } from '../sinks/stdoutSink.js';
import { SpoolError } from '../sinks/store.js';
import { type StageAdmin, startAdmin } from './admin.js';
import { type Rest, Stage } from './stage.js';
import type { SavedState } from './stateKeeper.js';
import type { AlertSummary } from './summary.js';

/** What a stage may touch of the world beside its sockets and files. */
export interface StartIo {
  /** For `stdout:`. */
  readonly stdout: Writable;
  /** Where the spool lies when the config names no place. */
  readonly cwd: string;
  readonly log: Logger;
  readonly onAlert?: (alert: AlertSummary) => void;
}

/** Why a stage could not start: a port taken, a spool in use. */
export class StartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartError';
  }
}

export interface RunningStage {
  readonly stage: Stage;
  readonly metrics: Metrics;
  /** Where it listens; port 0 has become the one it got. */
  readonly addresses: readonly ListenAddress[];
  /** `http://HOST:PORT` of the admin server; null: it is off. */
  readonly admin: string | null;
  readonly output: string;
  readonly sinks: readonly string[];
  /** Stops accepting, finishes what was accepted, closes. Returns what could not be finished in `shutdown_timeout`. */
  stop(): Promise<Rest>;
}

/** @throws StartError; nothing is left open then. */
export async function startStage(config: Config, ruleSet: RuleSet, io: StartIo): Promise<RunningStage> {
  // What has been opened, to be closed again when a later part fails.
  const opened: (() => Promise<unknown>)[] = [];
  try {
    return await startParts(config, ruleSet, io, opened);
  } catch (error) {
    for (const close of opened.reverse()) await close();
    const { code, message } = error as NodeJS.ErrnoException;
    // A port taken, a file of a key that is not there, a key that does not fit: the config's, not the program's fault.
    const isKnown = error instanceof ListenError || error instanceof SpoolError || typeof code === 'string';
    if (!isKnown) throw error;
    throw new StartError(message, { cause: error });
  }
}

async function startParts(
  config: Config,
  ruleSet: RuleSet,
  io: StartIo,
  opened: (() => Promise<unknown>)[],
): Promise<RunningStage> {
  const { log } = io;
  const metrics = new Metrics(packageVersion);
  const limit = new RateLimit(10_000, () => performance.now());
  const output = outputOf(config.output, io, log, limit);
  opened.push(() => output.close(0));
  const sinks = config.alerts.sinks.map((s) => sinkOf(s, io, log, limit));
  const spool = await openSpool(config, io);
  if (spool) opened.push(() => spool.close());
  for (const { name } of sinks)
    for (const outcome of ['delivered', 'spooled', 'failed'] as const) metrics.alert(name, outcome, 0);
  const delivery = await deliveryOf(config, sinks, spool, metrics, log, limit);
  opened.push(() => delivery.close(0));
  const stage = new Stage(config, ruleSet, {
    output,
    delivery,
    metrics,
    log,
    now: Date.now,
    saveState: async ({ alerter, stateful }) => {
      if (alerter) await spool?.save('alerter', alerter);
      if (stateful) await spool?.save('stateful', stateful);
    },
    ...(io.onAlert ? { onAlert: io.onAlert } : {}),
  });
  if (spool) {
    await sayWhatSpoolHolds(spool, log);
    await restoreState(stage, spool, log);
  }
  const addresses = await stage.start();
  opened.splice(0, opened.length, () => stage.stop(0));
  const admin: StageAdmin | null = config.admin ? await startAdmin(config.admin, stage, metrics) : null;
  return {
    stage,
    metrics,
    addresses,
    admin: admin?.url ?? null,
    output: output.name,
    sinks: sinks.map((s) => s.name),
    stop: () => {
      admin?.close();
      return stage.stop(config.shutdownTimeout);
    },
  };
}

function deliveryOf(
  config: Config,
  sinks: readonly AlertSink[],
  spool: Spool | null,
  metrics: Metrics,
  log: Logger,
  limit: RateLimit,
): Promise<AlertDelivery> {
  return AlertDelivery.open(sinks, spool, {
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
        say(log, 'sink_failing', { sink, held_back: heldBack }, `alert sink: ${what}`),
      );
    },
    onSetAside: (sink, what) => say(log, 'alert_set_aside', { sink }, what),
    onRecovered: (sink) => say(log, 'sink_recovered', { sink }, 'the alert sink takes alerts again'),
  });
}

/** What inflates where lines are written; events are bounded where they come in. */
const LINE_INFLATE_LIMIT = 2 ** 31 - 1;

function outputOf(config: OutputConfig, io: StartIo, log: Logger, limit: RateLimit): Output {
  const lines = {
    inflate: (bytes: Buffer, compressed: 'gzip' | 'zstd') => inflate(bytes, compressed, LINE_INFLATE_LIMIT),
    retryWait: forwardDefaults.retryWait,
    retryMaxInterval: forwardDefaults.retryMaxInterval,
    onState: (up: boolean, why: string) =>
      linkLog('output', log, limit)(config.kind === 'file' ? `file:${config.path}` : 'stdout:', up, why),
  };
  switch (config.kind) {
    case 'forward':
      return new ForwardOutput(config.servers, config.client, { onLink: linkLog('output', log, limit) });
    case 'file':
      return LineOutput.toFile(config, lines);
    case 'stdout':
      return LineOutput.toStdout(config.format, io.stdout, lines);
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

function sinkOf(config: SinkConfig, io: StartIo, log: Logger, limit: RateLimit): AlertSink {
  switch (config.kind) {
    case 'forward':
      return new ForwardSink(
        new ForwardOutput(config.servers, config.client, { onLink: linkLog('sink', log, limit) }),
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
  what: 'output' | 'sink',
  log: Logger,
  limit: RateLimit,
): (server: string, up: boolean, why: string) => void {
  return (server, up, why) => {
    limit.limit(`${server} ${up} ${why}`, (heldBack) => {
      const name = what === 'sink' ? 'alert sink' : what;
      if (up) say(log, `${what}_connected`, { server }, `${name}: connected`);
      else say(log, `${what}_away`, { server, held_back: heldBack }, `${name}: ${why}; trying again`);
    });
  };
}

/** The spool where the config says, or in the working directory; another stage may be using that one already. */
async function openSpool(config: Config, io: StartIo): Promise<Spool | null> {
  if (config.alerts.sinks.length === 0) return null;
  if (config.alertsSpool.path !== null) return Spool.open(config.alertsSpool.path, Date.now());
  for (let n = 1; ; n += 1) {
    try {
      const name = n === 1 ? 'fluent-detect-spool' : `fluent-detect-spool-${n}`;
      return await Spool.open(join(io.cwd, name), Date.now());
    } catch (error) {
      if (!(error instanceof SpoolError) || !error.locked || n === 16) throw error;
    }
  }
}

async function sayWhatSpoolHolds(spool: Spool, log: Logger): Promise<void> {
  const { path, damage } = spool;
  if (damage) {
    const copy = damage.copy ?? 'nowhere: there was no room for a copy';
    say(
      log,
      'spool_damaged',
      { path, cause: damage.why, copy },
      'the spool was damaged: it was repaired, and goes on with what could be read',
    );
  }
  for (const { sink, alerts } of await spool.unclaimed()) {
    say(
      log,
      'spool_unclaimed',
      { path, sink, alerts },
      'alerts wait in the spool for a sink that is not configured',
    );
  }
}

/** Takes up what an earlier run knew. What cannot be read is said, and the run begins without it. */
async function restoreState(stage: Stage, spool: Spool, log: Logger): Promise<void> {
  for (const part of ['alerter', 'stateful'] as const) {
    try {
      const saved = await spool.load(part);
      if (saved) stage.restore({ [part]: saved } as SavedState);
    } catch (error) {
      const cause = (error as Error).message;
      say(
        log,
        'state_not_read',
        { part, cause },
        'what an earlier run knew cannot be read: some alerts may repeat',
      );
    }
  }
}
