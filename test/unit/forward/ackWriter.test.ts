// What a server writes: one answer a write, and those that come at once or meanwhile together.
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { AckWriter } from '../../../src/forward/ackWriter.js';

/** A socket whose writes finish when the test says so. */
function slowSocket() {
  const written: string[] = [];
  const finish: (() => void)[] = [];
  const socket = {
    destroyed: false,
    write: (bytes: Buffer, done: () => void) => {
      written.push(bytes.toString());
      finish.push(done);
      return false;
    },
    end: () => written.push('(end)'),
  };
  return { socket: socket as unknown as Socket, state: socket, written, next: () => finish.shift()!() };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('answers to a peer', () => {
  it('are one write each, for a peer that waits for each', async () => {
    const { socket, written, next } = slowSocket();
    const acks = new AckWriter(socket, () => undefined);
    for (const text of ['HELO', 'PONG', 'ack']) {
      acks.write(Buffer.from(text));
      await turn();
      next();
    }
    expect(written).toEqual(['HELO', 'PONG', 'ack']);
  });

  it('go together, in order, that come in one go', async () => {
    const { socket, written } = slowSocket();
    const acks = new AckWriter(socket, () => undefined);
    for (const text of ['a', 'b', 'c']) acks.write(Buffer.from(text));
    await turn();
    expect(written).toEqual(['abc']);
  });

  it('go together, in order, that come while a write is not out', async () => {
    const { socket, written, next } = slowSocket();
    const acks = new AckWriter(socket, () => undefined);
    for (const text of ['a', 'b', 'c', 'd']) {
      acks.write(Buffer.from(text));
      await turn();
    }
    expect(written).toEqual(['a']);
    next();
    expect(written).toEqual(['a', 'bcd']);
    next();
    acks.write(Buffer.from('e'));
    await turn();
    expect(written).toEqual(['a', 'bcd', 'e']);
  });

  it('go together up to 64 of them, and up to 16 KiB', async () => {
    const { socket, written, next } = slowSocket();
    const acks = new AckWriter(socket, () => undefined);
    const sizes = [...Array.from({ length: 70 }, () => 1), 10_000, 7000, 20_000, 1];
    for (const size of sizes) acks.write(Buffer.alloc(size, 'x'));
    await turn();
    while (written.length < 5) next();
    expect(written.map((w) => w.length)).toEqual([64, 10_006, 7000, 20_000, 1]);
  });

  it('that pile up are told of, once, and once more when half of them have gone', async () => {
    const { socket, next } = slowSocket();
    const told: boolean[] = [];
    const acks = new AckWriter(socket, (waiting) => told.push(waiting));
    for (let n = 0; n < 3000; n += 1) acks.write(Buffer.from('ack'));
    expect(told).toEqual([true]);
    await turn();
    for (let left = 3000 - 64; left > 0; left -= 64) next();
    expect(told).toEqual([true, false]);
  });

  it('that pile up by their size, not their number, are told of too', async () => {
    const { socket, next } = slowSocket();
    const told: boolean[] = [];
    const acks = new AckWriter(socket, (waiting) => told.push(waiting));
    const long = Buffer.alloc(64 * 1024);
    for (let n = 0; n < 4; n += 1) acks.write(long);
    expect(told).toEqual([]);
    acks.write(long);
    expect(told).toEqual([true]);
    await turn();
    for (let n = 0; n < 5; n += 1) next();
    expect(told).toEqual([true, false]);
  });

  it('all go out before our side is closed', async () => {
    const { socket, written, next } = slowSocket();
    const acks = new AckWriter(socket, () => undefined);
    for (const text of ['a', 'b']) acks.write(Buffer.from(text));
    await turn();
    acks.write(Buffer.from('c'));
    acks.end();
    expect(written).toEqual(['ab']);
    next();
    next();
    expect(written).toEqual(['ab', 'c', '(end)']);
  });

  it('are forgotten when the connection is gone', async () => {
    const { socket, state, written, next } = slowSocket();
    const acks = new AckWriter(socket, () => undefined);
    acks.write(Buffer.from('a'));
    await turn();
    acks.write(Buffer.from('b'));
    state.destroyed = true;
    next();
    expect(written).toEqual(['a']);
  });
});
