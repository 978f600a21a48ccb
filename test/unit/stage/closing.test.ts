// How a connection ends: by refusal, by a peer that closes its own side first.
import { afterEach, describe, expect, it } from 'vitest';
import { match, plain } from '../../support/records.js';
import { Sender } from '../../support/sender.js';
import { type DriverOptions, StageDriver } from '../../support/stageDriver.js';
import { entries, messageMode, packedMode } from '../../support/wire.js';

let stage: StageDriver;
const start = async (options: DriverOptions = {}): Promise<void> => {
  stage = await StageDriver.start(options);
};
afterEach(() => stage.stop());

const good = (n: number): Buffer => messageMode('good', plain(n), { chunk: `g${n}` });
const cutOff = packedMode('bad', entries([plain(1)]).subarray(0, -3), { chunk: 'bad' });

describe('a refused message', () => {
  it('between good ones in one segment: those before it go on and are acked, those after it are not taken', async () => {
    await start();
    const sender = await stage.sender();
    sender.write(Buffer.concat([good(1), good(2), cutOff, good(3), good(4)]));
    await sender.ended();
    expect(stage.downstream.events.map((e) => e.record['n'])).toEqual([1, 2]);
    expect(sender.acks).toEqual(['g1', 'g2']);
    expect(await stage.metric('fluent_detect_events_in_total')).toBe(2);
  });

  it('closes once the chunks before it are confirmed, so that their sender need not send them again', async () => {
    await start({ downstream: { acks: () => 'later' } });
    const sender = await stage.sender();
    sender.write(Buffer.concat([good(1), cutOff, good(2)]));
    await stage.downstream.received(1);
    stage.downstream.release();
    await sender.ended();
    expect(sender.acks).toEqual(['g1']);
  });

  it('closes all the same when the chunks before it are not confirmed for long', async () => {
    await start({ downstream: { acks: () => false } });
    const sender = await stage.sender();
    sender.write(Buffer.concat([good(1), cutOff]));
    await sender.ended();
    expect(sender.acks).toEqual([]);
  });

  it('from a peer that goes on sending and never closes costs it its connection too', async () => {
    await start();
    const sender = await Sender.to(stage.port, true);
    sender.write(cutOff);
    const timer = setInterval(() => sender.write(good(1)), 20);
    await sender.ended();
    clearInterval(timer);
    expect(stage.downstream.messages).toHaveLength(0);
    expect(await stage.metric('fluent_detect_rejected_total{reason="bad_entries"}')).toBe(1);
    while (stage.running.metrics.connections > 0) await new Promise((r) => setTimeout(r, 5));
  });
});

describe('a peer that closes its own side right after its chunks', () => {
  it('still gets every ack, each when its chunk is confirmed, and is closed then', async () => {
    await start({ downstream: { acks: () => 'later' } });
    const sender = await Sender.to(stage.port, true);
    for (let n = 0; n < 50; n += 1)
      sender.write(messageMode('a', n === 7 ? match('m') : plain(n), { chunk: `c${n}` }));
    sender.socket.end();
    await stage.downstream.receivedEvents(50);
    expect(sender.closed).toBe(false);
    stage.downstream.release();
    await sender.ended();
    expect(sender.acks).toEqual(Array.from({ length: 50 }, (_, n) => `c${n}`));
  });

  it('in the middle of a message is closed, and that message is nobody’s', async () => {
    await start();
    const sender = await Sender.to(stage.port, true);
    sender.write(good(1), good(2).subarray(0, 10));
    sender.socket.end();
    await sender.ended();
    expect(sender.acks).toEqual(['g1']);
    expect(stage.downstream.events).toHaveLength(1);
  });
});
