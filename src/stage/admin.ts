// The admin server of a running stage: what the stage tells, put behind HTTP; and the samples of its history.
import type { Config } from '../config/config.js';
import { AdminServer } from '../observe/admin.js';
import { History, SAMPLE_MS } from '../observe/history.js';
import type { Metrics } from '../observe/metrics.js';
import { packageVersion } from '../observe/packageRoot.js';
import type { Stage } from './stage.js';

export interface StageAdmin {
  /** `http://HOST:PORT`, with the port that it got. */
  readonly url: string;
  close(): void;
}

/** Rejects with the system's error. */
export async function startAdmin(
  config: NonNullable<Config['admin']>,
  stage: Stage,
  metrics: Metrics,
): Promise<StageAdmin> {
  const { report } = stage;
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
      latency: metrics.takeLatency(),
    };
  }, Date.now);
  const server = new AdminServer(config, {
    metrics: () => metrics.text(),
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
    alerts: (since, limit) => report.alerts(since, limit),
    alert: (seq) => report.alert(seq),
    follow: (from, tell) => report.follow(from, tell),
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
