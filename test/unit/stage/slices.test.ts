import { describe, expect, it } from 'vitest';
import { Slices } from '../../../src/stage/slices.js';

describe('slices', () => {
  it('stay what they are, in order, while they are few or long', () => {
    const slices = new Slices();
    const shared = Buffer.alloc(1000, 'x');
    for (let n = 0; n < 5000; n += 1) slices.add(shared);
    expect(slices.all).toHaveLength(5000);
    expect(slices.all.every((s) => s === shared)).toBe(true);
    expect(slices.copied).toBe(0);
  });

  it('that are many and short are put together, byte for byte', () => {
    const slices = new Slices();
    const given = Array.from({ length: 10_000 }, (_, n) => Buffer.from(`${n},`));
    for (const slice of given) slices.add(slice);
    expect(slices.all.length).toBeLessThan(1100);
    expect(Buffer.concat(slices.all)).toEqual(Buffer.concat(given));
    expect(slices.copied).toBeGreaterThan(0);
  });
});
