import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockPool } from '../../../src/forward/blocks.js';
import { ASSEMBLY_BLOCK, Assembly } from '../../../src/stage/assembly.js';

function assembly() {
  const pool = new BlockPool();
  return { pool, made: new Assembly((size) => pool.takeHeld(size)) };
}
const addAll = (made: Assembly, pieces: readonly Buffer[]): void => {
  for (const piece of pieces) made.add(piece, 0, piece.length);
};

describe('the new body of a chunk', () => {
  it('that has few pieces, or long ones, is those pieces as slices', () => {
    const { made, pool } = assembly();
    const long = Array.from({ length: 96 }, () => Buffer.alloc(9000, 'x'));
    addAll(made, long);
    const few = Array.from({ length: 15 }, (_, n) => Buffer.from(`${n},`));
    addAll(made, few);
    const { slices } = made.finish();
    expect(slices.every((s, i) => s === [...long, ...few][i])).toBe(true);
    expect(slices).toHaveLength(111);
    expect(pool.leftBytes).toBe(0);
  });

  it('that has many short pieces is copied to blocks, which are given back when it is released', () => {
    const { made, pool } = assembly();
    const given = Array.from({ length: 100_000 }, (_, n) => Buffer.from(`${n},`));
    addAll(made, given);
    const { slices, release } = made.finish();
    expect(slices.length).toBeLessThan(10);
    expect(Buffer.concat(slices).equals(Buffer.concat(given))).toBe(true);
    expect(pool.leftBytes).toBe(ASSEMBLY_BLOCK * slices.length);
    release();
    expect(pool.leftBytes).toBe(0);
    expect(pool.freeBytes).toBe(ASSEMBLY_BLOCK * slices.length);
  });

  it('is the pieces end to end, whatever their lengths', () => {
    const source = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) % 251));
    const piece = fc.oneof(
      { weight: 6, arbitrary: fc.nat({ max: 40 }) },
      { weight: 3, arbitrary: fc.nat({ max: 5000 }) },
      { weight: 1, arbitrary: fc.nat({ max: 300_000 }) },
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 1000 }), piece, fc.boolean()), { maxLength: 120 }),
        (pieces) => {
          const { made, pool } = assembly();
          const expected: Buffer[] = [];
          for (const [from, length, isClaimed] of pieces) {
            const to = Math.min(source.length, from + length);
            const bytes = Buffer.from(source.subarray(from, to));
            expected.push(bytes);
            if (!isClaimed || bytes.length < 2 || !made.claim(bytes.length)) {
              made.add(source, from, to);
              continue;
            }
            made.put(source, from, from + 1);
            made.put(source, from + 1, to);
            bytes[1] = 255;
            made.change(1, 255);
          }
          const all = Buffer.concat(expected);
          const first = made.finish();
          // The next one takes nothing of it away.
          made.add(source, 0, 20_000);
          const second = made.finish();
          expect(Buffer.concat(first.slices).equals(all)).toBe(true);
          expect(Buffer.concat(second.slices).equals(source.subarray(0, 20_000))).toBe(true);
          first.release();
          second.release();
          expect(pool.leftBytes).toBe(0);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('has room to be claimed for short pieces, once pieces are copied', () => {
    const { made } = assembly();
    expect(made.claim(10)).toBe(false);
    for (let n = 0; n < 16; n += 1) made.add(Buffer.from(`${n},`), 0, 2);
    expect(made.claim(10)).toBe(true);
    made.put(Buffer.from('0123456789'), 0, 10);
    expect(made.claim(10_000)).toBe(false);
    made.drop();
    expect(made.claim(10)).toBe(false);
  });

  it('that nothing comes of gives its blocks back, and the next one begins empty', () => {
    const { made, pool } = assembly();
    for (let n = 0; n < 1000; n += 1) made.add(Buffer.from(`${n},`), 0, 2);
    expect(pool.leftBytes).toBe(ASSEMBLY_BLOCK);
    made.drop();
    expect(pool.leftBytes).toBe(0);
    made.add(Buffer.from('next'), 0, 4);
    expect(Buffer.concat(made.finish().slices).toString()).toBe('next');
  });
});
