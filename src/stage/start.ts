// A whole stage from a config: outputs, sinks, spool, metrics and admin server, made and put together. The one place
// that knows all of them; the program and the library both start a stage here.
import type { Writable } from 'node:stream';
import type { Config, ListenAddress } from '../config/config.js';
import { ListenError } from '../forward/server.js';
import type { Logger } from '../observe/log.js';
import { say } from '../observe/logCodes.js';
import { Metrics } from '../observe/metrics.js';
import { packageVersion } from '../observe/packageRoot.js';
import type { RuleSet } from '../rules/rule.js';
import { SpoolError } from '../sinks/store.js';
import { type StageAdmin, startAdmin } from './admin.js';
import { openAlertSide } from './alertSide.js';
import { Notices } from './notices.js';
import { openOutput } from './outputs.js';
import { RuleLedger } from './ruleLedger.js';
import { type Rest, Stage } from './stage.js';
import type { StageReport } from './stageStatus.js';
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

/** Rules that can be replaced while events go by. */
type RulesInForce = Pick<Stage, 'ruleSet' | 'reload' | 'notReloaded'>;

/** What runs, in this process or in workers. */
export interface Running {
  readonly rules: RulesInForce;
  /** This process's. */
  readonly metrics: Metrics;
  readonly report: StageReport;
  /** Where it listens; port 0 has become the one it got. */
  readonly addresses: readonly ListenAddress[];
  /** `http://HOST:PORT` of the admin server; null: it is off. */
  readonly admin: string | null;
  readonly output: string;
  readonly sinks: readonly string[];
  /** Stops accepting, finishes what was accepted, closes. Returns what could not be finished in `shutdown_timeout`. */
  stop(): Promise<Rest>;
}

export interface RunningStage extends Running {
  readonly stage: Stage;
}

/** @throws StartError; nothing is left open then. */
export async function startStage(config: Config, ruleSet: RuleSet, io: StartIo): Promise<RunningStage> {
  // What has been opened, to be closed again when a later part fails.
  const opened: (() => Promise<unknown>)[] = [];
  try {
    return await startParts(config, ruleSet, io, opened);
  } catch (error) {
    for (const close of opened.reverse()) await close();
    throw startError(error);
  }
}

/** @throws the error itself when it is the program's fault. */
export function startError(error: unknown): StartError {
  const { code, message } = error as NodeJS.ErrnoException;
  // A port taken, a file of a key that is not there, a key that does not fit: the config's, not the program's fault.
  const isKnown = error instanceof ListenError || error instanceof SpoolError || typeof code === 'string';
  if (!isKnown) throw error;
  return new StartError(message, { cause: error });
}

async function startParts(
  config: Config,
  ruleSet: RuleSet,
  io: StartIo,
  opened: (() => Promise<unknown>)[],
): Promise<RunningStage> {
  const { log } = io;
  const metrics = new Metrics(packageVersion);
  const notices = new Notices(log, metrics, Date.now);
  const ledger = new RuleLedger();
  const output = await openOutput(config, { ...io, metrics });
  opened.push(() => output.close(0));
  const alerts = await openAlertSide(config, ruleSet.rules, { ...io, metrics, notices, ledger });
  opened.push(() => alerts.delivery.close(0));
  opened.push(async () => alerts.claims?.close());
  const parts = { output, metrics, log, now: Date.now, notices, ledger, ...alerts };
  const stage = new Stage(config, ruleSet, parts);
  const addresses = await stage.start();
  opened.splice(0, opened.length, () => stage.stop(0));
  const admin: StageAdmin | null = config.admin
    ? await startAdmin(config.admin, {
        report: stage.report,
        alerts: stage.alerts,
        metrics: () => metrics.text(),
        takeLatency: () => metrics.takeLatency(),
      })
    : null;
  return {
    stage,
    rules: stage,
    metrics,
    report: stage.report,
    addresses,
    admin: admin?.url ?? null,
    output: output.name,
    sinks: alerts.delivery.names,
    stop: async () => {
      admin?.close();
      const rest = await stage.stop(config.shutdownTimeout);
      const bytes = metrics.bufferBytes();
      if (bytes > 0) say(log, 'buffer_kept', { bytes }, 'chunks wait in the disk buffer for the next start');
      return rest;
    },
  };
}
