// `fluent-detect quickstart` (npm start): the stage with its shipped rule, fed with the sample capture by a real
// fluent-logger client. It shows what went by and each alert, and then stays up, ready for a Fluentd.
import { readFileSync, rmSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import fluentLogger from 'fluent-logger';
import type { ListenAddress } from '../config/config.js';
import type { Flags } from '../config/load.js';
import type { Metrics } from '../observe/metrics.js';
import { type AlertSummary, summaryLine } from '../stage/summary.js';
import { type CommandIo, configFor, type ExitStatus } from './io.js';
import { runCommand } from './runCommand.js';

const root = new URL('../../../', import.meta.url);
const samples = [
  ['azure.entra.records', 'conf/samples/entra-records.ndjson'],
  ['azure.entra.eventhub', 'conf/samples/entra-eventhub.ndjson'],
  ['azure.entra.ecs', 'conf/samples/entra-ecs.ndjson'],
] as const;

interface Sample {
  readonly tag: string;
  readonly time: Date;
  readonly record: Record<string, unknown>;
}

export async function quickstart(flags: Flags, io: CommandIo): Promise<ExitStatus> {
  const say = (line = ''): void => void io.stderr.write(`${line}\n`);
  const own = { config: fileURLToPath(new URL('conf/quickstart.yaml', root)), ...flags };
  const config = configFor(own, io, { output: true });
  if (!config) return 2;
  // What an earlier quickstart wrote goes, so that the counts below are this run's.
  if (flags.config === undefined)
    rmSync(fileURLToPath(new URL('quickstart', root)), { recursive: true, force: true });
  let alerts = 0;
  return runCommand(own, io, {
    quiet: true,
    onAlert: (alert: AlertSummary) => {
      alerts += 1;
      say(`  ${summaryLine(alert)}`);
    },
    onReady: async (addresses, metrics) => {
      const address = addresses.find((a) => a.kind === 'tcp');
      if (!address) return;
      say(`ready: Forward on ${address.host}:${address.port}`);
      const events = samples.flatMap(([tag, file]) => sampleOf(tag, file));
      say(
        `sending ${count(events.length)} sample events of a made-up tenant (conf/samples) by fluent-logger`,
      );
      say();
      const started = performance.now();
      try {
        await send(events, address);
      } catch (error) {
        say(`the sample could not be sent: ${(error as Error).message}`);
        return;
      }
      await reaches(() => metrics.eventsOut >= events.length, 10_000);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      const matches = metrics.totals();
      const repeats = matches.duplicates > 0 ? ` (${matches.duplicates} repeat of an event held back)` : '';
      say();
      say(`${count(metrics.eventsOut)} events went by in ${seconds} s, each acked`);
      say(`${matches.matches} matches tagged, ${alerts} alerts${repeats}`);
      if (config.output.kind === 'file') say(`tagged events: ${shown(config.output.path, io)}`);
      for (const sink of config.alerts.sinks)
        if (sink.kind === 'file') say(`alerts:        ${shown(sink.path, io)}`);
      say(`try:           grep '"detection"' ${shown(outputPath(config.output), io)}`);
      say();
      say(`The stage stays up: point a Fluentd's out_forward at it (conf/fluentd.conf). Ctrl-C ends it.`);
      showCount(metrics, say);
    },
  });
}

function outputPath(output: { readonly kind: string; readonly path?: string }): string {
  return output.path ?? '';
}

function shown(path: string, io: CommandIo): string {
  const near = relative(io.cwd, path);
  return near.startsWith('..') ? path : near;
}

function count(n: number): string {
  return n.toLocaleString('en-US');
}

function sampleOf(tag: string, file: string): Sample[] {
  const lines = readFileSync(new URL(file, root), 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const record = JSON.parse(line) as Record<string, unknown>;
    return { tag, time: timeOf(record), record };
  });
}

function timeOf(record: Record<string, unknown>): Date {
  const first = Array.isArray(record['records']) ? (record['records'][0] as Record<string, unknown>) : record;
  return new Date(String(first['@timestamp'] ?? first['time']));
}

/** All events through one fluent-logger sender, acked. @throws the client's error. */
function send(events: readonly Sample[], to: Extract<ListenAddress, { kind: 'tcp' }>): Promise<void> {
  const sender = fluentLogger.createFluentSender<Record<string, unknown>>(null as unknown as string, {
    host: to.host,
    port: to.port,
    timeout: 10,
    eventMode: 'PackedForward',
    flushInterval: 20,
    requireAckResponse: true,
  });
  return new Promise((resolve, reject) => {
    (sender as unknown as NodeJS.EventEmitter).on('error', reject);
    let left = events.length;
    for (const { tag, time, record } of events) {
      sender.emit(tag, record, time, (error?: Error) => {
        if (error) reject(error);
        left -= 1;
        if (left > 0) return;
        (sender as unknown as { end(): void }).end();
        resolve();
      });
    }
  });
}

async function reaches(done: () => boolean, withinMs: number): Promise<void> {
  const until = performance.now() + withinMs;
  while (!done() && performance.now() < until) await new Promise((r) => setTimeout(r, 20));
}

/** What comes after the sample: a count now and then, not a flood. */
function showCount(metrics: Metrics, say: (line: string) => void): void {
  let told = metrics.eventsOut;
  setInterval(() => {
    if (metrics.eventsOut === told) return;
    told = metrics.eventsOut;
    say(`${count(told)} events went by`);
  }, 5000).unref();
}
