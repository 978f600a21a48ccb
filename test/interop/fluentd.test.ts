import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FluentClient } from '@fluent-org/logger';
import fluentLogger from 'fluent-logger';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fluentd, fileEvents, fileLines, fluentCat, freePort, noFluentd, until } from '../support/fluentd.js';
import { Program, root } from '../support/program.js';
import { match, plain } from '../support/records.js';
import type { Plain } from '../support/wire.js';

const rules = `${root}conf/rules`;
let folder: string;
const running: { stop(): Promise<unknown> }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fd-fluentd-'));
});
afterEach(async () => {
  for (const r of running.splice(0).reverse()) await r.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Loop {
  readonly port: number;
  readonly stage: () => Program;
  readonly startStage: () => Program;
}

/** conf/fluentd.conf as it is shipped, and the stage beside it. */
async function startLoop(): Promise<Loop> {
  const [port, stagePort, returnPort] = [await freePort(), await freePort(), await freePort()];
  const env = {
    FLUENTD_PORT: String(port),
    STAGE_PORT: String(stagePort),
    RETURN_PORT: String(returnPort),
    FLUENTD_DATA: folder,
  };
  const to = `forward://127.0.0.1:${returnPort}`;
  let program: Program;
  const startStage = (): Program => {
    program = new Program(
      [
        'run',
        '--log-format',
        'json',
        '--in',
        `forward://127.0.0.1:${stagePort}`,
        '--out',
        to,
        '--alerts',
        to,
        '--rules',
        rules,
      ],
      { cwd: folder },
    );
    return program;
  };
  await startStage().ready();
  running.push({ stop: () => program.kill() });
  running.push(new Fluentd(`${root}conf/fluentd.conf`, env, folder));
  return { port, stage: () => program, startStage };
}

const idOf = (record: Plain): string => (record['event'] as { id: string }).id;

describe.skipIf(noFluentd !== null)('real Fluentd on both sides of the stage (conf/fluentd.conf)', () => {
  it('gets all of 10,000 events back, the right ones tagged, and their alerts in a file of their own', async () => {
    const { port } = await startLoop();
    const lines = Array.from({ length: 10_000 }, (_, n) =>
      JSON.stringify(n % 500 === 7 ? { n, ...match(`m${n}`) } : { ...plain(n), big: 9_007_199_254_740_992 }),
    );
    await fluentCat(port, 'azure.entra', `${lines.join('\n')}\n`);
    const events = (): ReturnType<typeof fileEvents> => fileEvents(join(folder, 'events'));
    const alerts = (): ReturnType<typeof fileEvents> => fileEvents(join(folder, 'alerts'));
    await until(() => events().length >= 10_000 && alerts().length >= 20, '10,000 events and 20 alerts');
    const back = events();
    expect(new Set(back.map((e) => e.record['n'])).size).toBe(10_000);
    expect(back.every((e) => e.tag === 'azure.entra')).toBe(true);
    const tagged = back.filter((e) => 'detection' in e.record).map((e) => e.record['n'] as number);
    expect(tagged.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n * 500 + 7));
    expect(alerts()).toHaveLength(20);
    expect(alerts().every((a) => a.tag === 'alert.azure.entra')).toBe(true);
    expect(
      back.filter((e) => 'big' in e.record).every((e) => e.record['big'] === 9_007_199_254_740_992),
    ).toBe(true);
  });

  it('loses no event when the stage is killed again and again under load', async () => {
    const { port, stage, startStage } = await startLoop();
    const sending = (async () => {
      for (let batch = 0; batch < 10; batch += 1) {
        const lines = Array.from({ length: 300 }, (_, n) => JSON.stringify(match(`${batch}-${n}`)));
        await fluentCat(port, 'azure.entra', `${lines.join('\n')}\n`);
      }
    })();
    for (let round = 0; round < 4; round += 1) {
      await new Promise((r) => setTimeout(r, 1500));
      stage().signal('SIGKILL');
      await stage().exited;
      await startStage().ready();
    }
    await sending;
    const ids = (): Set<string> => new Set(fileEvents(join(folder, 'events')).map((e) => idOf(e.record)));
    await until(() => ids().size >= 3000, '3,000 events after four kills', 90_000);
    const back = fileEvents(join(folder, 'events'));
    expect(back.every((e) => 'detection' in e.record)).toBe(true);
    const uuids = fileEvents(join(folder, 'alerts')).map((a) => {
      const { alert } = a.record['kibana'] as { alert: { uuid?: string } };
      return alert.uuid ?? '';
    });
    expect(uuids.filter((u) => u !== '').length).toBeGreaterThanOrEqual(100);
  });
});

describe('real client libraries', () => {
  it.each(['Message', 'PackedForward', 'CompressedPackedForward'])(
    'fluent-logger in its %s mode is acked, and its events go on',
    async (eventMode) => {
      const program = new Program(
        [
          'run',
          '--log-format',
          'json',
          '--in',
          'forward://127.0.0.1:0',
          '--out',
          'file:out.ndjson',
          '--rules',
          rules,
        ],
        { cwd: folder },
      );
      running.push({ stop: () => program.kill() });
      const sender = fluentLogger.createFluentSender<Plain>('app', {
        host: '127.0.0.1',
        port: await program.port(),
        timeout: 3,
        eventMode,
        flushInterval: 10,
        requireAckResponse: true,
      });
      await new Promise<void>((resolve, reject) => {
        (sender as unknown as NodeJS.EventEmitter).on('error', reject);
        let left = 20;
        for (let n = 0; n < 20; n += 1)
          sender.emit('x', n === 3 ? match('m') : plain(n), (error?: Error) => {
            if (error) reject(error);
            left -= 1;
            if (left === 0) resolve();
          });
      });
      (sender as unknown as { end(): void }).end();
      const lines = readFileSync(join(folder, 'out.ndjson'), 'utf8').trimEnd().split('\n');
      expect(lines).toHaveLength(20);
      expect(lines.filter((l) => l.includes('"detection"'))).toHaveLength(1);
    },
  );

  it.each(['Message', 'Forward', 'PackedForward', 'CompressedPackedForward'] as const)(
    '@fluent-org/logger in its %s mode is acked, and its events go on',
    async (eventMode) => {
      const program = new Program(
        [
          'run',
          '--log-format',
          'json',
          '--in',
          'forward://127.0.0.1:0',
          '--out',
          'file:out.ndjson',
          '--rules',
          rules,
        ],
        { cwd: folder },
      );
      running.push({ stop: () => program.kill() });
      const client = new FluentClient('app', {
        eventMode,
        socket: { host: '127.0.0.1', port: await program.port() },
        ack: { ackTimeout: 3000 },
      });
      await Promise.all(
        Array.from({ length: 20 }, (_, n) => client.emit('x', n === 3 ? match('m') : plain(n))),
      );
      await client.shutdown();
      const lines = readFileSync(join(folder, 'out.ndjson'), 'utf8').trimEnd().split('\n');
      expect(lines).toHaveLength(20);
      expect(lines.filter((l) => l.includes('"detection"'))).toHaveLength(1);
    },
  );
});

describe.skipIf(noFluentd !== null)('a child of real Fluentd (conf/fluentd-exec-filter.conf)', () => {
  const start = async (): Promise<{ port: number; fluentd: Fluentd }> => {
    const port = await freePort();
    const env = {
      FLUENTD_PORT: String(port),
      FLUENTD_DATA: folder,
      FLUENT_DETECT: `${process.execPath} ${root}dist/src/cli/main.js`,
      RULES: rules,
    };
    const fluentd = new Fluentd(`${root}conf/fluentd-exec-filter.conf`, env, folder);
    running.push(fluentd);
    return { port, fluentd };
  };

  it('gives all of 10,000 events back with tags, alerts under their own tag, and large integers whole', async () => {
    const { port } = await start();
    const lines = Array.from({ length: 10_000 }, (_, n) => {
      const record = n % 500 === 7 ? { n, ...match(`m${n}`) } : plain(n);
      return `{"big":9007199254740993,${JSON.stringify(record).slice(1)}`;
    });
    await fluentCat(port, 'azure.entra', `${lines.join('\n')}\n`);
    await until(
      () =>
        fileEvents(join(folder, 'events')).length >= 10_000 &&
        fileEvents(join(folder, 'alerts')).length >= 20,
      '10,000 events and 20 alerts',
    );
    const back = fileEvents(join(folder, 'events'));
    expect(new Set(back.map((e) => e.record['n'])).size).toBe(10_000);
    expect(back.filter((e) => 'detection' in e.record)).toHaveLength(20);
    expect(fileEvents(join(folder, 'alerts')).every((a) => a.tag === 'alert.azure.entra')).toBe(true);
    expect(back.every((e) => !('fluent_tag' in e.record) && e.tag === 'azure.entra')).toBe(true);
    expect(fileLines(join(folder, 'events')).every((l) => l.includes('"big":9007199254740993'))).toBe(true);
  });

  it('loses nothing when Fluentd shuts down under load', async () => {
    const { port, fluentd } = await start();
    const lines = Array.from({ length: 5000 }, (_, n) => JSON.stringify(plain(n)));
    await fluentCat(port, 'azure.entra', `${lines.join('\n')}\n`);
    await new Promise((r) => setTimeout(r, 1500));
    await fluentd.stop();
    const again = await start();
    await until(
      () => new Set(fileEvents(join(folder, 'events')).map((e) => e.record['n'])).size >= 5000,
      '5,000 events',
    );
    await again.fluentd.stop();
  });
});
