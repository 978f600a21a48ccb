// Every stage once a repetition, in turn, so that a noisy minute hits all of them; then each at half of its load.
import type { ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { line, median, pinned, quantile, stolen, stop, usage } from './machine.js';
import type { Scenario } from './scenario.js';
import type { SenderResult, SenderTask } from './sending.js';
import type { Seen } from './sink.js';
import type { Running, Stage } from './stages.js';
import { verify } from './verify.js';

const here = dirname(fileURLToPath(import.meta.url));
const CLIENT_CORE = 0;
/** It times acks too: on one core helpers of the garbage collector would only take turns with it, and seldom is better. */
const SINK_FLAGS = ['--single-threaded-gc', '--min-semi-space-size=16', '--max-semi-space-size=16'];
/** How long nothing more must come before a stage that acks first has passed on all it took, in ms. */
const QUIET_MS = 500;
/** Seconds at half load, and before that until all is warm. */
const LATENCY_SECONDS = 3;
const WARM_UP_SECONDS = 2;
/** Of the CPU time of a turn at half load: past it others on the same host were measured, and the turn is made again, */
const MAX_STOLEN = 0.01;
/** up to so many times. */
const MAX_AGAIN = 3;

interface Reading {
  readonly eventsPerSecond: number;
  readonly mbPerSecond: number;
  /** CPU µs an event. */
  readonly user: number;
  readonly system: number;
}
/** Written to acked, in ms, at half of the load that the stage can take; of one turn, or the medians of several. */
interface Quantiles {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** Turns that were made again because others on the same host took the CPU. */
  readonly again: number;
}
interface Latency extends Quantiles {
  /** Least and most of p99. */
  readonly spread: readonly [number, number];
}
export interface Row {
  readonly stage: string;
  readonly work: Stage['work'];
  readonly scenario: Scenario;
  readonly readings: readonly Reading[];
  /** Medians. */
  readonly cpuMicros: number;
  readonly userMicros: number;
  readonly systemMicros: number;
  readonly eventsPerSecond: number;
  readonly mbPerSecond: number;
  /** Least and most of cpuMicros. */
  readonly spread: readonly [number, number];
  /** Null: not asked for. */
  readonly latency: Latency | null;
  readonly acksEndToEnd: boolean;
  readonly peakMb: number;
  /** CPU an event as a multiple of the relay's in the same run. */
  readonly ratio: number | null;
}

export interface Effort {
  readonly repeat: number;
  /** Events of one repetition of a fast stage, about. */
  readonly events: number;
  /** Turns at half load; 0: none. */
  readonly latency: number;
}

export async function startSink(...flags: string[]): Promise<{ child: ChildProcess; port: number }> {
  const sink = [...SINK_FLAGS, join(here, 'sink.js'), ...flags];
  const child = pinned(CLIENT_CORE, process.execPath, sink, { stdin: 'pipe' });
  return { child, port: Number(await line(child, 'stdout', () => true)) };
}

/** The next JSON line that a sender or sink prints. */
async function printedBy<T>(child: ChildProcess): Promise<T> {
  return JSON.parse(await line(child, 'stdout', (l) => l.startsWith('{'))) as T;
}

export async function seenBy(sink: ChildProcess): Promise<Seen> {
  const next = printedBy<Seen>(sink);
  sink.kill('SIGUSR2');
  return next;
}

/** Resolves when nothing has come for a while. */
export async function quiet(sink: ChildProcess): Promise<void> {
  let before = -1;
  for (;;) {
    const { bytes } = await seenBy(sink);
    if (bytes === before) return;
    before = bytes;
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  }
}

export async function send(task: SenderTask): Promise<SenderResult> {
  const sender = pinned(CLIENT_CORE, process.execPath, [join(here, 'sender.js'), JSON.stringify(task)]);
  return printedBy<SenderResult>(sender);
}

export async function compare(stages: readonly Stage[], scenario: Scenario, effort: Effort): Promise<Row[]> {
  const able = stages.filter((s) => canDo(s, scenario));
  for (const stage of able) await verify(stage, scenario);
  const sink = await startSink();
  const running = new Map<Stage, Running>();
  const readings = new Map<Stage, Reading[]>();
  const latencies = new Map<Stage, Quantiles[]>();
  const peaks = new Map<Stage, number>();
  try {
    for (const stage of able) {
      running.set(stage, await stage.start(sink.port, scenario));
      readings.set(stage, []);
      latencies.set(stage, []);
    }
    for (let n = -1; n < effort.repeat; n += 1) {
      for (const [stage, { child, port }] of running) {
        const events = effort.events / stage.slowness / (n < 0 ? 4 : 1);
        const reading = await measure(stage, child.pid!, port, scenario, events, sink.child);
        // The first turn warms up.
        if (n >= 0) readings.get(stage)!.push(reading);
        peaks.set(stage, usage(child.pid!).peakMb);
      }
    }
    for (let n = 0; n < effort.latency; n += 1) {
      for (const [stage, { port }] of running) {
        latencies.get(stage)!.push(await atHalfLoad(port, scenario, readings.get(stage)!, sink.child));
        if (!stage.acksEndToEnd) await quiet(sink.child);
      }
    }
  } finally {
    for (const { child } of running.values()) await stop(child);
    await stop(sink.child);
  }
  const yardstick = able.find((s) => s.name.startsWith('relay'));
  const relay = yardstick ? median(readings.get(yardstick)!.map((r) => r.user + r.system)) : null;
  return able.map((stage) => {
    const all = readings.get(stage)!;
    const of = (key: keyof Reading): number => median(all.map((r) => r[key]));
    const cpu = all.map((r) => r.user + r.system);
    return {
      stage: stage.name,
      work: stage.work,
      scenario,
      readings: all,
      cpuMicros: median(cpu),
      userMicros: of('user'),
      systemMicros: of('system'),
      eventsPerSecond: of('eventsPerSecond'),
      mbPerSecond: of('mbPerSecond'),
      spread: [Math.min(...cpu), Math.max(...cpu)],
      latency: effort.latency > 0 ? latencyOf(latencies.get(stage)!) : null,
      acksEndToEnd: stage.acksEndToEnd,
      peakMb: peaks.get(stage) ?? 0,
      ratio: relay === null ? null : median(cpu) / relay,
    };
  });
}

function latencyOf(turns: readonly Quantiles[]): Latency {
  const of = (key: keyof Quantiles): number[] => turns.map((turn) => turn[key]);
  const p99 = of('p99');
  return {
    p50: median(of('p50')),
    p99: median(p99),
    p999: median(of('p999')),
    again: of('again').reduce((sum, n) => sum + n, 0),
    spread: [Math.min(...p99), Math.max(...p99)],
  };
}

/** A peer for one rule would only be the same again with more; its rule reads ECS events, inflated. */
function canDo(stage: Stage, scenario: Scenario): boolean {
  if (stage.name.startsWith('relay') || stage.work === 'n rules') return true;
  return scenario.rules === 1 && scenario.form === 'ecs' && scenario.workers === 1;
}

async function measure(
  stage: Stage,
  pid: number,
  port: number,
  scenario: Scenario,
  events: number,
  sink: ChildProcess,
): Promise<Reading> {
  const { eventsPerChunk, connections } = scenario;
  const chunks = Math.max(2, Math.ceil(events / eventsPerChunk / connections));
  const before = usage(pid);
  const started = performance.now();
  const result = await send({ ...scenario, port, chunks, rate: 0, warmUp: 0 });
  let { seconds } = result;
  if (!stage.acksEndToEnd) {
    await quiet(sink);
    // Until the sink had it all, start of the sender included: these stages are slow enough for that.
    seconds = Math.max(seconds, (performance.now() - started - 2 * QUIET_MS) / 1000);
  }
  const after = usage(pid);
  return {
    eventsPerSecond: result.events / seconds,
    mbPerSecond: result.bytes / seconds / 2 ** 20,
    user: ((after.user - before.user) / result.events) * 1e6,
    system: ((after.system - before.system) / result.events) * 1e6,
  };
}

/** The sink sends too: two processes on one core wait for each other's time slices, which are longer than what is timed. */
async function atHalfLoad(
  port: number,
  scenario: Scenario,
  readings: readonly Reading[],
  sink: ChildProcess,
): Promise<Quantiles> {
  const full = median(readings.map((r) => r.eventsPerSecond));
  const rate = full / 2 / scenario.eventsPerChunk / scenario.connections;
  const warmUp = Math.ceil(rate * WARM_UP_SECONDS);
  const chunks = warmUp + Math.max(20, Math.ceil(rate * LATENCY_SECONDS));
  const task: SenderTask = { ...scenario, port, chunks, rate, warmUp };
  for (let again = 0; ; again += 1) {
    const before = stolen();
    const next = printedBy<SenderResult>(sink);
    sink.stdin!.write(`${JSON.stringify(task)}\n`);
    const { latencies } = await next;
    const after = stolen();
    if (again < MAX_AGAIN && after.steal - before.steal > MAX_STOLEN * (after.all - before.all)) continue;
    const [p50, p99, p999] = [0.5, 0.99, 0.999].map((q) => quantile(latencies, q));
    return { p50: p50!, p99: p99!, p999: p999!, again };
  }
}
