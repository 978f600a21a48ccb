import { describe, expect, it } from 'vitest';
import { Pace } from '../../../src/detect/pace.js';

/** A pace past its first events, and a clock that is read and set. */
function steady(): { pace: Pace; clock: { now: number; reads: number } } {
  const clock = { now: 0, reads: 0 };
  const pace = new Pace(() => {
    clock.reads += 1;
    return clock.now;
  });
  for (let n = 0; n < 256; n += 1) pace.isClose();
  pace.rest();
  clock.reads = 0;
  return { pace, clock };
}

describe('the rules of events', () => {
  it('are timed one by one at first, then one in 64, and the clock is read for eight of them at a time', () => {
    const { pace, clock } = steady();
    const close = Array.from({ length: 640 }, () => pace.isClose());
    expect(close.filter(Boolean)).toHaveLength(10);
    expect(clock.reads).toBeLessThanOrEqual(81);
  });

  it('are timed one by one for a minute once eight took longer than one rule may', () => {
    const { pace, clock } = steady();
    for (let n = 0; n < 8; n += 1) expect(pace.isClose()).toBe(false);
    clock.now += 101;
    expect(pace.isClose()).toBe(true);
    clock.now += 59_000;
    for (let n = 0; n < 8; n += 1) expect(pace.isClose()).toBe(true);
    pace.rest();
    clock.now += 60_001;
    expect(pace.isClose()).toBe(false);
  });

  it('are so also when it was the last event before a rest that took long, however few there were', () => {
    const { pace, clock } = steady();
    expect(pace.isClose()).toBe(false);
    clock.now += 101;
    pace.rest();
    expect(pace.isClose()).toBe(true);
  });

  it('are not when the time went by between events', () => {
    const { pace, clock } = steady();
    for (let n = 0; n < 20; n += 1) {
      expect(pace.isClose()).toBe(false);
      pace.rest();
      clock.now += 5000;
    }
  });
});
