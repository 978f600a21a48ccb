import { describe, expect, it, vi } from 'vitest';
import { LargeMessages, type LargeReader } from '../../../src/forward/largeMessages.js';

class Reader implements LargeReader {
  bytesRead = 0;
  room = false;
  readonly evicted: string[] = [];
  granted(): void {
    this.room = true;
  }
  evict(why: string): void {
    this.evicted.push(why);
  }
}

const readers = (n: number): Reader[] => Array.from({ length: n }, () => new Reader());

describe('messages larger than their share of the memory', () => {
  it('are read side by side as long as they fit, and then in the order in which they came', () => {
    const large = new LargeMessages({ capacity: 100 });
    const [a, b, c, d] = readers(4) as [Reader, Reader, Reader, Reader];
    expect([large.ask(a, 60), large.ask(b, 40), large.ask(c, 50), large.ask(d, 10)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    large.giveBack(b);
    // d would fit, but c came first.
    expect([c.room, d.room]).toEqual([false, false]);
    large.giveBack(a);
    expect([c.room, d.room]).toEqual([true, true]);
  });

  it('over the whole bound are read alone', () => {
    const large = new LargeMessages({ capacity: 100 });
    const [a, b] = readers(2) as [Reader, Reader];
    expect(large.ask(a, 1000)).toBe(true);
    expect(large.ask(b, 1)).toBe(false);
    large.giveBack(a);
    expect(b.room).toBe(true);
  });

  it('that all grow and wait for each other: the latest gives way, and the oldest goes on', () => {
    const large = new LargeMessages({ capacity: 100 });
    const [a, b] = readers(2) as [Reader, Reader];
    large.ask(a, 50);
    large.ask(b, 50);
    expect(large.ask(a, 100)).toBe(false);
    expect(large.ask(b, 100)).toBe(false);
    expect(b.evicted).toHaveLength(1);
    expect([a.room, a.evicted.length]).toEqual([true, 0]);
  });

  it('lose their turn when they stand still while others wait, but not under back-pressure', () => {
    vi.useFakeTimers();
    try {
      const large = new LargeMessages({ capacity: 100, stallMs: 1000 });
      const [a, b] = readers(2) as [Reader, Reader];
      large.ask(a, 100);
      vi.advanceTimersByTime(10_000);
      expect(a.evicted).toEqual([]);
      large.ask(b, 100);
      a.bytesRead += 64 * 1024;
      vi.advanceTimersByTime(1000);
      large.pause(true);
      vi.advanceTimersByTime(10_000);
      expect(a.evicted).toEqual([]);
      large.pause(false);
      vi.advanceTimersByTime(1000);
      expect(a.evicted).toHaveLength(1);
      expect(b.room).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });
});
