// Events that come as messages of their own: they go on together, and each is acked by itself.
import { afterEach, describe, expect, it } from 'vitest';
import { match, plain } from '../../support/records.js';
import { StageDriver } from '../../support/stageDriver.js';
import { entries, messageMode, packedMode } from '../../support/wire.js';

let stage: StageDriver;
afterEach(() => stage.stop());

const COUNT = 200;
const burst = (tags: (n: number) => string): Buffer =>
  Buffer.concat(
    Array.from({ length: COUNT }, (_, n) =>
      messageMode(tags(n), n === 50 ? { ...match('small'), n } : plain(n), { chunk: `c${n}` }),
    ),
  );

describe('messages of one event each', () => {
  it('go on together in their order, each acked by itself, a match tagged and alerted', async () => {
    stage = await StageDriver.start();
    const sender = await stage.sender();
    sender.write(burst(() => 'a'));
    await sender.acked(COUNT);
    expect(sender.acks).toEqual(Array.from({ length: COUNT }, (_, n) => `c${n}`));
    const { events, messages } = stage.downstream;
    expect(events.map((e) => e.record['n'])).toEqual(Array.from({ length: COUNT }, (_, n) => n));
    expect(messages.length).toBeLessThan(COUNT / 2);
    expect(events.filter((e) => 'detection' in e.record).map((e) => e.record['n'])).toEqual([50]);
    expect(stage.alerts).toHaveLength(1);
  });

  it('keep their tags', async () => {
    stage = await StageDriver.start();
    const sender = await stage.sender();
    sender.write(burst((n) => (n % 10 < 5 ? 'a' : 'b')));
    await sender.acked(COUNT);
    const { events } = stage.downstream;
    expect(events.map((e) => [e.tag, e.record['n']])).toEqual(
      Array.from({ length: COUNT }, (_, n) => [n % 10 < 5 ? 'a' : 'b', n]),
    );
  });

  it('are not put together with a chunk, which stays a chunk', async () => {
    stage = await StageDriver.start();
    const sender = await stage.sender();
    const payloads = [entries([plain(1)]), entries([plain(2), plain(3)])];
    sender.write(
      Buffer.concat([
        messageMode('a', plain(0), { chunk: '0' }),
        ...payloads.map((p, i) => packedMode('a', p, { chunk: String(i + 1) })),
        messageMode('a', plain(4), { chunk: '3' }),
      ]),
    );
    await sender.acked(4);
    expect(stage.downstream.messages.map((m) => m.payload).slice(1, 3)).toEqual(payloads);
    expect(stage.downstream.events.map((e) => e.record['n'])).toEqual([0, 1, 2, 3, 4]);
  });

  it('are all acked only when the chunk that they went on in is', async () => {
    stage = await StageDriver.start({ downstream: { acks: () => 'later' } });
    const sender = await stage.sender();
    sender.write(burst(() => 'a'));
    await stage.downstream.receivedEvents(COUNT);
    expect(sender.acks).toEqual([]);
    stage.downstream.release();
    await sender.acked(COUNT);
  });
});
