// Sizes and times as Fluentd writes them.
import { describe, expect, it } from 'vitest';
import { sizeOf, timeOf } from '../../../src/config/units.js';

describe('a size', () => {
  it.each([
    ['8m', 8 * 2 ** 20],
    ['64k', 64 * 2 ** 10],
    ['64KB', 64 * 2 ** 10],
    ['1G', 2 ** 30],
    ['2 t', 2 * 2 ** 40],
    ['4096', 4096],
    [4096, 4096],
    [0, 0],
  ])('is in powers of two: %j is %d bytes', (written, bytes) => {
    expect(sizeOf(written)).toBe(bytes);
  });

  it.each(['', '8x', 'm', '1.5m', '-1', '8mm', -1, 1.5, null, undefined, true])('is not %j', (written) => {
    expect(sizeOf(written)).toBeNull();
  });
});

describe('a time', () => {
  it.each([
    ['500ms', 500],
    ['0.5s', 500],
    ['10s', 10_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['3', 3000],
    [3, 3000],
    [0.25, 250],
    [0, 0],
  ])('is in s, m, h and d, a bare number in seconds: %j is %d ms', (written, ms) => {
    expect(timeOf(written)).toBe(ms);
  });

  it.each(['', 'soon', '10 s', '1w', '-1s', '1.5ms', '.5s', -1, null, undefined, true])(
    'is not %j',
    (written) => {
      expect(timeOf(written)).toBeNull();
    },
  );
});
