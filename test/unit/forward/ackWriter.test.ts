// What a server writes: one answer a write, and those that come meanwhile together in the next one.
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

describe('answers to a peer', () => {
  it('are one write each, for a peer that waits for each', () => {
    const { socket, written, next } = slowSocket();
    const acks = new AckWriter(socket, () => undefined);
    for (const text of ['HELO', 'PONG', 'ack']) {
      acks.write(Buffer.from(text));
      next();
    }
    expect(written).toEqual(['HELO', 'PONG', 'ack']);
  });

  it('go together, in order, that come while a write is not out', () => {
    const { socket, written, next } = slowSocket();
    const acks = new AckWriter(socket, () => undefined);
    for (const text of ['a', 'b', 'c']) acks.write(Buffer.from(text));
    expect(written).toEqual(['a']);
    next();
    expect(written).toEqual(['a', 'bc']);
    acks.write(Buffer.from('d'));
    next();
    next();
    expect(written).toEqual(['a', 'bc', 'd']);
  });

  it('go together up to 64 of them, and up to 16 KiB', () => {
    const { socket, written, next } = slowSocket();
    const acks = new AckWriter(socket, () => undefined);
    const sizes = [1, ...Array.from({ length: 70 }, () => 1), 10_000, 7000, 20_000, 1];
    for (const size of sizes) acks.write(Buffer.alloc(size, 'x'));
    while (written.length < 6) next();
    expect(written.map((w) => w.length)).toEqual([1, 64, 10_006, 7000, 20_000, 1]);
  });

  it('that pile up are told of, once, and once more when half of them have gone', () => {
    const { socket, next } = slowSocket();
    const told: boolean[] = [];
    const acks = new AckWriter(socket, (waiting) => told.push(waiting));
    for (let n = 0; n < 3000; n += 1) acks.write(Buffer.from('ack'));
    expect(told).toEqual([true]);
    for (let left = 3000 - 1; left > 0; left -= 64) next();
    expect(told).toEqual([true, false]);
  });

  it('that pile up by their size, not their number, are told of too', () => {
    const { socket, next } = slowSocket();
    const told: boolean[] = [];
    const acks = new AckWriter(socket, (waiting) => told.push(waiting));
    const long = Buffer.alloc(64 * 1024);
    for (let n = 0; n < 5; n += 1) acks.write(long);
    expect(told).toEqual([]);
    acks.write(long);
    expect(told).toEqual([true]);
    for (let n = 0; n < 6; n += 1) next();
    expect(told).toEqual([true, false]);
  });

  it('all go out before our side is closed', () => {
    const { socket, written, next } = slowSocket();
    const acks = new AckWriter(socket, () => undefined);
    for (const text of ['a', 'b']) acks.write(Buffer.from(text));
    acks.end();
    expect(written).toEqual(['a']);
    next();
    next();
    expect(written).toEqual(['a', 'b', '(end)']);
  });

  it('are forgotten when the connection is gone', () => {
    const { socket, state, written, next } = slowSocket();
    const acks = new AckWriter(socket, () => undefined);
    for (const text of ['a', 'b']) acks.write(Buffer.from(text));
    state.destroyed = true;
    next();
    expect(written).toEqual(['a']);
  });
});
