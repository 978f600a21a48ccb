import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type Answers, Channel, type Pipe } from '../../../src/workers/channel.js';

interface Talk {
  readonly double: { readonly said: number; readonly answer: number };
  readonly note: { readonly said: string; readonly answer: undefined };
}

class End extends EventEmitter {
  other: End | null = null;
  send(message: unknown, done: (error: Error | null) => void): void {
    const to = this.other;
    queueMicrotask(() => {
      done(to ? null : new Error('closed'));
      to?.emit('message', structuredClone(message));
    });
  }
}

function pair(answers: Partial<Answers<Talk>> = {}): {
  asking: Channel<Talk, Talk>;
  near: End;
  notes: string[];
} {
  const [near, far] = [new End(), new End()];
  near.other = far;
  far.other = near;
  const notes: string[] = [];
  const all: Answers<Talk> = {
    double: (n) => n * 2,
    note: (text) => {
      notes.push(text);
      return undefined;
    },
    ...answers,
  };
  new Channel<Talk, Talk>(far as Pipe, all);
  return { asking: new Channel<Talk, Talk>(near as Pipe, all), near, notes };
}

describe('the channel between the primary and a worker', () => {
  it('gives every question its own answer, whatever the order in which they come', async () => {
    const waits: (() => void)[] = [];
    const { asking } = pair({
      double: (n) => new Promise((resolve) => waits.push(() => resolve(n * 2))),
    });
    const asked = [asking.ask('double', 1), asking.ask('double', 2), asking.ask('double', 3)];
    while (waits.length < 3) await new Promise((r) => setTimeout(r, 1));
    for (const answer of waits.reverse()) answer();
    expect(await Promise.all(asked)).toEqual([2, 4, 6]);
  });

  it('hands on what an answer failed of, and goes on', async () => {
    const { asking } = pair({
      double: (n) => {
        if (n === 0) throw new Error('not that one');
        return n * 2;
      },
    });
    await expect(asking.ask('double', 0)).rejects.toThrow('not that one');
    expect(await asking.ask('double', 4)).toBe(8);
  });

  it('takes notes, which nobody answers', async () => {
    const { asking, notes } = pair();
    asking.tell('note', 'one');
    asking.tell('note', 'two');
    await asking.ask('double', 1);
    expect(notes).toEqual(['one', 'two']);
  });

  it('leaves no question open when the other process goes away', async () => {
    const { asking, near } = pair({ double: () => new Promise(() => undefined) });
    const open = asking.ask('double', 1);
    near.other = null;
    near.emit('disconnect');
    await expect(open).rejects.toThrow('the other process is gone');
    await expect(asking.ask('double', 2)).rejects.toThrow('the other process is gone');
  });

  it('passes over messages that are not its own', async () => {
    const { asking, near } = pair();
    near.emit('message', { cmd: 'NODE_somebody' });
    near.emit('message', { fluentDetect: 'answer', n: 99, name: 'double', body: 1 });
    expect(await asking.ask('double', 5)).toBe(10);
  });
});
