// The stages under measurement, each started between a sender and the sink: the plain relay, fluent-detect, and the
// peers that this machine has (Fluentd from RubyGems; Fluent Bit where FLUENT_BIT names a binary).
import type { ChildProcess } from 'node:child_process';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { line, pinned } from './machine.js';
import { seedRule, variants } from './rules.js';

const here = dirname(fileURLToPath(import.meta.url));
const STAGE_CORE = 1;

export interface Running {
  readonly child: ChildProcess;
  readonly port: number;
}
export interface Stage {
  readonly name: string;
  /** How its own work compares: a stage that only passes on is marked. */
  readonly work: 'passes on' | 'one rule, tags inline' | 'n rules, tags inline';
  start(sink: number, rules: number): Promise<Running>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

const relay: Stage = {
  name: 'relay (net.pipe)',
  work: 'passes on',
  async start(sink) {
    const port = await freePort();
    const child = pinned(STAGE_CORE, process.execPath, [join(here, 'relay.js'), String(port), String(sink)]);
    await line(child, 'stderr', (l) => l === 'ready');
    return { child, port };
  },
};

const fluentDetect: Stage = {
  name: 'fluent-detect',
  work: 'n rules, tags inline',
  async start(sink, rules) {
    const folder = mkdtempSync(join(tmpdir(), 'fluent-detect-bench-'));
    writeFileSync(
      join(folder, 'rules.ndjson'),
      [seedRule(), ...variants(rules - 1)].map((r) => JSON.stringify(r)).join('\n'),
    );
    const args = ['run', '--in', 'forward://127.0.0.1:0', '--out', `forward://127.0.0.1:${sink}`];
    args.push('--rules', join(folder, 'rules.ndjson'), '--alerts', `file:${join(folder, 'alerts.ndjson')}`);
    const main = join(here, '..', 'src', 'cli', 'main.js');
    const child = pinned(STAGE_CORE, process.execPath, [
      ...nodeFlags(),
      main,
      ...args,
      '--log-format',
      'json',
    ]);
    const ready = await line(child, 'stderr', (l) => l.includes('"msg":"ready"'));
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(String((JSON.parse(ready) as { in: unknown }).in))?.[1]);
    return { child, port };
  },
};

/** For `npm run profile`: flags that the stage under measurement is started with. */
function nodeFlags(): string[] {
  return (process.env['BENCH_NODE_FLAGS'] ?? '').split(' ').filter(Boolean);
}

function fluentdStage(name: string, work: Stage['work'], filter: string): Stage {
  return {
    name,
    work,
    async start(sink) {
      const port = await freePort();
      const folder = mkdtempSync(join(tmpdir(), 'fluent-detect-bench-'));
      const config = join(folder, 'fluentd.conf');
      writeFileSync(config, fluentdConfig(port, sink, filter));
      const child = pinned(STAGE_CORE, 'fluentd', ['-c', config, '--no-supervisor', '--log-event-verbose']);
      await line(child, 'stdout', (l) => l.includes('fluentd worker is now running'));
      return { child, port };
    },
  };
}

function fluentdConfig(port: number, sink: number, filter: string): string {
  return `
<source>
  @type forward
  bind 127.0.0.1
  port ${port}
</source>
${filter}
<match **>
  @type forward
  require_ack_response true
  keepalive true
  heartbeat_type none
  <server>
    host 127.0.0.1
    port ${sink}
  </server>
  <buffer tag>
    @type memory
    chunk_limit_size 1m
    total_limit_size 2g
    flush_mode immediate
    flush_thread_interval 0.01
    flush_thread_burst_interval 0.01
    overflow_action block
  </buffer>
</match>
`;
}

/** The rule as a Fluentd user would write it without us: a Ruby condition in a record_transformer. */
const transformer = `
<filter **>
  @type record_transformer
  enable_ruby true
  auto_typecast true
  <record>
    detection \${p = record.dig("azure","signinlogs","properties") || {}; (record.dig("event","dataset") == "azure.signinlogs" && record.dig("event","outcome") == "success" && p["authentication_protocol"] == "deviceCode" && (p["conditional_access_audiences"] || []).any? { |a| a["application_id"] == "29d9ed98-a469-4536-ade2-f981bc1d605e" }) ? {"rules" => [{"id" => "a83b3dac-325a-11ef-b3e6-f661ea17fbce"}]} : nil}
  </record>
</filter>
`;

/** Stages that can run on this machine, the yardstick first. */
export function stagesHere(): Stage[] {
  const stages = [relay, fluentDetect];
  if (spawnSync('fluentd', ['--version']).status === 0) {
    stages.push(fluentdStage('Fluentd, passing through', 'passes on', ''));
    stages.push(fluentdStage('Fluentd, record_transformer', 'one rule, tags inline', transformer));
  }
  return stages;
}
