// What the benchmark sends: prepared chunks, within a window of acks or at a rate, and how long each waited for its ack.
import { createConnection } from 'node:net';
import { gzipSync } from 'node:zlib';
import { arrayHeader, encode, mapHeader, str32Header } from '../src/msgpack/encode.js';
import { entries } from './events.js';
import type { Scenario } from './scenario.js';

export interface SenderTask extends Scenario {
  readonly port: number;
  /** Over one connection. */
  readonly chunks: number;
  /** Chunks a second over one connection, whatever the acks; 0: as fast as acks come. */
  readonly rate: number;
  /** Of a connection's latencies the first so many are left out: the sender is a new process and warms up. */
  readonly warmUp: number;
}
export interface SenderResult {
  readonly events: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Of chunks, written to acked, in ms; sorted. At most some ten thousand of them. */
  readonly latencies: readonly number[];
}

/** A message up to this size is written as one buffer; and so many of such are made beforehand for a connection. */
const SHORT = 16_384;
const MADE = 4096;

/**
 * At a rate, what is due is sent so often. Not by timers: Node's come every one to two ms, and what came together would
 * queue behind itself for as long, which is in the latency that is measured.
 */
const STEP_MS = 0.25;

const tag = encode('bench.signin');
const chunkKey = encode('chunk');
const gzipPair = Buffer.concat([encode('compressed'), encode('gzip')]);

export async function sendAll(task: SenderTask): Promise<SenderResult> {
  const bodies = bodiesOf(task);
  const start = performance.now();
  const connections = Array.from({ length: task.connections }, (_, i) => sendOver(task, bodies, i));
  const all = await Promise.all(connections);
  const seconds = (performance.now() - start) / 1000;
  const latencies = all.flatMap((one) => [...one.subarray(task.warmUp)]).sort((a, b) => a - b);
  const step = Math.ceil(latencies.length / 20_000);
  return {
    events: task.chunks * task.eventsPerChunk * task.connections,
    bytes: bodies.reduce((sum, b) => sum + b.length, 0) * ((task.connections * task.chunks) / bodies.length),
    seconds,
    latencies: latencies.filter((_, i) => i % step === 0 || i === latencies.length - 1),
  };
}

/** How many bodies are sent in turn: with 0.1 % matches a single one of 400 events would have none. */
export function varietyOf({ eventsPerChunk, every }: Scenario): number {
  return Math.max(1, Math.min(eventsPerChunk === 1 ? 1000 : 8, Math.ceil((every || 1) / eventsPerChunk)));
}

function bodiesOf(scenario: Scenario): Buffer[] {
  const { eventsPerChunk, every, form, gzip } = scenario;
  return Array.from({ length: varietyOf(scenario) }, (_, i) => {
    const plain = entries(eventsPerChunk, i * eventsPerChunk, every, form);
    return gzip ? gzipSync(plain) : plain;
  });
}

function chunkOf(task: SenderTask, body: Buffer, id: string): Buffer[] {
  const option = [mapHeader(task.gzip ? 2 : 1), ...(task.gzip ? [gzipPair] : []), chunkKey, encode(id)];
  // An entry is `[time, record]`: its header off, it is the middle of a message.
  if (task.mode === 'message') return [Buffer.concat([arrayHeader(4), tag, body.subarray(1), ...option])];
  const header = task.mode === 'packed' ? str32Header(body.length) : arrayHeader(task.eventsPerChunk);
  const parts = [Buffer.concat([arrayHeader(3), tag, header]), body, Buffer.concat(option)];
  return body.length < SHORT ? [Buffer.concat(parts)] : parts;
}

/**
 * The n-th chunk. Short ones are made beforehand and come again, ids and all, long after they were acked: making each anew
 * had the garbage collector of the sender stop it for 3 ms six times a second, which is in the latency that it measures.
 */
function chunksOf(task: SenderTask, bodies: readonly Buffer[], connection: number): (n: number) => Buffer[] {
  const make = (n: number): Buffer[] => chunkOf(task, bodies[n % bodies.length]!, `c${connection}-${n}`);
  if (bodies.some((body) => body.length >= SHORT)) return make;
  const made = Array.from({ length: Math.min(task.chunks, MADE) }, (_, n) => make(n));
  return (n) => made[n % made.length]!;
}

async function sendOver(
  task: SenderTask,
  bodies: readonly Buffer[],
  connection: number,
): Promise<Float64Array> {
  const chunkAt = chunksOf(task, bodies, connection);
  const sentAt = new Float64Array(task.chunks);
  const latencies = new Float64Array(task.chunks);
  let sent = 0;
  let acked = 0;
  return new Promise((resolve, reject) => {
    const onAcks = (n: number, bytes: Uint8Array): boolean => {
      // An ack is `{"ack": id}`: a map of one. Ids hold no 0x81, so counting that byte counts acks.
      const now = performance.now();
      for (let i = 0; i < n; i += 1)
        if (bytes[i] === 0x81) {
          latencies[acked] = now - sentAt[acked]!;
          acked += 1;
        }
      if (acked === task.chunks) {
        socket.removeAllListeners('close');
        socket.destroy();
        resolve(latencies);
      } else if (task.rate === 0) fill();
      return true;
    };
    const onread = { buffer: Buffer.allocUnsafeSlow(65_536), callback: onAcks };
    const socket = createConnection({ port: task.port, host: '127.0.0.1', noDelay: true, onread });
    const write = (): void => {
      sentAt[sent] = performance.now();
      for (const part of chunkAt(sent)) socket.write(part);
      sent += 1;
    };
    const fill = (): void => {
      socket.cork();
      while (sent < task.chunks && sent - acked < task.window) write();
      socket.uncork();
    };
    const sendDue = (begun: number): void => {
      const due = Math.min(task.chunks, ((performance.now() - begun) / 1000) * task.rate);
      socket.cork();
      while (sent < due) write();
      socket.uncork();
    };
    const pace = (begun: number, next: number): void => {
      const now = performance.now();
      if (now >= next) sendDue(begun);
      if (sent < task.chunks) setImmediate(pace, begun, now >= next ? now + STEP_MS : next);
    };
    socket.on('connect', () => (task.rate > 0 ? pace(performance.now(), 0) : fill()));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed after ${acked} acks`)));
  });
}
