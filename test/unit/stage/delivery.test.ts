import { afterEach, describe, expect, it } from 'vitest';
import { Downstream } from '../../support/downstream.js';
import { makeRule } from '../../support/makeRule.js';
import { match, plain } from '../../support/records.js';
import { type DriverOptions, StageDriver } from '../../support/stageDriver.js';
import { entries, messageMode, packedMode } from '../../support/wire.js';

let stage: StageDriver | null = null;
const start = async (options: DriverOptions = {}): Promise<StageDriver> => {
  stage = await StageDriver.start(options);
  return stage;
};
afterEach(async () => {
  await stage?.stop();
  stage = null;
});

const settle = (ms = 100): Promise<void> => new Promise((r) => setTimeout(r, ms));

describe('the ack to the sender', () => {
  it('is written only after the downstream has acked', async () => {
    let open = false;
    const s = await start({ downstream: { acks: () => open } });
    const sender = await s.sender();
    sender.write(messageMode('a', plain(1), { chunk: 'c' }));
    await s.downstream.received(1);
    await settle();
    expect(sender.acks).toEqual([]);
    open = true;
    expect(await s.metric('fluent_detect_events_out_total')).toBe(0);
  });

  it('waits for the slowest of the chunks before it, so that acks keep their order', async () => {
    const s = await start({ downstream: { acks: (m) => m.tag !== 'slow' } });
    const sender = await s.sender();
    sender.write(
      messageMode('slow', plain(1), { chunk: '1' }),
      messageMode('fast', plain(2), { chunk: '2' }),
    );
    await s.downstream.received(2);
    await settle();
    expect(sender.acks).toEqual([]);
  });

  it('is not written when the downstream never acks, and the chunk is sent again under the same id', async () => {
    const s = await start({ config: '', downstream: { acks: () => false } });
    await s.stop();
    stage = await StageDriver.start({
      downstream: { acks: (m) => stage!.downstream.messages.indexOf(m) > 0 },
    });
    const sender = await stage.sender();
    sender.write(messageMode('a', plain(1), { chunk: 'c' }));
    await stage.downstream.received(1);
    await stage.downstream.stop();
    const again = await Downstream.start({}, stage.downstream.port);
    await again.received(1);
    await sender.acked(1);
    expect(again.messages[0]!.option['chunk']).toEqual(stage.downstream.messages[0]!.option['chunk']);
    await again.stop();
  });

  it('is not asked for by a client without chunk ids, whose events still go on', async () => {
    const s = await start();
    const sender = await s.sender();
    sender.write(messageMode('a', plain(1)));
    await s.downstream.receivedEvents(1);
    await settle(20);
    expect(sender.received).toHaveLength(0);
  });
});

describe('a downstream that is away', () => {
  it('costs no event: what was not acked is sent when it is back, in order', async () => {
    const s = await start();
    const { port } = s.downstream;
    await s.downstream.stop();
    const sender = await s.sender();
    for (let n = 0; n < 50; n += 1) sender.write(messageMode('a', plain(n), { chunk: `c${n}` }));
    await settle();
    expect(sender.acks).toEqual([]);
    const back = await Downstream.start({}, port);
    await sender.acked(50);
    expect(back.events.map((e) => e.record['n'])).toEqual(Array.from({ length: 50 }, (_, n) => n));
    await back.stop();
  });

  it('stops the reading at memory_limit, and the reading goes on when it is back', async () => {
    const s = await start({ config: 'memory_limit: 4m' });
    const { port } = s.downstream;
    await s.downstream.stop();
    const sender = await s.sender();
    const chunk = (n: number): Buffer =>
      packedMode('a', entries([{ n, fill: 'x'.repeat(100_000) }]), { chunk: `c${n}` });
    for (let n = 0; n < 300; n += 1) sender.write(chunk(n));
    await settle(300);
    const held = await s.metric('fluent_detect_held_bytes');
    expect(held).toBeGreaterThan(700_000);
    expect(held).toBeLessThan(2_000_000);
    expect(s.log.some((l) => String(l['msg']).startsWith('memory_limit reached'))).toBe(true);
    const back = await Downstream.start({}, port);
    await sender.acked(300);
    expect(back.events.map((e) => e.record['n'])).toEqual(Array.from({ length: 300 }, (_, n) => n));
    await back.stop();
  });
});

describe('stopping', () => {
  it('finishes what was accepted, acks it, and closes', async () => {
    let acks = false;
    const s = await start({ downstream: { acks: () => acks } });
    const sender = await s.sender();
    sender.write(messageMode('a', match('last'), { chunk: 'c' }));
    await s.downstream.received(1);
    acks = true;
    await s.downstream.stop();
    const back = await Downstream.start({}, s.downstream.port);
    expect(await s.running.stop()).toEqual({ chunks: [], sinks: [] });
    await sender.ended();
    expect(sender.acks).toEqual(['c']);
    expect(s.alerts).toHaveLength(1);
    await back.stop();
  });

  it('names what could not be finished in shutdown_timeout, and does not ack it', async () => {
    const s = await start({ downstream: { acks: () => false } });
    const sender = await s.sender();
    sender.write(messageMode('a', plain(1), { chunk: 'c' }));
    await s.downstream.received(1);
    const { chunks } = await s.running.stop();
    expect(chunks).toEqual([expect.objectContaining({ tag: 'a', events: 1, wantsAck: true })]);
    await sender.ended();
    expect(sender.acks).toEqual([]);
  });
});

describe('alerts', () => {
  it('are delivered once an event however often it is sent, and every copy is tagged', async () => {
    const s = await start();
    const sender = await s.sender();
    for (let n = 0; n < 5; n += 1) sender.write(messageMode('a', match('same'), { chunk: `c${n}` }));
    await sender.acked(5);
    expect(s.downstream.events.every((e) => 'detection' in e.record)).toBe(true);
    expect(s.alerts).toHaveLength(1);
    expect(await s.metric('fluent_detect_alerts_total{sink="",outcome="duplicate"}')).toBe(4);
  });

  it('stop at max_signals in an interval with one warning, and the tagging goes on', async () => {
    const s = await start({ rules: [makeRule({ maxSignals: 3, intervalMs: 3_600_000 })] });
    const sender = await s.sender();
    for (let n = 0; n < 10; n += 1) sender.write(messageMode('a', match(`e${n}`), { chunk: `c${n}` }));
    await sender.acked(10);
    expect(s.downstream.events.filter((e) => 'detection' in e.record)).toHaveLength(10);
    const uuid = (a: Record<string, unknown>): unknown =>
      (a['kibana'] as { alert: { uuid?: string } }).alert.uuid;
    while (s.alerts.length < 4) await settle(10);
    expect(s.alerts.filter(uuid)).toHaveLength(3);
    expect(s.alerts.filter((a) => !uuid(a))).toHaveLength(1);
  });

  it('have the same id from any instance', async () => {
    const ids: unknown[] = [];
    for (let n = 0; n < 2; n += 1) {
      const s = await StageDriver.start();
      const sender = await s.sender();
      sender.write(messageMode('a', match('one'), { chunk: 'c' }));
      await sender.acked(1);
      ids.push((s.alerts[0]!['kibana'] as { alert: { uuid: string } }).alert.uuid);
      await s.stop();
    }
    expect(ids[0]).toBe(ids[1]);
    expect(ids[0]).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('reloading', () => {
  it('puts a rule set in force between two frames, and the look-back survives it', async () => {
    const s = await start({ rules: [] });
    const sender = await s.sender();
    sender.write(messageMode('a', match('x'), { chunk: '1' }));
    await sender.acked(1);
    const set = (hash: string): Parameters<typeof s.running.stage.reload>[0] => ({
      rules: [makeRule()],
      disabled: [],
      unsupported: [],
      hash,
    });
    s.running.stage.reload(set('one'));
    sender.write(messageMode('a', match('x'), { chunk: '2' }));
    await sender.acked(2);
    s.running.stage.reload(set('two'));
    sender.write(messageMode('a', match('x'), { chunk: '3' }));
    await sender.acked(3);
    expect(s.downstream.events.map((e) => 'detection' in e.record)).toEqual([false, true, true]);
    expect(s.alerts).toHaveLength(1);
    expect(s.running.stage.status()['rule_set']).toBe('two');
  });
});
