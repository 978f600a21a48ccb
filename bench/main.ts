// `npm run bench`: the stage beside a plain relay and the peers that are here, interleaved, in one run; medians and
// spread, CPU µs an event as a multiple of the relay. `--quick`, `--json`, `--rules 1,650`, `--every 1000`,
// `--events 400`, `--repeat 5`, `--connections 1`, `--gzip`, `--window 8`, `--only relay,fluent-detect`.

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { line, machine, median, pinned, stop, usage } from './machine.js';
import type { SenderResult, SenderTask } from './sender.js';
import { type Running, type Stage, stagesHere } from './stages.js';

const here = dirname(fileURLToPath(import.meta.url));
const CLIENT_CORE = 0;

interface Scenario {
  readonly rules: number;
  readonly every: number;
  readonly eventsPerChunk: number;
  readonly connections: number;
  readonly window: number;
  readonly gzip: boolean;
  /** Events of one repetition, about. */
  readonly events: number;
}
interface Reading {
  readonly eventsPerSecond: number;
  readonly mbPerSecond: number;
  readonly cpuMicros: number;
  readonly p50: number;
  readonly p99: number;
}
interface Row {
  readonly stage: string;
  readonly work: string;
  readonly scenario: Scenario;
  readonly readings: readonly Reading[];
  readonly cpuMicros: number;
  readonly spread: readonly [number, number];
  readonly eventsPerSecond: number;
  readonly mbPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly peakMb: number;
  /** CPU an event as a multiple of the relay's in the same run. */
  readonly ratio: number | null;
}

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    rules: { type: 'string', default: '1,650' },
    every: { type: 'string', default: '1000' },
    events: { type: 'string', default: '400' },
    repeat: { type: 'string' },
    total: { type: 'string' },
    connections: { type: 'string', default: '1' },
    window: { type: 'string', default: '8' },
    gzip: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
const list = (text: string): number[] => text.split(',').map(Number);
const repeat = Number(values.repeat ?? (values.quick ? 3 : 5));
const total = Number(values.total ?? (values.quick ? 80_000 : 200_000));
const only = values.only?.split(',');
const stages = stagesHere().filter((s) => !only || only.some((name) => s.name.startsWith(name)));

const rows: Row[] = [];
for (const rules of list(values.rules)) {
  for (const every of list(values.every)) {
    for (const eventsPerChunk of list(values.events)) {
      for (const connections of list(values.connections)) {
        const window = Number(values.window);
        rows.push(
          ...(await compare({
            rules,
            every,
            eventsPerChunk,
            connections,
            window,
            gzip: values.gzip,
            events: total,
          })),
        );
      }
    }
  }
}
if (values.json) process.stdout.write(`${JSON.stringify({ machine: machine(), rows }, null, 2)}\n`);
else print();

/** Every stage once a repetition, in turn, so that a noisy minute hits all of them. */
async function compare(scenario: Scenario): Promise<Row[]> {
  const sink = pinned(CLIENT_CORE, process.execPath, [join(here, 'sink.js')]);
  const sinkPort = Number(await line(sink, 'stdout', () => true));
  const running = new Map<Stage, Running>();
  const peaks = new Map<Stage, number>();
  const readings = new Map<Stage, Reading[]>();
  try {
    for (const stage of stages) {
      // A stage for one rule would only be the same again.
      if (scenario.rules > 1 && stage.work === 'one rule, tags inline') continue;
      running.set(stage, await stage.start(sinkPort, scenario.rules));
      readings.set(stage, []);
    }
    for (let n = -1; n < repeat; n += 1) {
      for (const [stage, { child, port }] of running) {
        const slow = stage.name.startsWith('Fluentd') ? 10 : 1;
        const reading = await measure(child.pid!, port, scenario, scenario.events / slow / (n < 0 ? 4 : 1));
        // The first turn warms up.
        if (n >= 0) readings.get(stage)!.push(reading);
        peaks.set(stage, usage(child.pid!).peakMb);
      }
    }
  } finally {
    for (const { child } of running.values()) await stop(child);
    await stop(sink);
  }
  const relay = median((readings.get(stages[0]!) ?? []).map((r) => r.cpuMicros));
  return [...readings].map(([stage, all]) => rowOf(stage, scenario, all, peaks.get(stage) ?? 0, relay));
}

async function measure(pid: number, port: number, scenario: Scenario, events: number): Promise<Reading> {
  const { eventsPerChunk, connections, every, gzip, window } = scenario;
  const chunks = Math.max(4, Math.ceil(events / eventsPerChunk / connections));
  const task: SenderTask = { port, connections, eventsPerChunk, chunks, window, every, gzip, rate: 0 };
  const before = usage(pid).cpu;
  const sender = pinned(CLIENT_CORE, process.execPath, [join(here, 'sender.js'), JSON.stringify(task)]);
  const result = JSON.parse(await line(sender, 'stdout', (l) => l.startsWith('{'))) as SenderResult;
  const cpu = usage(pid).cpu - before;
  return {
    eventsPerSecond: result.events / result.seconds,
    mbPerSecond: result.bytes / result.seconds / 2 ** 20,
    cpuMicros: (cpu / result.events) * 1e6,
    p50: quantile(result.latencies, 0.5),
    p99: quantile(result.latencies, 0.99),
  };
}

function rowOf(
  stage: Stage,
  scenario: Scenario,
  readings: readonly Reading[],
  peakMb: number,
  relay: number,
): Row {
  const of = (key: keyof Reading): number[] => readings.map((r) => r[key]);
  const cpu = of('cpuMicros');
  return {
    stage: stage.name,
    work: stage.work,
    scenario,
    readings,
    cpuMicros: median(cpu),
    spread: [Math.min(...cpu), Math.max(...cpu)],
    eventsPerSecond: median(of('eventsPerSecond')),
    mbPerSecond: median(of('mbPerSecond')),
    p50: median(of('p50')),
    p99: median(of('p99')),
    peakMb,
    ratio: stages[0]!.name.startsWith('relay') ? median(cpu) / relay : null,
  };
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}

function print(): void {
  const out = (text: string): void => void process.stdout.write(`${text}\n`);
  out(`# ${machine()}; medians of ${repeat} interleaved repetitions\n`);
  out(
    '| stage | rules | 1 match in | events a chunk | conns | × relay | CPU µs/event (min–max) | events/s | MB/s | ack p50/p99 ms | peak MiB |',
  );
  out('| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |');
  for (const r of rows) {
    const { scenario: s } = r;
    const rules = r.work === 'passes on' ? '-' : r.work === 'one rule, tags inline' ? '1' : String(s.rules);
    const cpu = `${r.cpuMicros.toFixed(2)} (${r.spread.map((n) => n.toFixed(2)).join('–')})`;
    const latency = `${r.p50.toFixed(1)} / ${r.p99.toFixed(1)}`;
    out(
      `| ${r.stage} | ${rules} | ${s.every || '-'} | ${s.eventsPerChunk}${s.gzip ? ' gzip' : ''} | ${s.connections} | ${r.ratio?.toFixed(2) ?? '-'} | ${cpu} | ${Math.round(r.eventsPerSecond)} | ${Math.round(r.mbPerSecond)} | ${latency} | ${Math.round(r.peakMb)} |`,
    );
  }
}
