// Bytes cut into whole values, in whatever pieces they come, and what memory that takes.
import { describe, expect, it } from 'vitest';
import { BlockPool, MAX_BLOCK } from '../../../src/forward/blocks.js';
import { LargeMessages } from '../../../src/forward/largeMessages.js';
import type { Rejection } from '../../../src/forward/rejection.js';
import { ValueReader, type WholeValue } from '../../../src/forward/valueReader.js';
import { pack } from '../../support/wire.js';

const MIB = 2 ** 20;

/** A pool that counts what was asked of it. */
class CountingPool extends BlockPool {
  asked = 0;
  override take(size: number): ReturnType<BlockPool['take']> {
    const block = super.take(size);
    this.asked += block.buffer.length;
    return block;
  }
}

function reader(onValue: (value: WholeValue, reader: ValueReader) => boolean = () => true) {
  const pool = new CountingPool();
  const values: Buffer[] = [];
  const rejections: Rejection[] = [];
  const made: ValueReader = new ValueReader(
    { pool, large: new LargeMessages({ capacity: 64 * MIB }) },
    { chunkSizeLimit: 64 * MIB, maxDepth: 64 },
    {
      onValue: (value) => {
        values.push(Buffer.from(value.block.buffer.subarray(value.start, value.end)));
        return onValue(value, made);
      },
      onReject: (rejection) => rejections.push(rejection),
      onWait: () => undefined,
    },
  );
  const feed = (bytes: Buffer, most = 64 * 1024): void => {
    for (let at = 0; at < bytes.length; ) {
      const room = made.room();
      const n = bytes.copy(room, 0, at, Math.min(bytes.length, at + most));
      at += n;
      made.filled(n);
    }
  };
  return { made, pool, values, rejections, feed };
}

describe('a connection’s bytes', () => {
  it('that come after it was refused are not read into memory that another connection has by then', () => {
    const { made, pool } = reader();
    const room = made.room();
    // Refused from outside, while the socket still has this memory to read into.
    made.close();
    const [one, two] = [pool.take(pool.least), pool.take(pool.least)];
    expect([one.buffer.buffer, two.buffer.buffer]).not.toContain(room.buffer);
    made.filled(10);
    expect(made.room().buffer).not.toBe(room.buffer);
    expect(pool.take(pool.least).buffer.buffer === room.buffer).toBe(true);
  });

  it.each([1, 2, 3, 7, 64])('come to the same values in pieces of %i bytes', (most) => {
    const { feed, values } = reader();
    const messages = [
      pack(['a', 1, { k: 'x'.repeat(300) }]),
      pack(null),
      pack(['b', [[1, {}]], { chunk: 'c' }]),
    ];
    feed(Buffer.concat(messages), most);
    expect(values).toEqual([messages[0], messages[2]]);
  });

  it('of a large message are copied a few times at most, however small the pieces that they come in', () => {
    const { feed, pool, values } = reader();
    const message = pack(['a', Buffer.alloc(48 * MIB)]);
    feed(message);
    expect(values[0]!.equals(message)).toBe(true);
    // All the memory that was ever asked for: doubling gives under four times the message.
    expect(pool.asked).toBeLessThan(4 * message.length);
  });

  it('after a large message do not keep its memory', () => {
    const { feed, made } = reader();
    feed(pack(['a', Buffer.alloc(32 * MIB)]));
    expect(made.room().length).toBeLessThanOrEqual(MAX_BLOCK);
  });

  it('of small JSON messages take no more memory than they are long', () => {
    const held: WholeValue[] = [];
    const { feed, pool } = reader((value) => {
      value.block.retain();
      held.push(value);
      return true;
    });
    feed(Buffer.from('["tag",1,{"a":1}]\n'.repeat(1000)));
    expect(held).toHaveLength(1000);
    expect(pool.asked).toBeLessThan(MIB);
  });

  it('after a value at which the reader was closed are no values, and its block goes back once', () => {
    const { feed, pool, values } = reader((_, self) => {
      self.close();
      return true;
    });
    feed(Buffer.concat([pack(['a', 1, {}]), pack(['b', 2, {}])]));
    expect(values).toHaveLength(1);
    const [one, two] = [pool.take(pool.least), pool.take(pool.least)];
    expect(one.buffer).not.toBe(two.buffer);
  });
});
