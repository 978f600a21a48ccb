// Payloads that take long to inflate: their connection waits for them, and nobody else.
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { match, plain } from '../../support/records.js';
import { StageDriver } from '../../support/stageDriver.js';
import { entries, messageMode, pack } from '../../support/wire.js';

let stage: StageDriver;
afterEach(() => stage.stop());

const MIB = 2 ** 20;
const fill = 'x'.repeat(48 * MIB);
const bomb = gzipSync(entries([{ n: 0, fill }]), { level: 1 });
/** Its trailer tells of the last event alone. */
const lying = Buffer.concat([bomb, gzipSync(entries([{ n: 1 }]))]);
const gzip = (chunk: string, payload: Buffer): Buffer =>
  pack(['large', payload, { compressed: 'gzip', chunk }]);
const small = (chunk: string, n = 0): Buffer => messageMode('small', plain(n), { chunk });

describe('a payload that inflates to tens of megabytes', () => {
  it.each([
    ['', bomb],
    [' that its trailer does not tell', lying],
  ])('%s holds no other connection up, and keeps its place on its own', async (_, payload) => {
    stage = await StageDriver.start();
    const [sender, other] = [await stage.sender(), await stage.sender()];
    sender.write(small('s0'), gzip('b1', payload), small('s2'), gzip('b3', payload), small('s4'));
    await sender.acked(1);
    for (let n = 0; n < 3; n += 1) {
      other.write(small(`o${n}`));
      await other.acked(n + 1);
    }
    expect(sender.acks).toEqual(['s0']);
    await sender.acked(5);
    expect(sender.acks).toEqual(['s0', 'b1', 's2', 'b3', 's4']);
    const { messages } = stage.downstream;
    expect(messages.filter((m) => m.tag === 'large').map((m) => m.payload.equals(payload))).toEqual([
      true,
      true,
    ]);
    expect(messages.at(-1)!.tag).toBe('small');
    // Its connection is read on.
    sender.write(small('s5'));
    await sender.acked(6);
    await Promise.all([sender.close(), other.close()]);
  });

  it('is judged: its event goes on tagged, and alerts once', async () => {
    stage = await StageDriver.start();
    const sender = await stage.sender();
    const payload = gzipSync(entries([{ ...match('m'), fill: 'x'.repeat(10 * MIB) }]), { level: 1 });
    for (const chunk of ['a', 'b']) sender.write(gzip(chunk, payload));
    await sender.acked(2);
    expect(stage.downstream.events.map(({ record }) => 'detection' in record)).toEqual([true, true]);
    expect(stage.alerts).toHaveLength(1);
    await sender.close();
  });

  it('costs its connection where it is over its limit or broken, and what came before and from others goes on', async () => {
    stage = await StageDriver.start({ input: ['decompression_size_limit: 32m'] });
    for (const [payload, reason] of [
      [bomb, 'inflated_too_large'],
      [
        Buffer.concat([gzipSync(entries([{ fill: 'x'.repeat(10 * MIB) }])), Buffer.from('more')]),
        'inflate_failed',
      ],
    ] as const) {
      const [sender, other] = [await stage.sender(), await stage.sender()];
      sender.write(small('before'), gzip('b', payload), small('behind'));
      other.write(small('o'));
      await Promise.all([sender.ended(), other.acked(1)]);
      expect(sender.acks).toEqual(['before']);
      expect(await stage.metric(`fluent_detect_rejected_total{reason="${reason}"}`)).toBe(1);
      await other.close();
    }
    expect(stage.downstream.events.map((e) => e.tag)).toEqual(['small', 'small', 'small', 'small']);
  });

  it('on many connections at once is read one at a time, and all of it arrives though memory is short', async () => {
    stage = await StageDriver.start({ config: 'memory_limit: 4m' });
    const payload = gzipSync(entries([match('m'), { fill: 'x'.repeat(9 * MIB) }]), { level: 1 });
    const senders = await Promise.all(Array.from({ length: 4 }, () => stage.sender()));
    for (const s of senders) s.write(gzip('b1', payload), small('s2'), gzip('b3', payload), small('s4'));
    await Promise.all(senders.map((s) => s.acked(4)));
    for (const s of senders) expect(s.acks).toEqual(['b1', 's2', 'b3', 's4']);
    expect(stage.downstream.messages.filter((m) => m.tag === 'large')).toHaveLength(8);
    expect(stage.alerts).toHaveLength(1);
    await Promise.all(senders.map((s) => s.close()));
  });

  it('that was accepted is finished when the stage is stopped', async () => {
    stage = await StageDriver.start();
    const sender = await stage.sender();
    const payload = gzipSync(entries([{ fill: 'x'.repeat(10 * MIB) }]), { level: 1 });
    sender.write(small('s'), gzip('b', payload));
    await sender.acked(1);
    expect(await stage.running.stop()).toEqual({ chunks: [], sinks: [] });
    expect(sender.acks).toEqual(['s', 'b']);
  });
});
