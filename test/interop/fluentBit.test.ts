// Fluent Bit sends to the stage and takes back what the stage sends, each time with another way of securing or packing
// it. FLUENT_BIT names the binary.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasOpenssl, makeCertificates } from '../support/certificates.js';
import { freePort, until } from '../support/fluentd.js';
import { Program, root } from '../support/program.js';
import { match, plain } from '../support/records.js';
import type { Plain } from '../support/wire.js';

const fluentBit = process.env['FLUENT_BIT'] ?? '';
if (fluentBit === '') process.stderr.write('\n*** SKIPPED: FLUENT_BIT names no fluent-bit binary\n\n');

/** A small build may be without the plugin. */
const hasMetrics =
  fluentBit !== '' &&
  spawnSync(fluentBit, ['--help'], { encoding: 'utf8' }).stdout.includes('fluentbit_metrics');
if (fluentBit !== '' && !hasMetrics)
  process.stderr.write('\n*** SKIPPED: this fluent-bit has no fluentbit_metrics plugin\n\n');

interface Way {
  readonly name: string;
  /** Options of its forward output and of its forward input. */
  readonly sends?: Plain;
  readonly takes?: Plain;
  /** Under an input of the stage, and under its output. */
  readonly input?: Plain;
  readonly output?: Plain;
  readonly needsCertificates?: boolean;
  readonly unix?: boolean;
}

const sharedKey = 'a key with spaces & signs';
const stageSecurity = { self_hostname: 'detect.example', shared_key: sharedKey };
const user = { username: 'detect', password: 'secret' };

const ways: readonly Way[] = [
  { name: 'without acks', sends: { require_ack_response: false }, output: { require_ack_response: false } },
  { name: 'with integer times', sends: { time_as_integer: true } },
  { name: 'without log metadata', sends: { retain_metadata_in_forward_mode: false } },
  { name: 'with its metadata stripped by the stage', output: { metadata: 'strip' } },
  { name: 'over a unix socket', unix: true },
  {
    name: 'with a shared key',
    sends: { shared_key: sharedKey, self_hostname: 'bit.example' },
    takes: { shared_key: sharedKey, self_hostname: 'bit.example' },
    input: { security: stageSecurity },
    output: { security: stageSecurity },
  },
  {
    name: 'with a shared key, a user and a password',
    sends: { shared_key: sharedKey, self_hostname: 'bit.example', ...user },
    takes: { shared_key: sharedKey, self_hostname: 'bit.example', 'security.users': 'detect secret' },
    input: { security: { ...stageSecurity, users: [user] } },
    output: { security: { ...stageSecurity, ...user } },
  },
  {
    name: 'over TLS, in gzip',
    needsCertificates: true,
    sends: { tls: true, 'tls.ca_file': 'ca.crt', 'tls.vhost': 'localhost', compress: 'gzip' },
    takes: { tls: true, 'tls.crt_file': 'peer.crt', 'tls.key_file': 'peer.key' },
    input: { tls: { cert_path: 'peer.crt', private_key_path: 'peer.key' } },
    output: { tls: { ca_path: 'ca.crt' } },
  },
];

let folder: string;
const running: { stop(): Promise<unknown> }[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fd-bit-'));
});
afterEach(async () => {
  for (const r of running.splice(0).reverse()) await r.stop();
  rmSync(folder, { recursive: true, force: true });
});

function start(config: object): ChildProcess {
  writeFileSync(join(folder, 'fluent-bit.yaml'), JSON.stringify(config));
  const child = spawn(fluentBit, ['-q', '-c', 'fluent-bit.yaml'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  running.push({
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  });
  return child;
}

/** The stage between Fluent Bit's output and its input. */
async function between(way: Way): Promise<{ sends: Plain; takes: Plain }> {
  const back = await freePort();
  const socket = join(folder, 'in.sock');
  const listen = way.unix ? `forward+unix://${socket}` : 'forward://127.0.0.1:0';
  const config = {
    inputs: [{ listen, ...way.input }],
    output: { servers: [{ host: '127.0.0.1', port: back }], retry_wait: '100ms', ...way.output },
    rules: { paths: [`${root}conf/rules`] },
  };
  writeFileSync(join(folder, 'detect.yaml'), JSON.stringify(config));
  const program = new Program(['run', '--log-format', 'json', '--config', 'detect.yaml'], { cwd: folder });
  running.push({ stop: () => program.kill() });
  await program.ready();
  const to = way.unix ? { unix_path: socket } : { host: '127.0.0.1', port: await program.port() };
  return {
    sends: { name: 'forward', require_ack_response: true, retry_limit: 'no_limits', ...to, ...way.sends },
    takes: { name: 'forward', listen: '127.0.0.1', port: back, ...way.takes },
  };
}

function linesOf(child: ChildProcess): () => string[] {
  let out = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  return () => out.split('\n').slice(0, -1);
}

describe.skipIf(fluentBit === '')('Fluent Bit gets back through the stage', () => {
  for (const way of ways) {
    it.skipIf(way.needsCertificates === true && !hasOpenssl())(
      `its events, the right ones tagged: ${way.name}`,
      async () => {
        if (way.needsCertificates) makeCertificates(folder);
        const { sends, takes } = await between(way);
        const records = Array.from({ length: 100 }, (_, n) =>
          n % 50 === 7 ? { n, ...match(`m${n}`) } : plain(n),
        );
        writeFileSync(join(folder, 'in.log'), `${records.map((r) => JSON.stringify(r)).join('\n')}\n`);
        const lines = linesOf(
          start({
            service: { flush: 0.2, grace: 1 },
            parsers: [{ name: 'json', format: 'json' }],
            pipeline: {
              inputs: [
                { name: 'tail', path: 'in.log', read_from_head: true, parser: 'json', tag: 'azure.entra' },
                { ...takes, tag_prefix: 'back.' },
              ],
              outputs: [
                { ...sends, match: 'azure.*' },
                { name: 'stdout', match: 'back.*', format: 'json_lines' },
              ],
            },
          }),
        );
        const back = (): Plain[] =>
          lines()
            .filter((line) => line.startsWith('{'))
            .map((line) => JSON.parse(line) as Plain);
        await until(
          () => back().length >= 100,
          () => `100 events, not ${back().length}`,
        );
        expect(back().map((r) => r['n'])).toEqual(records.map((r) => r['n']));
        expect(
          back()
            .filter((r) => 'detection' in r)
            .map((r) => r['n']),
        ).toEqual([7, 57]);
      },
    );
  }

  it.skipIf(!hasMetrics)('its metrics, which no rule reads', async () => {
    const { sends, takes } = await between({ name: 'metrics' });
    const lines = linesOf(
      start({
        service: { flush: 0.2, grace: 1 },
        pipeline: {
          inputs: [
            { name: 'fluentbit_metrics', tag: 'metrics.own', scrape_interval: 1, scrape_on_start: true },
            { ...takes, tag_prefix: 'back.' },
          ],
          outputs: [
            { ...sends, match: 'metrics.*' },
            { name: 'stdout', match: 'back.*' },
          ],
        },
      }),
    );
    await until(
      () => lines().some((line) => line.includes('fluentbit_uptime')),
      () => `metrics to come back; what came is ${lines().join('\n').slice(0, 500)}`,
    );
  });
});
