// `output.buffer: disk`, in a whole stage.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Downstream } from '../../support/downstream.js';
import { match, plain } from '../../support/records.js';
import { type DriverOptions, StageDriver } from '../../support/stageDriver.js';
import { entries, messageMode, packedMode } from '../../support/wire.js';

let folder: string;
let stage: StageDriver | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fd-buffer-'));
});
afterEach(async () => {
  await stage?.stop();
  stage = null;
  rmSync(folder, { recursive: true, force: true });
});

const start = async (options: DriverOptions = {}): Promise<StageDriver> => {
  stage = await StageDriver.start({
    ...options,
    output: ['buffer: disk', `buffer_path: ${folder}`, ...(options.output ?? [])],
  });
  return stage;
};
const numbers = (d: Downstream): unknown[] => d.events.map((e) => e.record['n']);

describe('output.buffer: disk', () => {
  it('acks while the output is away, and delivers in order when it is back', async () => {
    const s = await start();
    const { port } = s.downstream;
    await s.downstream.stop();
    const sender = await s.sender();
    for (let n = 0; n < 100; n += 1) sender.write(messageMode('a', plain(n), { chunk: `c${n}` }));
    await sender.acked(100);
    expect(await s.metric('fluent_detect_buffer_bytes')).toBeGreaterThan(0);
    expect(await s.metric('fluent_detect_events_out_total')).toBe(0);
    const back = await Downstream.start({}, port);
    await back.receivedEvents(100);
    expect(numbers(back)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    while ((await s.metric('fluent_detect_buffer_bytes')) > 0) await new Promise((r) => setTimeout(r, 10));
    expect(await s.metric('fluent_detect_events_out_total')).toBe(100);
    await back.stop();
  });

  it('delivers after a restart what it has acked, byte for byte, tags and options too', async () => {
    const s = await start();
    const { port } = s.downstream;
    await s.downstream.stop();
    const sender = await s.sender();
    const payload = entries([plain(1), match('m')]);
    sender.write(
      packedMode('one', payload, { chunk: 'c', size: 2, own: 'x' }),
      packedMode('two', entries([plain(2)]), { chunk: 'd', fluent_signal: 1 }),
    );
    await sender.acked(2);
    expect((await s.running.stop()).chunks).toEqual([]);
    const back = await Downstream.start({}, port);
    const again = await start({ out: `forward://127.0.0.1:${port}` });
    await back.received(2);
    expect(back.messages.map((m) => [m.tag, m.option['own'], m.option['fluent_signal']])).toEqual([
      ['one', 'x', undefined],
      ['two', undefined, 1],
    ]);
    expect(back.events[0]!.record).toEqual(plain(1));
    expect(back.events[1]!.record).toHaveProperty('detection');
    expect(back.messages[1]!.payload.equals(entries([plain(2)]))).toBe(true);
    await again.running.stop();
    await back.stop();
    // Everything was delivered: a third start has nothing left.
    const third = await start();
    expect(await third.metric('fluent_detect_buffer_bytes')).toBe(0);
  });

  it('that is full holds acks back, and goes on when there is room', async () => {
    const s = await start({ output: ['buffer_total_limit_size: 1m'] });
    const { port } = s.downstream;
    await s.downstream.stop();
    const sender = await s.sender();
    const total = 60;
    for (let n = 0; n < total; n += 1)
      sender.write(packedMode('a', entries([{ n, fill: 'x'.repeat(50_000) }]), { chunk: `c${n}` }));
    await sender.acked(15);
    while (s.logged('buffer_waiting').length === 0) await new Promise((r) => setTimeout(r, 10));
    expect(sender.acks.length).toBeLessThan(40);
    expect(await s.metric('fluent_detect_output_up')).toBe(0);
    const back = await Downstream.start({}, port);
    await sender.acked(total);
    await back.receivedEvents(total);
    expect(numbers(back)).toEqual(Array.from({ length: total }, (_, n) => n));
    await back.stop();
  });

  it('is nobody else’s: a second stage on the same folder does not start, and says why', async () => {
    await start();
    await expect(StageDriver.start({ output: ['buffer: disk', `buffer_path: ${folder}`] })).rejects.toThrow(
      /another process uses it/,
    );
  });
});
