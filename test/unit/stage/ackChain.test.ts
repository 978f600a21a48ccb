// The states of a chunk (docs/adr/0002-ack-chain.md), one by one.
import { afterEach, describe, expect, it } from 'vitest';
import type { Frame, FrameContext } from '../../../src/forward/message.js';
import { AckChain, HeldChunk } from '../../../src/stage/ackChain.js';
import { match } from '../../support/records.js';
import { StageDriver } from '../../support/stageDriver.js';
import { messageMode } from '../../support/wire.js';

const tick = (): Promise<void> => new Promise((r) => setImmediate(r));

function chain(heldLimit = 1000) {
  const said: string[] = [];
  let kept = 0;
  let own = 0;
  const made = new AckChain({
    heldLimit,
    keptBytes: () => kept,
    onOwnBytes: (bytes) => (own = bytes),
    now: () => 0,
    onPressure: (stop) => said.push(stop ? 'stop' : 'go on'),
    onWritten: (events) => said.push(`written ${events}`),
    onAcked: () => undefined,
    onGivenUp: () => said.push('given up'),
  });
  const hold = (name: string, bytes: number, confirmations: Promise<unknown>[], ownBytes = 0): HeldChunk => {
    const context = {
      peer: 'p',
      connectionId: 1,
      free: () => undefined,
      ack: () => said.push(`ack ${name}`),
      refuse: (code: string) => said.push(`refuse ${name}: ${code}`),
    } as unknown as FrameContext;
    const body = { slices: [], release: () => said.push(`release ${name}`) };
    const frame = { tag: name, start: 0, end: bytes, option: { chunkStart: 1 } } as Frame;
    const held = new HeldChunk(frame, context, 3, ownBytes, body, confirmations.length);
    made.hold(held);
    for (const confirmation of confirmations)
      confirmation.then(
        () => held.confirmed(),
        (cause: Error) => held.giveUp(cause),
      );
    return held;
  };
  return { made, said, hold, keep: (bytes: number) => (kept = bytes), own: () => own };
}
function later(): { promise: Promise<void>; confirm: () => void; fail: (e: Error) => void } {
  let confirm: () => void = () => undefined;
  let fail: (e: Error) => void = () => undefined;
  const promise = new Promise<void>((resolve, reject) => {
    confirm = resolve;
    fail = reject;
  });
  return { promise, confirm, fail };
}

describe('a chunk', () => {
  it('that is held is acked by nothing but the last of its confirmations', async () => {
    const { said, hold, made } = chain();
    const [output, alerts] = [later(), later()];
    hold('a', 10, [output.promise, alerts.promise]);
    output.confirm();
    await tick();
    expect(said).toEqual([]);
    expect(made.held.map((h) => h.tag)).toEqual(['a']);
    alerts.confirm();
    await tick();
    expect(said).toEqual(['ack a']);
    expect(made.heldBytes).toBe(0);
  });

  it('that one confirmation fails is given up and refused, once, whatever the others do', async () => {
    const { said, hold } = chain();
    const [output, alerts] = [later(), later()];
    hold('a', 10, [output.promise, alerts.promise]);
    output.fail(new Error('closed'));
    await tick();
    alerts.confirm();
    await tick();
    expect(said).toEqual(['given up', 'refuse a: downstream_refused']);
  });

  it('that the output has confirmed is no longer read, and counted as written, whatever its alerts do', async () => {
    const { said, hold } = chain();
    const [output, alerts] = [later(), later()];
    const held = hold('a', 10, [output.promise, alerts.promise]);
    alerts.fail(new Error('closed'));
    await tick();
    expect(said).toEqual(['given up', 'refuse a: downstream_refused']);
    held.confirm();
    expect(said.slice(2)).toEqual(['release a', 'written 3']);
  });

  it('that the output cannot take is no longer read, and given up', () => {
    const { said, hold, made } = chain();
    hold('a', 10, [later().promise]).fail(new Error('closed'));
    expect(said).toEqual(['release a', 'given up', 'refuse a: downstream_refused']);
    expect(made.heldChunks).toBe(0);
  });

  it('that reaches the limit stops the reading; below half of it, or when nothing is held, it goes on', async () => {
    const { said, hold, keep } = chain(1000);
    const [a, b, c] = [later(), later(), later()];
    hold('a', 500, [a.promise]);
    expect(said).toEqual([]);
    hold('b', 400, [b.promise], 100);
    expect(said).toEqual(['stop']);
    a.confirm();
    await tick();
    expect(said).toEqual(['stop', 'ack a']);
    b.confirm();
    await tick();
    expect(said.slice(2)).toEqual(['ack b', 'go on']);
    // A small chunk can keep a large block from being used again: the block counts.
    keep(5000);
    hold('c', 1, [c.promise]);
    expect(said.at(-1)).toBe('stop');
    c.confirm();
    await tick();
    expect(said.at(-1)).toBe('go on');
  });

  it('that takes memory of its own says so until it is let go', async () => {
    const { hold, own } = chain();
    const [a, b] = [later(), later()];
    hold('a', 500, [a.promise], 30);
    hold('b', 500, [b.promise], 4);
    expect(own()).toBe(34);
    a.confirm();
    await tick();
    b.fail(new Error('closed'));
    await tick();
    expect(own()).toBe(0);
  });

  it('that is the last one held ends the waiting of a shutdown', async () => {
    const { hold, made } = chain();
    const a = later();
    hold('a', 1, [a.promise]);
    let isIdle = false;
    void made.idle().then(() => {
      isIdle = true;
    });
    await tick();
    expect(isIdle).toBe(false);
    a.confirm();
    await tick();
    expect(isIdle).toBe(true);
  });
});

describe('the ack of an event that comes again', () => {
  let stage: StageDriver;
  afterEach(() => stage.stop());

  it('waits until the alert of its first copy is safe, which alone stands for both', async () => {
    // A spool without room for anything, and a sink that is a folder: no alert can be made safe.
    stage = await StageDriver.start({
      config: 'alerts_spool: { path: spool, max_bytes: 1 }\n',
      alerts: 'file:spool',
    });
    const [first, second] = [await stage.sender(), await stage.sender()];
    first.write(messageMode('a', match('same'), { chunk: '1' }));
    await stage.downstream.receivedEvents(1);
    second.write(messageMode('a', match('same'), { chunk: '2' }));
    await stage.downstream.receivedEvents(2);
    second.write(messageMode('a', { plain: true }, { chunk: '3' }));
    await stage.downstream.receivedEvents(3);
    await new Promise((r) => setTimeout(r, 100));
    expect([first.acks, second.acks]).toEqual([[], []]);
    const other = await stage.sender();
    other.write(messageMode('a', { plain: true }, { chunk: '4' }));
    await other.acked(1);
    const { chunks, sinks } = await stage.running.stop();
    // The third is confirmed, and only its ack waits for its turn.
    expect(chunks).toHaveLength(2);
    expect(sinks).toMatchObject([{ unsafe: 1, spooled: 0 }]);
  });
});
