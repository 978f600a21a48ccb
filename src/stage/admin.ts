// The admin server of a running stage: what the stage tells, put behind HTTP; and the samples of its history.
import type { Config } from '../config/config.js';
import { AdminServer } from '../observe/admin.js';
import { History, SAMPLE_MS } from '../observe/history.js';
import type { Metrics, MetricsText } from '../observe/metrics.js';
import { packageVersion } from '../observe/packageRoot.js';
import type { AlertReport } from './alertReport.js';
import type { StageReport } from './stageStatus.js';

export interface StageAdmin {
  /** `http://HOST:PORT`, with the port that it got. */
  readonly url: string;
  close(): void;
}

/** What the admin server tells: a stage, or the workers together. */
export interface AdminParts {
  readonly report: StageReport;
  readonly alerts: AlertReport;
  readonly metrics: () => Promise<MetricsText>;
  readonly takeLatency: Metrics['takeLatency'];
}

/** Rejects with the system's error. */
export async function startAdmin(
  config: NonNullable<Config['admin']>,
  { report, alerts: told, metrics, takeLatency }: AdminParts,
): Promise<StageAdmin> {
  const started = Date.now();
  const history = new History(() => {
    const { events_in, events_out, alerts, connections, held_bytes, spool_bytes } = report.status();
    return {
      eventsIn: events_in,
      eventsOut: events_out,
      alerts,
      connections,
      heldBytes: held_bytes,
      spoolBytes: spool_bytes,
      latency: takeLatency(),
    };
  }, Date.now);
  const server = new AdminServer(config, {
    metrics,
    readiness: () => report.readiness(),
    status: () => ({
      version: packageVersion,
      started_at: new Date(started).toISOString(),
      uptime_seconds: Math.round((Date.now() - started) / 1000),
      ...report.status(),
    }),
    history: () => ({ interval_seconds: SAMPLE_MS / 1000, samples: history.samples }),
    rules: () => report.rules(),
    fields: () => report.fields(),
    alerts: (since, limit) => told.alerts(since, limit),
    alert: (seq) => told.alert(seq),
    follow: (from, tell) => told.follow(from, tell),
  });
  const port = await server.listen();
  const timer = setInterval(() => history.sample(), SAMPLE_MS);
  timer.unref();
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return {
    url: `http://${host}:${port}`,
    close: () => {
      clearInterval(timer);
      server.close();
    },
  };
}
