// A whole stage in this process, on free ports, with a folder of its own: what the tests of the stage talk to.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { configOf } from '../../src/config/load.js';
import { createLog } from '../../src/observe/log.js';
import type { Rule } from '../../src/rules/rule.js';
import type { Rest } from '../../src/stage/stage.js';
import { type RunningStage, startStage } from '../../src/stage/start.js';
import { Downstream, type DownstreamOptions } from './downstream.js';
import { makeRule, ruleSetOf } from './makeRule.js';
import { Sender } from './sender.js';

export interface DriverOptions {
  /** YAML below the inputs, e.g. `memory_limit: 1m`. */
  readonly config?: string;
  /** YAML of the input's own keys. */
  readonly input?: readonly string[];
  readonly rules?: readonly Rule[];
  readonly downstream?: DownstreamOptions;
  /** YAML of the output's own keys. */
  readonly output?: readonly string[];
  /** The alert sink; by default a file. */
  readonly alerts?: string;
  /** Where events come in; by default a free port. */
  readonly listen?: string;
  /** Where events go; by default a receiver of the driver's own. */
  readonly out?: string;
}

export class StageDriver {
  readonly folder: string;
  readonly downstream: Downstream;
  readonly running: RunningStage;
  readonly log: Record<string, unknown>[];

  private constructor(
    folder: string,
    downstream: Downstream,
    running: RunningStage,
    log: Record<string, unknown>[],
  ) {
    this.folder = folder;
    this.downstream = downstream;
    this.running = running;
    this.log = log;
  }

  static async start(options: DriverOptions = {}): Promise<StageDriver> {
    const folder = mkdtempSync(join(tmpdir(), 'fluent-detect-'));
    const downstream = await Downstream.start(options.downstream);
    const text = [
      'inputs:',
      `  - listen: ${options.listen ?? 'forward://127.0.0.1:0'}`,
      ...(options.input ?? []).map((line) => `    ${line}`),
      'output:',
      `  to: ${options.out ?? `forward://127.0.0.1:${downstream.port}`}`,
      '  retry_wait: 20ms',
      ...(options.output ?? []).map((line) => `  ${line}`),
      `alerts: { sinks: ["${options.alerts ?? 'file:alerts.ndjson'}"] }`,
      ...(options.config?.includes('alerts_spool:') ? [] : ['alerts_spool: { path: spool }']),
      'shutdown_timeout: 2s',
      options.config ?? '',
    ].join('\n');
    const context = { cwd: folder, env: {}, isTty: false, hostname: 'test' };
    const name = 'test.yaml';
    const loaded = configOf({ name, path: join(folder, name), text }, {}, context, { output: true });
    if (!('config' in loaded)) throw new Error(JSON.stringify(loaded.errors));
    const log: Record<string, unknown>[] = [];
    const running = await startStage(loaded.config, ruleSetOf(...(options.rules ?? [makeRule()])), {
      stdout: new Writable({ write: (_c, _e, done) => done() }),
      cwd: folder,
      log: createLog({
        level: 'debug',
        format: 'json',
        stream: { write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>) },
      }),
    });
    return new StageDriver(folder, downstream, running, log);
  }

  get port(): number {
    const [first] = this.running.addresses;
    if (first?.kind !== 'tcp') throw new Error('not on TCP');
    return first.port;
  }

  sender(): Promise<Sender> {
    return Sender.to(this.port);
  }

  /** The alerts that the file sink has written. */
  get alerts(): Record<string, unknown>[] {
    try {
      const text = readFileSync(join(this.folder, 'alerts.ndjson'), 'utf8');
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    } catch {
      return [];
    }
  }

  /** One number of the metrics text; 0 when it is not there. */
  async metric(name: string): Promise<number> {
    const { body } = await this.running.metrics.text();
    const line = body.split('\n').find((l) => l.startsWith(`${name} `));
    return line === undefined ? 0 : Number(line.slice(name.length + 1));
  }

  /** Log lines with this code. */
  logged(code: string): Record<string, unknown>[] {
    return this.log.filter((l) => l['code'] === code);
  }

  async stop(): Promise<Rest> {
    const left = await this.running.stop();
    await this.downstream.stop();
    rmSync(this.folder, { recursive: true, force: true });
    return left;
  }
}
