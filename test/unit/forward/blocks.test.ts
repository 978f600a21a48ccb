// Which blocks are used again: a fresh one for every few chunks makes the garbage collector run all the time.
import { describe, expect, it } from 'vitest';
import { type Block, BlockPool } from '../../../src/forward/blocks.js';

const MIB = 2 ** 20;

/** So many blocks of 1 MiB, taken and left by their reader while a frame lies in each; then the frames are done. */
function cycle(pool: BlockPool, count: number): Buffer[] {
  const blocks: Block[] = [];
  for (let i = 0; i < count; i += 1) {
    const block = pool.take(MIB);
    pool.reads(MIB);
    block.retain();
    block.leave();
    pool.reads(-MIB);
    blocks.push(block);
  }
  const buffers = blocks.map((b) => b.buffer);
  for (const block of blocks) block.release();
  return buffers;
}

describe('blocks', () => {
  it('all blocks of a window of chunks are used again by the next, as long as the shares of memory_limit have room', () => {
    const pool = new BlockPool(2 * MIB, 6 * MIB);
    const first = new Set(cycle(pool, 8));
    expect(pool.freeBytes).toBe(8 * MIB);
    expect(cycle(pool, 8).filter((b) => !first.has(b))).toEqual([]);
  });

  it('one block past them is let go', () => {
    const pool = new BlockPool(2 * MIB, 6 * MIB);
    cycle(pool, 9);
    expect(pool.freeBytes).toBe(8 * MIB);
  });

  it('what is read into counts', () => {
    const pool = new BlockPool(2 * MIB, 6 * MIB);
    pool.reads(2 * MIB);
    cycle(pool, 8);
    expect(pool.freeBytes).toBe(6 * MIB);
  });

  it('waiting blocks make room for what is held elsewhere, and are kept again after it', () => {
    const pool = new BlockPool(2 * MIB, 6 * MIB);
    cycle(pool, 8);
    pool.takenBytes = 3 * MIB;
    expect(pool.freeBytes).toBe(5 * MIB);
    cycle(pool, 8);
    expect(pool.freeBytes).toBe(5 * MIB);
    pool.takenBytes = 0;
    cycle(pool, 8);
    expect(pool.freeBytes).toBe(8 * MIB);
  });

  it('messages larger than any shared block are read into the same memory, one after the other', () => {
    const pool = new BlockPool(2 * MIB, 30 * MIB);
    const first = pool.takeHeld(8.2 * MIB);
    first.release();
    const second = pool.takeHeld(8.9 * MIB);
    expect(second.buffer).toBe(first.buffer);
    expect(second.buffer.length).toBe(9 * MIB);
    second.release();
  });

  it('blocks of a size that is no longer used make room for those that are', () => {
    const pool = new BlockPool(2 * MIB, 6 * MIB);
    cycle(pool, 8);
    const large = pool.takeHeld(5 * MIB);
    large.release();
    expect(pool.freeBytes).toBe(8 * MIB);
    expect(pool.takeHeld(5 * MIB).buffer).toBe(large.buffer);
  });
});
