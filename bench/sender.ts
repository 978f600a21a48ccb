// The benchmark's sender, a process of its own: writes prepared PackedForward chunks with a window of acks, and
// prints what it saw as one JSON line. argv: a JSON object `SenderTask`.
import { createConnection } from 'node:net';
import { gzipSync } from 'node:zlib';
import { encode, mapHeader, str32Header } from '../src/msgpack/encode.js';
import { entries } from './events.js';

export interface SenderTask {
  readonly port: number;
  readonly connections: number;
  readonly eventsPerChunk: number;
  readonly chunks: number;
  /** Chunks sent and not yet acked, over one connection. */
  readonly window: number;
  /** The n-th event of every n matches; 0: none. */
  readonly every: number;
  readonly gzip: boolean;
  /** Chunks a second and connection; 0: as fast as acks come. */
  readonly rate: number;
}
export interface SenderResult {
  readonly events: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Of each chunk, written to acked, in ms; sorted. */
  readonly latencies: readonly number[];
}

const task = JSON.parse(process.argv[2]!) as SenderTask;
/** A few payloads, sent in turn: with 0.1 % matches a single one of 400 events would have none. */
const variety = Math.max(1, Math.min(8, Math.ceil((task.every || 1) / task.eventsPerChunk)));
const bodies = Array.from({ length: variety }, (_, i) => {
  const plain = entries(task.eventsPerChunk, i * task.eventsPerChunk, task.every);
  return task.gzip ? gzipSync(plain) : plain;
});
const tag = encode('bench.signin');

function chunk(n: number, connection: number): readonly Buffer[] {
  const body = bodies[n % bodies.length]!;
  const id = encode(`c${connection}-${n}`);
  const option = task.gzip
    ? Buffer.concat([mapHeader(2), encode('compressed'), encode('gzip'), encode('chunk'), id])
    : Buffer.concat([mapHeader(1), encode('chunk'), id]);
  return [Buffer.from([0x93]), tag, str32Header(body.length), body, option];
}

async function send(connection: number): Promise<number[]> {
  const socket = createConnection({ port: task.port, host: '127.0.0.1', noDelay: true });
  const sentAt: number[] = [];
  const latencies: number[] = [];
  let sent = 0;
  return new Promise((resolve, reject) => {
    const more = (): void => {
      while (sent < task.chunks && sent - latencies.length < task.window) {
        sentAt.push(performance.now());
        socket.cork();
        for (const part of chunk(sent, connection)) socket.write(part);
        socket.uncork();
        sent += 1;
        if (task.rate > 0) {
          setTimeout(more, 1000 / task.rate);
          return;
        }
      }
    };
    socket.on('connect', more);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed after ${latencies.length} acks`)));
    let held = 0;
    socket.on('data', (bytes: Buffer) => {
      // An ack is `{"ack": id}`: a map of one. Ids hold no 0x81, so counting that byte counts acks.
      for (const b of bytes) if (b === 0x81) held += 1;
      const now = performance.now();
      for (; held > 0; held -= 1) latencies.push(now - sentAt[latencies.length]!);
      if (latencies.length === task.chunks) {
        socket.removeAllListeners('close');
        socket.destroy();
        resolve(latencies);
      } else if (task.rate === 0) more();
    });
  });
}

const start = performance.now();
const all = await Promise.all(Array.from({ length: task.connections }, (_, i) => send(i)));
const seconds = (performance.now() - start) / 1000;
const result: SenderResult = {
  events: task.chunks * task.eventsPerChunk * task.connections,
  bytes: task.connections * task.chunks * bodies[0]!.length,
  seconds,
  latencies: all.flat().sort((a, b) => a - b),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
