// `npm run soak`: the built program under a steady load for long (10 minutes, `--minutes N`), through reconnecting
// senders, a downstream that hangs up now and then and a webhook that fails now and then. Prints rates, memory and
// handles every ten seconds; ends with 1 when events are missing, or when memory or handles have grown.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { encode, mapHeader, str32Header } from '../src/msgpack/encode.js';
import { headerSize, lengthAt, skip } from '../src/msgpack/scan.js';
import { entries } from './events.js';
import { line, pinned, scratchFolder } from './machine.js';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const seconds = Number(values.minutes) * 60;
const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = scratchFolder();
const config = join(folder, 'soak.yaml');
// The same events again and again give alerts again and again: a look-back of a second, and no cap.
writeFileSync(
  config,
  `alerts_spool: { path: spool }
rules:
  overrides:
    a83b3dac-325a-11ef-b3e6-f661ea17fbce: { from: now-1s, interval: 1s, max_signals: 1000000 }
`,
);
const EVENTS = 100;
const CONNECTIONS = 8;

/** Acks every chunk; hangs up on a connection now and then. */
const seen = { chunks: 0, hungUp: 0 };
const downstream = createServer((socket) => {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (piece: Buffer) => {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    for (let end = skip(rest, 0, rest.length); end > 0; end = skip(rest, 0, rest.length)) {
      seen.chunks += 1;
      if (seen.chunks % 5000 === 0) {
        seen.hungUp += 1;
        socket.destroy();
        return;
      }
      ackOf(rest.subarray(0, end), socket);
      rest = rest.subarray(end);
      if (rest.length === 0) break;
    }
  });
});

/** `[tag, payload, {…, chunk: id}]`: the id is the last value. */
function ackOf(message: Buffer, socket: Socket): void {
  const option = skip(message, skip(message, 1, message.length), message.length);
  let at = option + headerSize(message[option]!);
  for (let pairs = lengthAt(message, option); pairs > 0; pairs -= 1) {
    const value = skip(message, at, message.length);
    const end = skip(message, value, message.length);
    if (message.toString('latin1', at + 1, value) === 'chunk')
      socket.write(Buffer.concat([Buffer.from([0x81]), encode('ack'), message.subarray(value, end)]));
    at = end;
  }
}

let posts = 0;
const webhook = createHttpServer((request, response) => {
  posts += 1;
  request.resume().on('end', () => response.writeHead(posts % 20 === 0 ? 503 : 200).end());
});

function portOf(server: { address(): unknown }): number {
  return (server.address() as { port: number }).port;
}
await new Promise<void>((resolve) => downstream.listen(0, '127.0.0.1', resolve));
await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve));

const stage = pinned(1, process.execPath, [
  `${root}dist/src/cli/main.js`,
  'run',
  '--log-format=json',
  '--in=forward://127.0.0.1:0',
  `--out=forward://127.0.0.1:${portOf(downstream)}`,
  `--alerts=file:${join(folder, 'alerts.ndjson')}`,
  `--alerts=http://127.0.0.1:${portOf(webhook)}/`,
  `--rules=${root}conf/rules`,
  '--admin=127.0.0.1:0',
  `--config=${config}`,
]);
stage.stdout?.resume();
const ready = JSON.parse(await line(stage, 'stderr', (l) => l.includes('"msg":"ready"'))) as {
  in: string[];
  admin: string;
  pid: number;
};
const port = Number(/:(\d+)$/.exec(ready.in[0]!)![1]);

let acked = 0;
let isOver = false;

/** Sends chunk after chunk and waits for each ack; begins a new connection after some, and sends again what got none. */
async function send(connection: number): Promise<void> {
  const bodies = Array.from({ length: 10 }, (_, n) => entries(EVENTS, (connection * 10 + n) * EVENTS, 500));
  for (let n = 0; !isOver; ) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let isClosed = false;
    let wake = (): void => undefined;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      isClosed = true;
      wake();
    });
    let acks = 0;
    socket.on('data', () => {
      acks += 1;
      wake();
    });
    for (let sent = 0; sent < 500 && !isOver && !isClosed; ) {
      const body = bodies[n % bodies.length]!;
      const option = Buffer.concat([mapHeader(1), encode('chunk'), encode(`${connection}-${n}`)]);
      socket.write(
        Buffer.concat([Buffer.from([0x93]), encode('soak.signin'), str32Header(body.length), body, option]),
      );
      sent += 1;
      while (acks < sent && !isClosed)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      if (acks < sent) break;
      n += 1;
      acked += 1;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    socket.destroy();
  }
}

interface Sample {
  readonly rss: number;
  readonly handles: number;
}
const samples: Sample[] = [];
const numberIn = (path: string, pattern: RegExp): number =>
  Number(pattern.exec(readFileSync(path, 'utf8'))![1]);
function sample(): Sample {
  const rss = numberIn(`/proc/${ready.pid}/status`, /VmRSS:\s+(\d+)/) / 1024;
  return { rss, handles: readdirSync(`/proc/${ready.pid}/fd`).length };
}
async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${ready.admin}/metrics`)).text();
  return text
    .split('\n')
    .filter((l) => l.startsWith(name))
    .reduce((sum, l) => sum + Number(l.slice(l.lastIndexOf(' '))), 0);
}

const senders = Array.from({ length: CONNECTIONS }, (_, n) => send(n));
const began = performance.now();
let before = 0;
process.stdout.write('   time  events/s  RSS MiB  handles  alerts  posts  hung up\n');
while (performance.now() - began < seconds * 1000) {
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  const now = sample();
  samples.push(now);
  const rate = ((acked - before) * EVENTS) / 10;
  before = acked;
  const alerts = await metric('fluent_detect_alerts_total{sink="file');
  const columns = [rate.toFixed(0), now.rss.toFixed(0), now.handles, alerts, posts, seen.hungUp];
  const time = `${((performance.now() - began) / 1000).toFixed(0)}s`;
  process.stdout.write(
    `${time.padStart(7)}  ${columns.map((c, n) => String(c).padStart([8, 7, 7, 6, 5, 7][n]!)).join('  ')}\n`,
  );
}
isOver = true;
await Promise.all(senders);
const events = acked * EVENTS;
const out = await metric('fluent_detect_events_out_total');
const ended = new Promise<number | null>((resolve) => stage.once('exit', resolve));
stage.kill('SIGTERM');
const status = await ended;
downstream.close();
webhook.close();

/** Mean of a part of the samples, so that one collection of garbage does not decide. */
const mean = (part: readonly Sample[], of: (s: Sample) => number): number =>
  part.reduce((sum, s) => sum + of(s), 0) / Math.max(1, part.length);
// The first third is the warming up.
const rest = samples.slice(Math.floor(samples.length / 3));
const [early, late] = [rest.slice(0, rest.length / 2), rest.slice(rest.length / 2)];
const growth = mean(late, (s) => s.rss) - mean(early, (s) => s.rss);
const handles = mean(late, (s) => s.handles) - mean(early, (s) => s.handles);
const findings = [
  ...(out < events ? [`${events - out} acked events were not confirmed by the output`] : []),
  ...(growth > 20 ? [`memory grew by ${growth.toFixed(1)} MiB`] : []),
  ...(handles > 5 ? [`handles grew by ${handles.toFixed(1)}`] : []),
  ...(status !== 0 ? [`the stage ended with ${status}`] : []),
];
process.stdout.write(
  `${events} events acked, ${out} confirmed; RSS ${growth >= 0 ? '+' : ''}${growth.toFixed(1)} MiB, handles ${handles >= 0 ? '+' : ''}${handles.toFixed(1)} from the second third to the last\n`,
);
for (const finding of findings) process.stdout.write(`found: ${finding}\n`);
process.exitCode = findings.length > 0 ? 1 : 0;
