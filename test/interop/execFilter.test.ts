import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fluentd, fileEvents, fileLines, fluentCat, freePort, noFluentd, until } from '../support/fluentd.js';
import { root } from '../support/program.js';
import { match, plain } from '../support/records.js';
import { Sender } from '../support/sender.js';
import { type Plain, pack } from '../support/wire.js';

let folder: string;
const running: Fluentd[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fd-exec-'));
});
afterEach(async () => {
  for (const fluentd of running.splice(0)) await fluentd.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The shipped config with JSON both ways and two children. */
function jsonConfig(): string {
  const shipped = readFileSync(`${root}conf/fluentd-exec-filter.conf`, 'utf8');
  const changed = shipped
    .replaceAll('@type msgpack', '@type json')
    // Fluentd's JSON reader waits for so many bytes (by default 8192) before it takes what came last: less than a record.
    .replace('<parse>', '<parse>\n    stream_buffer_size 64')
    .replace('--format msgpack', '--format json')
    .replace('num_children 1', 'num_children 2');
  const path = join(folder, 'fluentd.conf');
  writeFileSync(path, changed);
  return path;
}

async function start(conf: string): Promise<{ port: number; fluentd: Fluentd }> {
  const port = await freePort();
  const env = {
    FLUENTD_PORT: String(port),
    FLUENTD_DATA: folder,
    FLUENT_DETECT: `${process.execPath} ${root}dist/src/cli/main.js`,
    RULES: `${root}conf/rules`,
  };
  const fluentd = new Fluentd(conf, env, folder);
  running.push(fluentd);
  return { port, fluentd };
}

const seen = (): Set<unknown> => new Set(fileEvents(join(folder, 'events')).map((e) => e.record['n']));
const log = (): string => readFileSync(join(folder, 'fluent-detect.log'), 'utf8');
/** Pids of the children, as their log lines name them. */
const children = (): number[] => [...log().matchAll(/"pid":(\d+),"msg":"ready"/g)].map((m) => Number(m[1]));
const batch = (from: number, count: number): string =>
  Array.from({ length: count }, (_, i) => {
    const n = from + i;
    const record = n % 500 === 7 ? { n, ...match(`m${n}`) } : plain(n);
    return `{"big":9007199254740993,${JSON.stringify(record).slice(1)}\n`;
  }).join('');

describe.skipIf(noFluentd !== null)('two children of a real Fluentd, JSON both ways', () => {
  it('give 10,000 events back, go on after one was killed, and lose nothing when Fluentd shuts down under load', async () => {
    const conf = jsonConfig();
    const { port, fluentd } = await start(conf);
    await fluentCat(port, 'azure.entra', batch(0, 10_000));
    // All but the last of each child, which the reader waits with.
    await until(
      () => seen().size >= 9_998,
      () => `10,000 events (${seen().size})`,
    );
    const events = fileEvents(join(folder, 'events'));
    expect(events.every((e) => e.tag === 'azure.entra' && !('fluent_tag' in e.record))).toBe(true);
    expect(fileLines(join(folder, 'events')).every((l) => l.includes('"big":9007199254740993'))).toBe(true);

    await until(() => children().length === 2, 'two children');
    process.kill(children()[0]!, 'SIGKILL');
    await until(() => children().length === 3, 'a new child');
    // Acked: Fluentd has them in its buffer, or on their way through a child.
    const sender = await Sender.to(port);
    const records = batch(10_000, 2000).trimEnd().split('\n');
    const entries = records.map((line) => [1_773_131_441, JSON.parse(line) as Plain]);
    sender.write(pack(['azure.entra', entries, { chunk: 'c' }]));
    await sender.acked(1);
    await sender.close();
    await fluentd.stop();
    expect(fluentd.log).not.toContain('[error]');

    const again = await start(conf);
    // The child that was killed takes what the reader waited for with it, at most.
    const isBack = (): boolean => {
      const ns = seen();
      return ns.size >= 11_999 && Array.from({ length: 2000 }, (_, i) => 10_000 + i).every((n) => ns.has(n));
    };
    await until(isBack, () => `12,000 events (${seen().size})`);
    const back = fileEvents(join(folder, 'events'));
    expect(new Set(back.filter((e) => 'detection' in e.record).map((e) => e.record['n'])).size).toBe(24);
    const alerts = fileEvents(join(folder, 'alerts'));
    expect(new Set(alerts.map((a) => a.record['n'])).size).toBe(24);
    expect(alerts.every((a) => a.tag === 'alert.azure.entra')).toBe(true);
    await again.fluentd.stop();
    expect(log()).not.toContain('is lost');
  });
});
