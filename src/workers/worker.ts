// One of several workers: a stage of its own, whose alerts the primary decides on and delivers. It ends when the primary
// says so, or is gone.
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import type { Config } from '../config/config.js';
import type { Logger } from '../observe/log.js';
import { Metrics } from '../observe/metrics.js';
import { packageVersion } from '../observe/packageRoot.js';
import type { RuleSet } from '../rules/rule.js';
import { AlertFeed } from '../stage/alertFeed.js';
import { Notices } from '../stage/notices.js';
import { openOutput } from '../stage/outputs.js';
import { RuleLedger } from '../stage/ruleLedger.js';
import { Stage } from '../stage/stage.js';
import { StartError, startError } from '../stage/start.js';
import { Channel, type Pipe } from './channel.js';
import { RemoteAlerting } from './remoteAlerting.js';
import type { WorkerReport } from './report.js';
import type { PrimaryTalk, WorkerTalk } from './talk.js';

export interface WorkerIo {
  readonly stdout: Writable;
  readonly cwd: string;
  /** Its number, from 1. */
  readonly n: number;
  readonly log: Logger;
  /** What loads the rules again into the stage, or leaves them as they are. */
  readonly reloadInto: (stage: Stage) => () => Promise<void>;
}

const noDelivery = { spooled: 0, spooledBytes: 0, names: [], troubled: [] };

/** Starts to take events; the primary is told where, or why not. @throws StartError, when the primary has been told. */
export async function startWorker(config: Config, ruleSet: RuleSet, io: WorkerIo): Promise<void> {
  const { log } = io;
  const own = shareOf(config, io);
  const metrics = new Metrics(packageVersion);
  const channel: Channel<WorkerTalk, PrimaryTalk> = new Channel<WorkerTalk, PrimaryTalk>(pipeToPrimary(), {
    stop: async ({ timeoutMs }) => (await stage.stop(timeoutMs)).chunks,
    reload: async () => {
      await reload();
      return stage.ruleSet.hash;
    },
    report: async () => ({ ...reportOf(stage, metrics), metrics: await metrics.snapshot() }),
  });
  const output = await openOutput(own, { ...io, metrics });
  const stage = new Stage(own, ruleSet, {
    output,
    alerting: new RemoteAlerting(channel, own.alerts.tag, metrics),
    feed: new AlertFeed({ now: Date.now }),
    delivery: noDelivery,
    notices: new Notices(log, metrics, Date.now),
    ledger: new RuleLedger(),
    metrics,
    log,
    now: Date.now,
  });
  const reload = io.reloadInto(stage);
  try {
    channel.tell('listening', { addresses: await stage.start(), hash: stage.ruleSet.hash });
  } catch (error) {
    const known = error instanceof StartError ? error : startError(error);
    await channel.ask('notStarted', known.message);
    throw known;
  }
}

/** Its part of what is bounded for all workers together. */
function shareOf(config: Config, { cwd, n }: WorkerIo): Config {
  const share = (whole: number): number => Math.ceil(whole / config.workers);
  const buffer = config.outputBuffer;
  return {
    ...config,
    outputBuffer: buffer && {
      path: workerBuffer(buffer.path, cwd, n),
      totalLimitSize: share(buffer.totalLimitSize),
    },
    memoryLimit: share(config.memoryLimit),
    inputs: config.inputs.map((input) => ({ ...input, maxConnections: share(input.maxConnections) })),
  };
}

/** Each worker's own part of the disk buffer, as Fluentd's `worker N` folders. */
export function workerBuffer(path: string | null, cwd: string, n: number): string {
  return join(path ?? join(cwd, 'fluent-detect-buffer'), `worker${n}`);
}

function reportOf(stage: Stage, metrics: Metrics): Omit<WorkerReport, 'metrics'> {
  const { report } = stage;
  return {
    status: report.status(),
    readiness: report.readiness(),
    rules: report.rules().rules,
    fields: report.fields().fields,
    latency: metrics.takeLatency(),
  };
}

function pipeToPrimary(): Pipe {
  return {
    send: (message, done) => process.send!(message, undefined, undefined, done),
    on: (event: 'message' | 'disconnect', take: (message: unknown) => void) => process.on(event, take),
  };
}
