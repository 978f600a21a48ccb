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

describe('chunks with tagged events', () => {
  it.each([
    ['every event is', 1],
    ['one event is', 60],
  ])(
    'of which %s, are sent again as they were after others were read: tag, options and all',
    async (_, every) => {
      const before = new Map<unknown, number>();
      stage = await StageDriver.start({
        downstream: {
          acks: ({ option }) => {
            const times = (before.get(option['chunk']) ?? 0) + 1;
            before.set(option['chunk'], times);
            return times > 1;
          },
        },
        output: ['ack_response_timeout: 500ms'],
      });
      const sender = await stage.sender();
      const chunks = Array.from({ length: 8 }, (_, c) =>
        Array.from({ length: 60 }, (_, n) => ({
          ...(n % every === 0 ? match(`${c}-${n}`) : plain(n)),
          fill: `${c}`.repeat(3000),
        })),
      );
      for (const [c, records] of chunks.entries()) {
        sender.write(packedMode(`tag.${c}`, entries(records), { chunk: `c${c}`, note: `kept ${c}` }));
        // The one before is made, and its memory free, when this one is read.
        await stage.downstream.received(c + 1);
      }
      await sender.acked(chunks.length);
      const { messages } = stage.downstream;
      for (const [c, records] of chunks.entries()) {
        const [first, ...again] = messages.filter((m) => m.tag === `tag.${c}`);
        expect(again.length).toBeGreaterThan(0);
        for (const m of again) {
          expect(m.payload.equals(first!.payload)).toBe(true);
          expect(m.option['note']).toBe(`kept ${c}`);
        }
        expect(stage.downstream.events.filter((e) => e.tag === `tag.${c}`)).toHaveLength(
          records.length * (1 + again.length),
        );
      }
      expect(messages.every((m) => /^tag\.\d$/.test(m.tag))).toBe(true);
    },
  );
});
