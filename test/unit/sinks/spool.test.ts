// Alerts on disk, through what disks do.
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Alert } from '../../../src/alerts/alert.js';
import { encode } from '../../../src/msgpack/encode.js';
import { AlertDelivery } from '../../../src/sinks/delivery.js';
import { type AlertSink, SinkError } from '../../../src/sinks/sink.js';
import { Spool } from '../../../src/sinks/spool.js';
import { noTmpfs, Tmpfs } from '../../support/tmpfs.js';

let path: string;
let spool: Spool | null = null;
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'fd-spool-')), 'spool');
});
afterEach(async () => {
  await spool?.close();
  spool = null;
  rmSync(path, { recursive: true, force: true });
});
const open = async (at = path): Promise<Spool> => {
  spool = await Spool.open(at, Date.UTC(2026, 10, 24));
  return spool;
};

const alert = (n: number, fill = 100): Alert => ({
  id: `id${n}`,
  ruleId: 'r',
  ruleName: 'Rule',
  severity: 'medium',
  riskScore: 47,
  tag: 'alert.a',
  time: encode(1),
  record: encode({ n, fill: 'x'.repeat(fill) }),
});
const some = (count: number, from = 0): Alert[] => Array.from({ length: count }, (_, n) => alert(from + n));
const idsOf = async (s: Spool, sink = 'sink'): Promise<(string | undefined)[]> =>
  (await (await s.queue(sink)).head(1000)).map((a) => a.alert?.id);

class TestSink implements AlertSink {
  readonly name = 'sink';
  readonly got: string[] = [];
  fails: ((alert: Alert) => SinkError | null) | null = null;
  async deliver(alerts: readonly Alert[]): Promise<void> {
    for (const [delivered, a] of alerts.entries()) {
      const error = this.fails?.(a);
      if (error) throw new SinkError(error.message, error.permanent, { delivered });
      this.got.push(a.id);
    }
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

interface Delivering {
  readonly delivery: AlertDelivery;
  readonly sink: TestSink;
  readonly trouble: string[];
}
async function deliver(
  s: Spool,
  over: { maxBytes?: number; maxAge?: number; now?: () => number } = {},
): Promise<Delivering> {
  const sink = new TestSink();
  const trouble: string[] = [];
  const delivery = await AlertDelivery.open([sink], s, {
    maxBytes: 2 ** 20,
    maxAge: 0,
    patience: 1000,
    retryWait: 5,
    retryMaxInterval: 20,
    now: Date.now,
    chance: () => 0.5,
    onOutcome: () => undefined,
    onTrouble: (_, what) => trouble.push(what),
    onSetAside: (_, what) => trouble.push(what),
    onRecovered: () => undefined,
    ...over,
  });
  return { delivery, sink, trouble };
}
const away = (): SinkError => new SinkError('away', false);
const until = async (done: () => boolean): Promise<void> => {
  while (!done()) await new Promise((r) => setTimeout(r, 5));
};

describe('the spool', () => {
  it('keeps the order of a sink over a restart, and delivers by itself', async () => {
    const first = await deliver(await open());
    first.sink.fails = away;
    await first.delivery.submit(some(250));
    expect(await first.delivery.close(50)).toEqual([{ sink: 'sink', unsafe: 0, spooled: 250 }]);
    const second = await deliver(await open());
    await until(() => second.sink.got.length === 250);
    expect(second.sink.got).toEqual(some(250).map((a) => a.id));
    await second.delivery.close(1000);
  });

  it('that is full makes alerts wait, and what waits is delivered when the sink is back', async () => {
    const { delivery, sink, trouble } = await deliver(await open(), { maxBytes: 2000 });
    sink.fails = away;
    let safe = 0;
    const submitted = some(20).map((a) => delivery.submit([a]).then(() => (safe += 1)));
    await until(() => trouble.some((t) => t.includes('spool is full')));
    expect(safe).toBeLessThan(20);
    sink.fails = null;
    await Promise.all(submitted);
    await until(() => sink.got.length === 20);
    expect(sink.got).toEqual(some(20).map((a) => a.id));
    await delivery.close(1000);
  });

  it('sets a poison alert aside with the sink’s reason, and the others go through in order', async () => {
    const { delivery, sink, trouble } = await deliver(await open());
    sink.fails = (a) => (a.id === 'id3' ? new SinkError('bad field', true) : null);
    await delivery.submit(some(6));
    await until(() => sink.got.includes('id5'));
    expect(sink.got).toEqual(['id0', 'id1', 'id2', 'id4', 'id5']);
    const letter = JSON.parse(readFileSync(join(path, 'dead-letters.log'), 'utf8')) as Record<
      string,
      unknown
    >;
    expect(letter).toMatchObject({ sink: 'sink', reason: 'bad field', tag: 'alert.a', alert: { n: 3 } });
    expect(trouble.some((t) => t.includes('dead-letters.log'))).toBe(true);
    await delivery.close(1000);
  });

  it('sets aside what is older than max_age', async () => {
    let now = 1000;
    const { delivery, sink } = await deliver(await open(), { maxAge: 5000, now: () => now });
    sink.fails = away;
    await delivery.submit(some(2));
    now += 10_000;
    await delivery.submit(some(1, 2));
    sink.fails = null;
    await until(() => sink.got.length === 1);
    expect(sink.got).toEqual(['id2']);
    expect(readFileSync(join(path, 'dead-letters.log'), 'utf8').trim().split('\n')).toHaveLength(2);
    await delivery.close(1000);
  });

  it('names alerts of a sink that nobody has any more', async () => {
    const s = await open();
    await (await s.queue('http://gone/')).append(some(3), 1);
    await s.queue('sink');
    await s.close();
    const again = await open();
    await again.queue('sink');
    expect(await again.unclaimed()).toEqual([{ sink: 'http://gone/', alerts: 3 }]);
  });

  it('in use by another process is not opened, and says so', async () => {
    await open();
    await expect(Spool.open(path, 0)).rejects.toMatchObject({
      locked: true,
      message: expect.stringContaining('another process uses it'),
    });
  });
});

describe('a queue that takes over what another spool holds for its sink', () => {
  let other: Spool;
  beforeEach(async () => {
    other = await Spool.open(`${path}-2`, 0);
  });
  afterEach(async () => {
    await other.close();
    rmSync(`${path}-2`, { recursive: true, force: true });
  });

  it('has it behind its own, in order, and the other has it no more; over a restart too', async () => {
    const own = await (await open()).queue('sink');
    await own.append(some(3), 1);
    const from = await other.queue('sink');
    // More than one step of it, by number and by bytes.
    await from.append(some(1500, 3), 7);
    await from.append(
      Array.from({ length: 4 }, (_, n) => alert(1503 + n, 600_000)),
      7,
    );
    expect(await own.takeOver(from, 2 ** 30)).toBe(1504);
    expect(own.count).toBe(1507);
    await own.append(some(1, 1507), 9);
    await spool!.close();
    const again = await (await open()).queue('sink');
    const all = await again.head(2000);
    expect(all.map((a) => a.alert!.id)).toEqual(some(1508).map((a) => a.id));
    // max_age goes on from when an alert was spooled first.
    expect(new Set(all.slice(3, -1).map((a) => a.at))).toEqual(new Set([7]));
    expect([again.count, again.missing]).toEqual([1508, 0]);
    expect(await (await other.queue('sink')).head(1)).toEqual([]);
  });

  it('takes no more than fits under max_bytes, and the rest later', async () => {
    const own = await (await open()).queue('sink');
    const from = await other.queue('sink');
    const { bytes } = (await from.append(some(5), 1))[0]!;
    expect(await own.takeOver(from, 3 * bytes)).toBe(3);
    expect(await own.takeOver(from, 4 * bytes - 1)).toBe(0);
    expect(await own.takeOver(from, 4 * bytes)).toBe(1);
    expect(await own.takeOver(from, 2 ** 20)).toBe(1);
    expect(await idsOf(spool!)).toEqual(some(5).map((a) => a.id));
  });
});

describe('a damaged spool', () => {
  const written = async (): Promise<void> => {
    const s = await open();
    await (await s.queue('sink')).append(some(50), 1);
    await s.close();
    // Opened once more, so that the log has become a table.
    await (await open()).close();
  };
  const find = (pattern: RegExp): string => join(path, readdirSync(path).find((f) => pattern.test(f))!);

  it.each([
    ['a CURRENT that is gone', () => rmSync(join(path, 'CURRENT'))],
    ['a CURRENT that is empty', () => writeFileSync(join(path, 'CURRENT'), '')],
    ['a MANIFEST that is gone', () => rmSync(find(/^MANIFEST/))],
    ['a MANIFEST of noise', () => writeFileSync(find(/^MANIFEST/), Buffer.alloc(200, 7))],
  ])('with %s is repaired with all its alerts, said, and kept as it was', async (_, damage) => {
    await written();
    damage();
    const s = await open();
    expect(s.damage?.why).toBeTruthy();
    expect(existsSync(s.damage!.copy!)).toBe(true);
    expect(await idsOf(s)).toEqual(some(50).map((a) => a.id));
    rmSync(s.damage!.copy!, { recursive: true });
  });

  it('with a table of noise starts all the same, and says so', async () => {
    await written();
    writeFileSync(find(/\.ldb$/), Buffer.alloc(5000, 7));
    const s = await open();
    expect(s.damage?.why).toBeTruthy();
    await s.queue('sink');
    if (s.damage?.copy) rmSync(s.damage.copy, { recursive: true });
  });

  it('whose log was cut off at any byte has all that came before, in order', async () => {
    const s = await open();
    const queue = await s.queue('sink');
    for (let n = 0; n < 5; n += 1) await queue.append([alert(n)], 1);
    await s.close();
    const name = find(/\.log$/);
    const whole = readFileSync(name);
    for (let cut = whole.length; cut > 0; cut -= 41) {
      const copy = `${path}-${cut}`;
      cpSync(path, copy, { recursive: true });
      writeFileSync(join(copy, name.slice(path.length + 1)), whole.subarray(0, cut));
      const torn = await Spool.open(copy, 0);
      const ids = await idsOf(torn);
      expect(ids).toEqual(
        some(5)
          .map((a) => a.id)
          .slice(0, ids.length),
      );
      expect(ids.length).toBeGreaterThanOrEqual(Math.floor((cut / whole.length) * 5));
      await torn.close();
      rmSync(copy, { recursive: true });
    }
  });
});

describe.skipIf(noTmpfs !== null)('a full disk', () => {
  let disk: Tmpfs;
  beforeEach(() => {
    disk = Tmpfs.mount('3m')!;
  });
  afterEach(async () => {
    await spool?.close();
    spool = null;
    disk.unmount();
  });

  it('makes alerts wait in memory, unacked; with room again all of them arrive, in order and none twice missing', async () => {
    const s = await open(join(disk.path, 'spool'));
    const { delivery, sink, trouble } = await deliver(s, { maxBytes: 2 ** 30 });
    sink.fails = away;
    await delivery.submit(some(5));
    disk.fill();
    let safe = 0;
    const later = Array.from({ length: 30 }, (_, n) => alert(5 + n, 60_000));
    const submitted = later.map((a) => delivery.submit([a]).then(() => (safe += 1)));
    await until(() => trouble.some((t) => t.includes('cannot be written')));
    expect(safe).toBeLessThan(30);
    disk.empty();
    sink.fails = null;
    await Promise.all(submitted);
    await until(() => new Set(sink.got).size === 35);
    expect([...new Set(sink.got)]).toEqual([...some(5), ...later].map((a) => a.id));
    await delivery.close(1000);
  });

  it('holds a poison alert back until the dead-letter file can be written', async () => {
    const s = await open(join(disk.path, 'spool'));
    const { delivery, sink, trouble } = await deliver(s);
    disk.fill();
    sink.fails = (a) => (a.id === 'id0' ? new SinkError('bad field', true) : null);
    const submitted = delivery.submit(some(2));
    await until(() => trouble.some((t) => t.includes('dead-letter file cannot be written')));
    disk.empty();
    await submitted;
    await until(() => sink.got.length === 1);
    expect(
      readFileSync(join(disk.path, 'spool', 'dead-letters.log'), 'utf8')
        .trim()
        .split('\n'),
    ).toHaveLength(1);
    await delivery.close(1000);
  });
});
