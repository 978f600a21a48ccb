// The stages under measurement, each started between a sender and the sink: the plain relay, fluent-detect, and the
// peers that this machine has (Fluentd from RubyGems; Fluent Bit where FLUENT_BIT names a binary).
import { type ChildProcess, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fluentBit } from './fluentBit.js';
import { fluentd } from './fluentd.js';
import { freePort, line, pinned, scratchFolder } from './machine.js';
import { seedRule, variants } from './rules.js';
import type { Scenario } from './scenario.js';

const here = dirname(fileURLToPath(import.meta.url));
export const STAGE_CORE = 1;

export interface Running {
  readonly child: ChildProcess;
  readonly port: number;
  /** Where its alerts go, one a line; null: it makes none. */
  readonly alerts: string | null;
}
export interface Stage {
  readonly name: string;
  /** `nothing`: it only passes on. `one rule`: it cannot be asked for more. */
  readonly work: 'nothing' | 'one rule' | 'n rules';
  /** An ack says that the sink has acked; else only that the stage has taken the chunk. */
  readonly acksEndToEnd: boolean;
  /** Of how many fewer events a repetition is made. */
  readonly slowness: number;
  start(sink: number, scenario: Pick<Scenario, 'rules' | 'workers'>): Promise<Running>;
}

const relay: Stage = {
  name: 'relay (net.pipe)',
  work: 'nothing',
  acksEndToEnd: true,
  slowness: 1,
  async start(sink) {
    const port = await freePort();
    const child = pinned(STAGE_CORE, process.execPath, [join(here, 'relay.js'), String(port), String(sink)]);
    await line(child, 'stderr', (l) => l === 'ready');
    return { child, port, alerts: null };
  },
};

const fluentDetect: Stage = {
  name: 'fluent-detect',
  work: 'n rules',
  acksEndToEnd: true,
  slowness: 1,
  async start(sink, { rules, workers }) {
    const folder = scratchFolder();
    const file = join(folder, 'rules.ndjson');
    const alerts = join(folder, 'alerts.ndjson');
    writeFileSync(file, [seedRule(), ...variants(rules - 1)].map((r) => JSON.stringify(r)).join('\n'));
    const config = join(folder, 'bench.yaml');
    writeFileSync(config, `workers: ${workers}\n`);
    const to = ['--out', `forward://127.0.0.1:${sink}`, '--alerts', `file:${alerts}`];
    const from = ['--config', config, '--in', 'forward://127.0.0.1:0', '--rules', file];
    const args = ['run', ...from, ...to, '--log-format', 'json'];
    // In a folder of its own: caps and look-back of an earlier run would be known there.
    const main = join(here, '..', 'src', 'cli', 'main.js');
    const core = workers > 1 ? 'all' : STAGE_CORE;
    const child = pinned(core, process.execPath, [...nodeFlags(), main, ...args], { cwd: folder });
    const ready = await line(child, 'stderr', (l) => l.includes('"msg":"ready"'));
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(String((JSON.parse(ready) as { in: unknown }).in))?.[1]);
    return { child, port, alerts };
  },
};

/** For `npm run profile`: flags that the stage under measurement is started with. */
function nodeFlags(): string[] {
  return (process.env['BENCH_NODE_FLAGS'] ?? '').split(' ').filter(Boolean);
}

/** Stages that can run on this machine, the yardstick first. */
export function stagesHere(): Stage[] {
  const stages = [relay, fluentDetect];
  const bit = process.env['FLUENT_BIT'];
  if (bit) stages.push(fluentBit(bit, false), fluentBit(bit, true));
  if (spawnSync('fluentd', ['--version']).status === 0) stages.push(fluentd(false), fluentd(true));
  return stages;
}
