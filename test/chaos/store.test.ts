// The stores on disk against SIGKILL: a writer is killed again and again, and what it had been told is on disk is there.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SegmentLog } from '../../src/sinks/segmentLog.js';
import { Spool } from '../../src/sinks/spool.js';
import { figures, long } from '../support/chaos.js';
import { root } from '../support/program.js';

const KILLS = long ? 100 : 8;
let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'fd-kill-'));
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

/** Runs the writer for a while, kills it, and returns the last number that the disk has confirmed. */
async function killedWriter(kind: 'spool' | 'log', first: number, afterWrites: number): Promise<number> {
  const child = spawn(process.execPath, [`${root}test/support/spoolWriter.mjs`, kind, path, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  const closed = once(child, 'close');
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.split('\n').length > afterWrites) child.kill('SIGKILL');
  });
  const [code] = (await closed) as [number | null];
  expect(code).toBeNull();
  const whole = said.slice(0, said.lastIndexOf('\n'));
  return Number(whole.split('\n').at(-1));
}

async function inSpool(): Promise<number[]> {
  const spool = await Spool.open(path, Date.now());
  expect(spool.damage).toBeNull();
  const queue = await spool.queue('sink');
  const numbers = (await queue.head(1e9)).map((a) => Number(a.alert!.id));
  await spool.close();
  return numbers;
}

async function inLog(): Promise<number[]> {
  const numbers: number[] = [];
  const log = await SegmentLog.open({
    path,
    segmentBytes: 200_000,
    from: 0,
    onDamaged: (_, file) => {
      throw new Error(`${file} is damaged`);
    },
  });
  for (let at = log.start; ; ) {
    const record = await log.read(at);
    if (!record) break;
    numbers.push(Number(record.body.toString('latin1', 0, 10)));
    at = record.end;
  }
  await log.close();
  return numbers;
}

describe.each([
  ['spool', inSpool],
  ['log', inLog],
] as const)('a %s whose writer is killed again and again', (kind, read) => {
  it('has everything that was confirmed, once and in order, and at most one record that was not', async () => {
    let next = 0;
    let unconfirmed = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const confirmed = await killedWriter(kind, next, 3 + ((kill * 13) % 40));
      const numbers = await read();
      expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, n) => n));
      expect(numbers.length - 1).toBeGreaterThanOrEqual(confirmed);
      expect(numbers.length - 1).toBeLessThanOrEqual(confirmed + 2);
      unconfirmed += numbers.length - 1 - confirmed;
      next = numbers.length;
    }
    figures(`${kind}, writer killed`, {
      kills: KILLS,
      records: next,
      lost: 0,
      written_but_not_said: unconfirmed,
    });
  });
});
