// Client libraries of other languages, and Fluent Bit, against the built program.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort, until } from '../support/fluentd.js';
import { client, missing } from '../support/peers.js';
import { Program, root } from '../support/program.js';
import { match, plain } from '../support/records.js';
import type { Plain } from '../support/wire.js';

let folder: string;
const running: { stop(): Promise<unknown> }[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fd-clients-'));
});
afterEach(async () => {
  for (const r of running.splice(0).reverse()) await r.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Written {
  readonly time: string;
  readonly tag: string;
  readonly record: Plain;
}

async function stage(...more: string[]): Promise<{ port: number; written: () => Written[] }> {
  const program = new Program(
    [
      ...['run', '--log-format', 'json', '--in', 'forward://127.0.0.1:0', '--rules', `${root}conf/rules`],
      ...(more.length > 0 ? more : ['--config', 'detect.yaml']),
    ],
    { cwd: folder },
  );
  running.push({ stop: () => program.kill() });
  const lines = (): string[] => {
    try {
      return readFileSync(join(folder, 'out.log'), 'utf8').split('\n').slice(0, -1);
    } catch {
      return [];
    }
  };
  const written = (): Written[] =>
    lines().map((line) => {
      const [time, tag, json] = line.split('\t') as [string, string, string];
      return { time, tag, record: JSON.parse(json) as Plain };
    });
  return { port: await program.port(), written };
}

const clients = [
  {
    name: 'the Python client (python3-fluent-logger)',
    why: missing(
      ...([
        'Python client',
        '/usr/bin/python3',
        ['-c', 'import fluent.sender'],
        'python3-fluent-logger',
      ] as const),
    ),
    command: '/usr/bin/python3',
    args: ['send.py'],
    env: {},
    tags: ['app.py.False', 'app.py.True'],
    whole: ['"big":9223372036854775809'],
  },
  {
    name: 'the Ruby client (fluent-logger of RubyGems)',
    why: missing(
      ...(['Ruby client', 'ruby', ['-e', 'require "fluent-logger"'], 'gem install fluent-logger'] as const),
    ),
    command: 'ruby',
    args: ['send.rb'],
    env: {},
    tags: ['app.rb.false', 'app.rb.true'],
    whole: ['"big":9223372036854775809'],
  },
  {
    name: 'the Go client (golang-github-fluent-fluent-logger-golang-dev)',
    why: missing(
      ...([
        'Go client',
        'sh',
        ['-c', 'go version && test -d /usr/share/gocode/src/github.com/fluent/fluent-logger-golang'],
        'golang-go, golang-github-fluent-fluent-logger-golang-dev',
      ] as const),
    ),
    command: 'go',
    args: ['run', 'send.go'],
    env: { GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOFLAGS: '' },
    tags: ['app.go.false', 'app.go.true'],
    whole: [],
  },
] as const;

describe.each(clients)('$name', ({ why, command, args, env, tags, whole }) => {
  it.skipIf(why !== null)('has all of its events go on, the matching ones tagged', async () => {
    writeFileSync(
      join(folder, 'detect.yaml'),
      JSON.stringify({ output: { to: 'file:out.log', format: 'out_file' } }),
    );
    const { port, written } = await stage();
    const at = args.map((a) => (a.startsWith('send.') ? `${root}test/support/clients/${a}` : a));
    const own = { ...env, HOME: folder, PORT: String(port), EVENT: JSON.stringify(match('m')) };
    await client(command, at, own);
    await until(
      () => written().length >= 20,
      () => `20 events, not ${written().length}`,
    );
    for (const tag of tags) {
      const own = written().filter((w) => w.tag === tag);
      expect(own.map((w) => w.record['n'] ?? 'match')).toEqual([0, 1, 2, 'match', 4, 5, 6, 7, 8, 9]);
      expect(own.map((w) => 'detection' in w.record)).toEqual(own.map((_, n) => n === 3));
      expect(own[0]!.record).toMatchObject({ text: 'ünï' });
    }
    for (const text of whole)
      expect(readFileSync(join(folder, 'out.log'), 'utf8').split(text)).toHaveLength(19);
  });
});

const fluentBit = process.env['FLUENT_BIT'] ?? '';
if (fluentBit === '') process.stderr.write('\n*** SKIPPED: FLUENT_BIT names no fluent-bit binary\n\n');

describe.skipIf(fluentBit === '')('Fluent Bit (the binary that FLUENT_BIT names)', () => {
  function start(yaml: string): ChildProcess {
    writeFileSync(join(folder, 'fluent-bit.yaml'), yaml);
    const child = spawn(fluentBit, ['-q', '-c', join(folder, 'fluent-bit.yaml')], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    running.push({
      stop: async () => {
        if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
        await exited;
      },
    });
    return child;
  }

  it.each(['', 'gzip'])(
    'gets its acked chunks back through the stage, tagged (compress: "%s")',
    async (compress) => {
      const backPort = await freePort();
      const { port } = await stage(
        '--out',
        `forward://127.0.0.1:${backPort}`,
        '--alerts',
        'file:alerts.ndjson',
      );
      const records = Array.from({ length: 100 }, (_, n) =>
        n % 50 === 7 ? { n, ...match(`m${n}`) } : plain(n),
      );
      writeFileSync(join(folder, 'in.log'), `${records.map((r) => JSON.stringify(r)).join('\n')}\n`);
      const bit = start(`
service: { flush: 0.2, grace: 1 }
parsers:
  - { name: json, format: json }
pipeline:
  inputs:
    - { name: tail, path: ${join(folder, 'in.log')}, read_from_head: true, parser: json, tag: azure.entra }
    - { name: forward, listen: 127.0.0.1, port: ${backPort}, tag_prefix: back. }
  outputs:
    - name: forward
      match: azure.*
      host: 127.0.0.1
      port: ${port}
      require_ack_response: true
      retry_limit: no_limits
      ${compress === '' ? '' : `compress: ${compress}`}
    - { name: stdout, match: back.*, format: json_lines }
`);
      let out = '';
      bit.stdout!.setEncoding('utf8').on('data', (text: string) => {
        out += text;
      });
      const back = () =>
        out
          .split('\n')
          .slice(0, -1)
          .filter((line) => line.startsWith('{'))
          .map((line) => JSON.parse(line) as Plain);
      await until(
        () => back().length >= 100,
        () => `100 events, not ${back().length}`,
      );
      expect(new Set(back().map((r) => r['n'])).size).toBe(100);
      const tagged = back().filter((r) => 'detection' in r);
      expect(tagged.map((r) => r['n'])).toEqual([7, 57]);
      const alerts = readFileSync(join(folder, 'alerts.ndjson'), 'utf8').trimEnd().split('\n');
      expect(alerts).toHaveLength(2);
    },
  );
});
