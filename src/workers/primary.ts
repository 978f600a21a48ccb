// The primary of several workers: it opens the alert side, forks the workers, starts a new one for each that dies, and
// answers for all of them. Connections are handed to the workers in turn (node:cluster), as in Fluentd's
// `<system> workers N`; what must be one (alerts, look-back, caps, spool) is here. See docs/adr/0006-workers.md.
import cluster, { type Worker } from 'node:cluster';
import { dirname } from 'node:path';
import type { Config, ListenAddress } from '../config/config.js';
import { freeSocketPath } from '../forward/server.js';
import { type Logger, RateLimit } from '../observe/log.js';
import { say } from '../observe/logCodes.js';
import { Metrics, type MetricsText } from '../observe/metrics.js';
import { packageVersion } from '../observe/packageRoot.js';
import type { RuleSet } from '../rules/rule.js';
import { SegmentLog } from '../sinks/segmentLog.js';
import { startAdmin } from '../stage/admin.js';
import { AlertReport } from '../stage/alertReport.js';
import { openAlertSide } from '../stage/alertSide.js';
import { Notices } from '../stage/notices.js';
import { RuleLedger } from '../stage/ruleLedger.js';
import type { Rest } from '../stage/stage.js';
import { type Running, StartError, type StartIo, startError } from '../stage/start.js';
import { AlertOffice } from './alertOffice.js';
import { Channel } from './channel.js';
import { PrimaryReport } from './primaryReport.js';
import { departed, type WorkerReport } from './report.js';
import type { PrimaryTalk, WorkerTalk } from './talk.js';
import { workerBuffer } from './worker.js';

/** This process was forked by a primary. */
export const { isWorker } = cluster;

interface Colleague {
  readonly worker: Worker;
  readonly channel: Channel<PrimaryTalk, WorkerTalk>;
  /** It listens, and hears what is said to it. */
  listening: boolean;
  report: WorkerReport | null;
}

/** As the config's schema has it. */
const MAX_WORKERS = 64;
const REPORT_MS = 1000;
/** A worker that dies at once is started again after so long. */
const RESTART_MS = 1000;

/** @throws StartError; nothing is left running then. */
export async function startWorkers(config: Config, ruleSet: RuleSet, io: StartIo): Promise<Running> {
  const primary = new Primary(config, io);
  try {
    return await primary.start(ruleSet);
  } catch (error) {
    await primary.abandon();
    throw error instanceof StartError ? error : startError(error);
  }
}

class Primary {
  readonly #config: Config;
  readonly #io: StartIo;
  readonly #log: Logger;
  readonly #metrics = new Metrics(packageVersion);
  readonly #notices: Notices;
  readonly #ledger = new RuleLedger();
  readonly #limit = new RateLimit(10_000, () => performance.now());
  readonly #colleagues = new Map<number, Colleague>();
  readonly #onAbandon: (() => Promise<unknown>)[] = [];
  #office: AlertOffice | null = null;
  #departed: WorkerReport | null = null;
  #addresses: readonly ListenAddress[] = [];
  #stopping = false;

  constructor(config: Config, io: StartIo) {
    this.#config = config;
    this.#io = io;
    this.#log = io.log;
    this.#notices = new Notices(io.log, this.#metrics, Date.now);
  }

  async start(ruleSet: RuleSet): Promise<Running> {
    const config = this.#config;
    const ledger = this.#ledger;
    const side = await openAlertSide(config, ruleSet.rules, {
      ...this.#io,
      metrics: this.#metrics,
      notices: this.#notices,
      ledger,
    });
    this.#onAbandon.push(() => side.alerting.stop(0));
    await this.#sayLeftBuffers();
    side.alerting.start();
    this.#watch(side.delivery);
    const office = new AlertOffice(side.alerting, ruleSet);
    this.#office = office;
    for (const { listen } of config.inputs) if (listen.kind === 'unix') await freeSocketPath(listen.path);
    await this.#forkAll();
    const report = new PrimaryReport({
      config,
      delivery: side.delivery,
      feed: side.feed,
      ledger,
      ruleSet: () => office.ruleSet,
      reports: () => this.#reports(),
      departed: () => this.#departed,
      running: () => this.#listening().length,
    });
    await this.#askReports();
    const timer = setInterval(() => void this.#askReports(), REPORT_MS);
    timer.unref();
    const alerts = new AlertReport(side.feed, () => office.ruleSet, config.rules.fieldMapping);
    const admin = config.admin
      ? await startAdmin(config.admin, {
          report,
          alerts,
          metrics: () => this.#metricsText(),
          takeLatency: () => report.latency(),
        })
      : null;
    return {
      rules: {
        get ruleSet() {
          return office.ruleSet;
        },
        reload: (next) => this.#reload(office, next),
        notReloaded: (errors) => {
          ledger.loadErrors = errors.slice(0, 100);
        },
      },
      metrics: this.#metrics,
      report,
      addresses: this.#addresses,
      admin: admin?.url ?? null,
      output: report.status().output,
      sinks: side.delivery.names,
      stop: async () => {
        this.#stopping = true;
        admin?.close();
        clearInterval(timer);
        const until = performance.now() + config.shutdownTimeout;
        const chunks = await this.#stopWorkers(config.shutdownTimeout);
        const sinks = await side.alerting.stop(Math.max(0, until - performance.now()));
        return { chunks, sinks };
      },
    };
  }

  /** Ends what has been started, when a later part fails. */
  async abandon(): Promise<void> {
    this.#stopping = true;
    for (const { worker } of this.#colleagues.values()) worker.process.kill('SIGKILL');
    for (const close of this.#onAbandon.reverse()) await close();
  }

  async #forkAll(): Promise<void> {
    cluster.setupPrimary({ serialization: 'advanced' });
    // A port 0 becomes the same port in all of them.
    await Promise.all(Array.from({ length: this.#config.workers }, (_, n) => this.#fork(n + 1)));
  }

  /** Resolves when it listens. @throws StartError with what it said instead. */
  #fork(n: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = cluster.fork({ FLUENT_DETECT_WORKER: String(n) });
      const office = this.#office!;
      const channel = new Channel<PrimaryTalk, WorkerTalk>(worker, {
        offer: (offers) => office.offer(offers),
        heldBack: (held) => {
          office.holdBack(held);
          return undefined;
        },
        admit: (questions) => office.admit(questions),
        listening: ({ addresses, hash }) => {
          this.#addresses = addresses;
          colleague.listening = true;
          // Rules that were loaded again while it started.
          if (hash !== office.ruleSet.hash) this.#reloadIn(colleague, office.ruleSet);
          resolve();
          return undefined;
        },
        notStarted: (message) => {
          reject(new StartError(message));
          return undefined;
        },
      });
      const colleague: Colleague = { worker, channel, listening: false, report: null };
      this.#colleagues.set(n, colleague);
      worker.once('exit', (code, signal) => {
        this.#colleagues.delete(n);
        if (colleague.report) void this.#keep(colleague.report);
        reject(new StartError(`worker ${n} ended before it listened (${signal || `status ${code}`})`));
        if (!this.#stopping && this.#addresses.length > 0) this.#replace(n, code, signal);
      });
    });
  }

  async #keep(report: WorkerReport): Promise<void> {
    this.#departed = await departed(this.#departed, report);
  }

  /** Its connections are closed, and what was not acked will be sent again: to the others. */
  #replace(n: number, code: number, signal: string): void {
    const cause = signal || `status ${code}`;
    this.#limit.limit(`worker ${n}`, (heldBack) =>
      say(this.#log, 'worker_died', { worker: n, cause, held_back: heldBack }, 'a worker died'),
    );
    setTimeout(() => {
      if (this.#stopping) return;
      this.#fork(n).catch((error: Error) => {
        if (!this.#stopping) say(this.#log, 'worker_not_started', { worker: n }, error.message);
      });
    }, RESTART_MS);
  }

  /** Chunks that fewer workers than before leave on disk. */
  async #sayLeftBuffers(): Promise<void> {
    const { outputBuffer, workers } = this.#config;
    if (outputBuffer === null) return;
    const usual = (n: number): string => workerBuffer(outputBuffer.path, this.#io.cwd, n);
    const others = Array.from({ length: MAX_WORKERS - workers }, (_, i) => usual(workers + 1 + i));
    for (const path of [dirname(usual(1)), ...others]) {
      if (await SegmentLog.isIn(path))
        say(this.#log, 'buffer_left_over', { path }, 'a disk buffer of an earlier run is not used now');
    }
  }

  #watch(delivery: {
    readonly spooledBytes: number;
    readonly troubled: string[];
    readonly names: string[];
  }): void {
    this.#metrics.watch({
      spoolBytes: () => delivery.spooledBytes,
      spoolLimit: () => this.#config.alertsSpool.maxBytes,
      heldBytes: () => 0,
      heldLimit: () => 0,
      outputUp: () => true,
      sinksUp: () => {
        const failing = new Set(delivery.troubled);
        return delivery.names.map((sink) => [sink, !failing.has(sink)]);
      },
    });
  }

  #reload(office: AlertOffice, ruleSet: RuleSet): void {
    office.reload(ruleSet);
    this.#ledger.loaded(0);
    for (const colleague of this.#listening()) this.#reloadIn(colleague, ruleSet);
  }

  #reloadIn({ channel }: Colleague, { hash }: RuleSet): void {
    // One that dies meanwhile begins with the new rules.
    void channel.ask('reload', null).then(
      (own) => {
        if (own === hash) return;
        const fields = { rule_set: hash, worker_rule_set: own };
        say(this.#log, 'workers_differ', fields, 'the files changed while they were read: load them again');
      },
      () => undefined,
    );
  }

  #listening(): Colleague[] {
    return [...this.#colleagues.values()].filter((c) => c.listening);
  }

  #reports(): WorkerReport[] {
    return [...this.#colleagues.values()].flatMap((c) => c.report ?? []);
  }

  async #askReports(): Promise<void> {
    await Promise.all(
      this.#listening().map(async (colleague) => {
        // Of a worker that goes meanwhile the last report stands.
        colleague.report = await colleague.channel.ask('report', null).catch(() => colleague.report);
      }),
    );
  }

  async #metricsText(): Promise<MetricsText> {
    await this.#askReports();
    const gone = this.#departed ? [this.#departed] : [];
    return this.#metrics.textWith([...this.#reports(), ...gone].map((r) => r.metrics));
  }

  async #stopWorkers(timeoutMs: number): Promise<Rest['chunks']> {
    const rests = await Promise.all(
      this.#listening().map(async (colleague) => {
        const chunks = await colleague.channel.ask('stop', { timeoutMs }).catch(() => []);
        colleague.report = await colleague.channel.ask('report', null).catch(() => colleague.report);
        return chunks;
      }),
    );
    for (const { worker, listening } of this.#colleagues.values()) {
      if (listening) worker.disconnect();
      else worker.process.kill('SIGKILL');
    }
    return rests.flat();
  }
}
