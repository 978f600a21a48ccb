// The alert side of a stage: sinks, spool, delivery and what decides about alerts, opened and put together. One of it
// serves all connections, and all workers.
import { randomUUID } from 'node:crypto';
import type { Writable } from 'node:stream';
import type { Config, SinkConfig } from '../config/config.js';
import { ForwardOutput } from '../forward/client.js';
import { type Logger, RateLimit } from '../observe/log.js';
import { say } from '../observe/logCodes.js';
import type { Metrics } from '../observe/metrics.js';
import type { Rule } from '../rules/rule.js';
import { nameOf, RedisClaims } from '../shared/redisClaims.js';
import { AlertDelivery, queueNames } from '../sinks/delivery.js';
import { FileSink } from '../sinks/fileSink.js';
import { ForwardSink } from '../sinks/forwardSink.js';
import { HttpSink } from '../sinks/httpSink.js';
import type { AlertSink } from '../sinks/sink.js';
import { Spool } from '../sinks/spool.js';
import { StdoutSink } from '../sinks/stdoutSink.js';
import { AlertFeed } from './alertFeed.js';
import { LocalAlerting } from './alerting.js';
import { linkLog } from './linkLog.js';
import type { Notices } from './notices.js';
import type { RuleLedger } from './ruleLedger.js';
import type { SavedState } from './stateKeeper.js';
import type { AlertSummary } from './summary.js';
import { openUsualSpool, sayDamage, takeOverLeftSpools } from './usualSpools.js';

/** What is told about the sinks and the spool. */
export type DeliveryStatus = Pick<AlertDelivery, 'spooled' | 'spooledBytes' | 'names' | 'troubled'>;

export interface AlertSide {
  readonly alerting: LocalAlerting;
  /** The last alerts, for people. */
  readonly feed: AlertFeed;
  readonly delivery: AlertDelivery;
  /** What stages share; null: this one decides alone. */
  readonly claims: RedisClaims | null;
}

export interface AlertSideIo {
  /** For `stdout:`. */
  readonly stdout: Writable;
  /** Where the spool lies when the config names no place. */
  readonly cwd: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly notices: Notices;
  readonly ledger: RuleLedger;
  readonly onAlert?: (alert: AlertSummary) => void;
}

/**
 * Opens it, and takes up what an earlier run knew of `rules`.
 * @throws SpoolError; the system's error for a file of a key that is not there.
 */
export async function openAlertSide(
  config: Config,
  rules: readonly Rule[],
  io: AlertSideIo,
): Promise<AlertSide> {
  const { log, metrics, notices, ledger } = io;
  const limit = new RateLimit(10_000, () => performance.now());
  const sinks = config.alerts.sinks.map((s) => sinkOf(s, io.stdout, log, limit));
  const spool = await openSpool(config, io.cwd);
  if (spool && config.alertsSpool.path === null)
    await takeOverLeftSpools(spool, io.cwd, queueNames(sinks), config.alertsSpool.maxBytes, log);
  for (const { name } of sinks)
    for (const outcome of ['delivered', 'spooled', 'failed'] as const) metrics.alert(name, outcome, 0);
  const delivery = await deliveryOf(config, sinks, spool, metrics, log, limit).catch(async (error) => {
    await spool?.close();
    throw error;
  });
  const claims = await openClaims(config, metrics, log, limit);
  const feed = new AlertFeed({ now: Date.now, onAlert: io.onAlert });
  const alerting = new LocalAlerting(config, {
    delivery,
    metrics,
    log,
    now: Date.now,
    saveState: async ({ alerter, stateful }) => {
      if (alerter) await spool?.save('alerter', alerter);
      if (stateful) await spool?.save('stateful', stateful);
    },
    onUnsaved: (cause) => notices.unsaved(cause),
    claims,
    onAlerts: (alerts) => {
      for (const { ruleId } of alerts) ledger.alerted(ruleId);
      feed.add(alerts);
    },
  });
  if (spool) {
    await sayWhatSpoolHolds(spool, log);
    await restoreState(alerting, rules, spool, log);
  }
  return { alerting, feed, delivery, claims };
}

/** Redis, where the config names one. Whether it is there or not, the stage starts. */
async function openClaims(
  config: Config,
  metrics: Metrics,
  log: Logger,
  limit: RateLimit,
): Promise<RedisClaims | null> {
  const { state } = config.alerts;
  if (state === null) return null;
  const name = nameOf(state.url);
  return RedisClaims.open(state, randomUUID(), {
    onLink: (up, why) => {
      metrics.sharedStateUp(up);
      limit.limit(`redis ${up}`, (heldBack) => {
        if (up) say(log, 'shared_state_up', { state: name }, 'look-back and caps are shared');
        else {
          const fields = { state: name, held_back: heldBack };
          say(log, 'shared_state_away', fields, `the shared state is away: ${why}; this stage decides alone`);
        }
      });
    },
  });
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

function sinkOf(config: SinkConfig, stdout: Writable, log: Logger, limit: RateLimit): AlertSink {
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
      return new StdoutSink(config.format, stdout);
  }
}

/** The spool where the config says, or in the working directory; another stage may be using that one already. */
async function openSpool(config: Config, cwd: string): Promise<Spool | null> {
  if (config.alerts.sinks.length === 0) return null;
  const { path } = config.alertsSpool;
  return path === null ? openUsualSpool(cwd) : Spool.open(path, Date.now());
}

async function sayWhatSpoolHolds(spool: Spool, log: Logger): Promise<void> {
  sayDamage(spool, log);
  for (const { sink, alerts } of await spool.unclaimed()) {
    say(
      log,
      'spool_unclaimed',
      { path: spool.path, sink, alerts },
      'alerts wait in the spool for a sink that is not configured',
    );
  }
}

/** Takes up what an earlier run knew. What cannot be read is said, and the run begins without it. */
async function restoreState(
  alerting: LocalAlerting,
  rules: readonly Rule[],
  spool: Spool,
  log: Logger,
): Promise<void> {
  for (const part of ['alerter', 'stateful'] as const) {
    try {
      const saved = await spool.load(part);
      if (saved) alerting.restore({ [part]: saved } as SavedState, rules);
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
