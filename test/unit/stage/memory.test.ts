// Senders that would fill the memory, each in its own way.
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { match, plain } from '../../support/records.js';
import { StageDriver } from '../../support/stageDriver.js';
import { entries, messageMode, pack, packedMode } from '../../support/wire.js';

let stage: StageDriver;
afterEach(() => stage.stop());

const large = (n: number, bytes: number): Buffer =>
  packedMode('large', entries([{ n, fill: 'x'.repeat(bytes) }]), { chunk: `c${n}` });

describe('half-sent large messages on many connections', () => {
  it('take turns: small messages pass them, and each arrives when its sender goes on', async () => {
    stage = await StageDriver.start({ config: 'memory_limit: 4m' });
    const message = large(0, 800_000);
    const senders = await Promise.all(Array.from({ length: 16 }, () => stage.sender()));
    for (const s of senders) s.write(message.subarray(0, 400_000));
    const other = await stage.sender();
    other.write(messageMode('small', plain(1), { chunk: 'small' }));
    await other.acked(1);
    for (const s of senders) s.write(message.subarray(400_000));
    await Promise.all(senders.map((s) => s.acked(1)));
    expect(stage.downstream.events.filter((e) => e.tag === 'large')).toHaveLength(16);
    await other.close();
    await Promise.all(senders.map((s) => s.close()));
  });

  it('in Forward mode, whose size nobody knows beforehand, cost the latest connections at worst', async () => {
    stage = await StageDriver.start({ config: 'memory_limit: 4m' });
    const list = Array.from({ length: 80 }, (_, n) => [1, { n, fill: 'x'.repeat(10_000) }]);
    const message = pack(['large', list, { chunk: 'c' }]);
    const senders = await Promise.all(Array.from({ length: 8 }, () => stage.sender()));
    for (const s of senders) s.write(message.subarray(0, 400_000));
    const other = await stage.sender();
    other.write(messageMode('small', plain(1), { chunk: 'small' }));
    await other.acked(1);
    for (const s of senders) s.write(message.subarray(400_000));
    const outcomes = await Promise.allSettled(senders.map((s) => s.acked(1)));
    expect(outcomes[0]!.status).toBe('fulfilled');
    const lost = outcomes.filter((o) => o.status === 'rejected').length;
    expect(await stage.metric('fluent_detect_rejected_total{reason="stalled"}')).toBe(lost);
    // Who was turned away sends again, and gets through.
    for (let n = 0; n < lost; n += 1) {
      const again = await stage.sender();
      again.write(message);
      await again.acked(1);
    }
  });
});

describe('messages of many megabytes', () => {
  it('one after another on one connection arrive whole and in order', async () => {
    stage = await StageDriver.start();
    const sender = await stage.sender();
    for (let n = 0; n < 3; n += 1) {
      sender.write(large(n, 5_000_000), messageMode('small', plain(n), { chunk: `s${n}` }));
    }
    await sender.acked(6);
    expect(stage.downstream.messages.map((m) => m.tag)).toEqual(
      Array.from({ length: 6 }, (_, n) => (n % 2 === 0 ? 'large' : 'small')),
    );
    expect(stage.downstream.messages.every((m) => m.tag === 'small' || m.payload.length > 5_000_000)).toBe(
      true,
    );
  });
});

describe('payloads that inflate', () => {
  it('are put off while memory is short, keep their place, and go on afterwards', async () => {
    let away = true;
    stage = await StageDriver.start({
      config: 'memory_limit: 4m',
      downstream: { acks: () => !away },
      output: ['ack_response_timeout: 500ms'],
    });
    const sender = await stage.sender();
    const payload = entries([
      match('first'),
      ...Array.from({ length: 100 }, (_, n) => ({ n, fill: 'x'.repeat(10_000) })),
    ]);
    const bomb = (n: number): Buffer =>
      pack(['bomb', gzipSync(payload), { compressed: 'gzip', chunk: `b${n}` }]);
    for (let n = 0; n < 20; n += 1) sender.write(bomb(n), messageMode('small', plain(n), { chunk: `s${n}` }));
    await stage.downstream.received(1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    // One over the bound, and none after it.
    expect(await stage.metric('fluent_detect_held_bytes')).toBeLessThan(2 * payload.length);
    away = false;
    await sender.acked(40);
    const acks = sender.acks;
    expect(acks).toEqual(Array.from({ length: 20 }, (_, n) => [`b${n}`, `s${n}`]).flat());
  });
});
