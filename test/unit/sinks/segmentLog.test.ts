import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SegmentLog } from '../../../src/sinks/segmentLog.js';

let path: string;
let damaged: string[];
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'fd-log-'));
  damaged = [];
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

const open = (segmentBytes = 1000, from = 0): Promise<SegmentLog> =>
  SegmentLog.open({ path, segmentBytes, from, onDamaged: (_, file) => damaged.push(file) });
const record = (n: number): Buffer => Buffer.from(`record ${n} ${'x'.repeat(200)}`);
const segments = (): string[] =>
  readdirSync(path)
    .filter((n) => n.endsWith('.segment'))
    .sort();

async function filled(count: number): Promise<SegmentLog> {
  const log = await open();
  for (let n = 0; n < count; n += 1) await log.append([[record(n).subarray(0, 5), record(n).subarray(5)]]);
  return log;
}

async function all(log: SegmentLog, from = log.start): Promise<string[]> {
  const out: string[] = [];
  for (let at = from; ; ) {
    const next = await log.read(at);
    if (!next) return out;
    out.push(next.body.toString().split(' ').slice(0, 2).join(' '));
    at = next.end;
  }
}
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, n) => `record ${from + n}`);

describe('the log of segments', () => {
  it('gives back what was appended, in order, over segments and after it was opened again', async () => {
    const log = await filled(20);
    expect(await all(log)).toEqual(numbers(0, 20));
    expect(segments().length).toBeGreaterThan(3);
    await log.close();
    const again = await open();
    expect(await all(again)).toEqual(numbers(0, 20));
    await again.append([[record(20)]]);
    expect(await all(again)).toEqual(numbers(0, 21));
    await again.close();
  });

  it('takes more records at once than the system writes at once', async () => {
    const log = await open();
    await log.append(
      Array.from({ length: 500 }, (_, n) => [record(n).subarray(0, 9), record(n).subarray(9)]),
    );
    expect(await all(log)).toEqual(numbers(0, 500));
    await log.close();
  });

  it('removes files that lie before a position, and no other', async () => {
    const log = await filled(20);
    const third = (await log.read((await log.read(0))!.end))!.end;
    await log.release(third);
    expect(await all(log, third)).toEqual(numbers(2, 20));
    await log.release(log.end);
    expect(segments()).toHaveLength(1);
    await log.release(log.end, true);
    expect(segments()).toHaveLength(0);
    await log.close();
    // Positions go on where they were.
    const again = await open(1000, log.end);
    await again.append([[record(1)]]);
    expect(again.start).toBe(log.end);
    await again.close();
  });

  it('cut off at any byte loses the record at the cut and nothing before it', async () => {
    await (await filled(3)).close();
    const name = join(path, segments()[0]!);
    const whole = readFileSync(name);
    const length = whole.length / 3;
    for (let cut = whole.length - 1; cut >= 0; cut -= 3) {
      writeFileSync(name, whole.subarray(0, cut));
      const log = await open();
      expect(await all(log)).toEqual(numbers(0, Math.floor(cut / length)));
      await log.append([[record(9)]]);
      expect((await all(log)).at(-1)).toBe('record 9');
      await log.close();
    }
    expect(damaged).toEqual([]);
  });

  it('with a byte turned over in the middle says so, keeps the file, and goes on with the next one', async () => {
    await (await filled(20)).close();
    const [first, second] = segments() as [string, string];
    const bytes = readFileSync(join(path, first));
    bytes[300] = bytes[300]! ^ 0xff;
    writeFileSync(join(path, first), bytes);
    const log = await open();
    const left = await all(log);
    expect(left[0]).toBe('record 0');
    expect(left.at(-1)).toBe('record 19');
    expect(damaged).toEqual([join(path, first)]);
    await log.release(Number(second.slice(0, 16)));
    expect(readdirSync(path)).toContain(`${first}.damaged`);
    await log.close();
  });

  it('with a byte turned over in its last file, too, does not take it for a torn end', async () => {
    await (await filled(3)).close();
    const name = join(path, segments()[0]!);
    const bytes = readFileSync(name);
    bytes[30] = bytes[30]! ^ 0xff;
    writeFileSync(name, bytes);
    const log = await open();
    expect(await all(log)).toEqual([]);
    expect(damaged).toEqual([name]);
    expect(readFileSync(name)).toHaveLength(bytes.length);
    await log.append([[record(9)]]);
    expect((await all(log)).at(-1)).toBe('record 9');
    await log.close();
  });

  it('with noise behind its last record drops the noise', async () => {
    await (await filled(2)).close();
    const name = join(path, segments()[0]!);
    appendFileSync(name, Buffer.alloc(500, 0x46));
    const log = await open();
    expect(await all(log)).toEqual(numbers(0, 2));
    await log.close();
    truncateSync(name, 0);
    const empty = await open();
    expect(await all(empty)).toEqual([]);
    await empty.close();
  });
});
