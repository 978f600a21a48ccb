import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { AT_ONCE, inflate, inflateApart, inflateAtOnce } from '../../../src/forward/inflate.js';

const zeros = (bytes: number): Buffer => gzipSync(Buffer.alloc(bytes), { level: 1 });
const GIB = 2 ** 30;

describe('a payload that is inflated at once', () => {
  it('has up to 8 MiB; with one byte more it is large, whatever its trailer says', () => {
    expect(inflateAtOnce(zeros(AT_ONCE), 'gzip', GIB)).toHaveLength(AT_ONCE);
    expect(inflateAtOnce(zeros(AT_ONCE + 1), 'gzip', GIB)).toBe('large');
    // RFC 1952: the last member alone says its size.
    expect(inflateAtOnce(Buffer.concat([zeros(AT_ONCE), zeros(1)]), 'gzip', GIB)).toBe('large');
    expect(inflateAtOnce(Buffer.concat([zeros(AT_ONCE - 1), zeros(1)]), 'gzip', GIB)).toHaveLength(AT_ONCE);
  });

  it('is refused past its limit where that is lower', () => {
    expect(inflateAtOnce(zeros(1000), 'gzip', 1000)).toHaveLength(1000);
    expect(() => inflateAtOnce(zeros(1001), 'gzip', 1000)).toThrow(/over 1000 bytes/);
    expect(() => inflateAtOnce(zeros(AT_ONCE + 1), 'gzip', AT_ONCE)).toThrow(/over 8388608 bytes/);
  });
});

describe('a payload that is inflated apart', () => {
  it.each([
    ['one member', gzipSync('one')],
    ['several', Buffer.concat([gzipSync('one'), gzipSync(''), gzipSync('two'.repeat(1e6))])],
  ])('of %s gives what it gives at once', async (_, bytes) => {
    expect((await inflateApart(bytes, 'gzip', GIB)).equals(inflate(bytes, 'gzip', GIB)!)).toBe(true);
  });

  it.each([
    ['cut off', gzipSync('one').subarray(0, 15)],
    ['with zeros after its end', Buffer.concat([gzipSync('one'), Buffer.alloc(8)])],
    ['with text after its end', Buffer.concat([gzipSync('one'), Buffer.from('more')])],
    ['of another checksum', Buffer.concat([gzipSync('one').subarray(0, -8), Buffer.alloc(8, 1)])],
  ])('%s is refused as it is at once', async (_, bytes) => {
    expect(() => inflate(bytes, 'gzip', GIB)).toThrow(expect.objectContaining({ code: 'inflate_failed' }));
    await expect(inflateApart(bytes, 'gzip', GIB)).rejects.toMatchObject({ code: 'inflate_failed' });
  });

  it('may have as many bytes as its limit, and not one more', async () => {
    expect(await inflateApart(zeros(1_000_000), 'gzip', 1_000_000)).toHaveLength(1_000_000);
    const over = inflateApart(zeros(1_000_001), 'gzip', 1_000_000);
    await expect(over).rejects.toMatchObject({ code: 'inflated_too_large' });
  });
});
