// Peers that take their time: who never reads acks, who says nothing for long.
import { afterEach, describe, expect, it } from 'vitest';
import { plain } from '../../support/records.js';
import { StageDriver } from '../../support/stageDriver.js';
import { messageMode } from '../../support/wire.js';

let stage: StageDriver;
afterEach(() => stage.stop());

describe('a peer that never reads its acks', () => {
  it('is no longer read when they pile up, and gets all of them once it reads', async () => {
    stage = await StageDriver.start({ input: ['chunk_size_limit: 64k'] });
    const sender = await stage.sender();
    sender.socket.pause();
    // Acks as long as their chunk ids: the kernel's buffers are soon full of them.
    const id = 'x'.repeat(30_000);
    const total = 3000;
    for (let n = 0; n < total; n += 1) sender.write(messageMode('a', plain(n), { chunk: `${id}${n}` }));
    let before = -1;
    while (stage.running.metrics.eventsIn !== before) {
      before = stage.running.metrics.eventsIn;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    expect(before).toBeLessThan(total);
    const other = await stage.sender();
    other.write(messageMode('b', plain(1), { chunk: 'c' }));
    await other.acked(1);
    let bytes = 0;
    sender.socket.removeAllListeners('data');
    const all = new Promise<void>((resolve) =>
      sender.socket.on('data', (data) => {
        bytes += data.length;
        if (bytes >= total * id.length && stage.running.metrics.eventsIn === total + 1) resolve();
      }),
    );
    sender.socket.resume();
    await all;
    await stage.downstream.receivedEvents(total + 1);
  });
});

describe('idle_timeout', () => {
  it('closes a connection that says nothing for so long, and no other', async () => {
    stage = await StageDriver.start({ input: ['idle_timeout: 300ms'] });
    const [silent, busy] = [await stage.sender(), await stage.sender()];
    let sent = 0;
    const timer = setInterval(() => {
      sent += 1;
      busy.write(messageMode('a', plain(sent), { chunk: String(sent) }));
    }, 30);
    await silent.ended();
    clearInterval(timer);
    expect(busy.closed).toBe(false);
    await busy.acked(sent);
    expect(await stage.metric('fluent_detect_rejected_total{reason="idle_timeout"}')).toBe(1);
  });

  it('is off by default', async () => {
    stage = await StageDriver.start();
    const silent = await stage.sender();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(silent.closed).toBe(false);
    await silent.close();
  });
});
