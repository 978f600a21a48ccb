import { describe, expect, it } from 'vitest';
import { OutBlocks, type Written } from '../../../src/forward/outBlocks.js';
import { outMessage } from '../../../src/forward/outMessage.js';
import type { OutChunk } from '../../../src/sinks/output.js';
import { outChunk } from '../../support/wire.js';

const short = (n: number, bytes = 3000): OutChunk => outChunk(Buffer.alloc(1, n), Buffer.alloc(bytes - 1, n));

function collected() {
  const writes: { bytes: Buffer; written: Written }[] = [];
  const out = new OutBlocks((bytes, written) => writes.push({ bytes, written }));
  return { out, writes, all: (): Buffer => Buffer.concat(writes.map((w) => w.bytes)) };
}
const expected = (chunks: readonly OutChunk[]): Buffer =>
  Buffer.concat(chunks.flatMap((c, n) => outMessage(c, `id${n}`)));

describe('short messages to a server', () => {
  it('that are sent in one turn are one write, each the message that it would be alone', () => {
    const { out, writes, all } = collected();
    const chunks = [1, 2, 3].map((n) => short(n));
    for (const [n, c] of chunks.entries()) expect(out.put(c, `id${n}`)).toBe(true);
    out.flush();
    out.flush();
    expect(writes).toHaveLength(1);
    expect(all().equals(expected(chunks))).toBe(true);
  });

  it('stay as they are until they are written, however many come meanwhile and whichever write ends first', () => {
    const { out, writes, all } = collected();
    const chunks = Array.from({ length: 400 }, (_, n) => short(n % 256, 1 + ((n * 977) % 30_000)));
    for (const [n, c] of chunks.entries()) {
      expect(out.put(c, `id${n}`)).toBe(true);
      if (n % 3 === 0) out.flush();
    }
    out.flush();
    expect(all().equals(expected(chunks))).toBe(true);
    for (const { written } of writes.splice(0).reverse()) written();
    const again = [short(9), short(8)];
    for (const [n, c] of again.entries()) out.put(c, `id${n}`);
    out.flush();
    expect(all().equals(expected(again))).toBe(true);
  });

  it('are told of when they are written, and when they could not be', () => {
    const { out, writes } = collected();
    const told: (Error | null | undefined)[] = [];
    out.put(short(1), null);
    out.flush((error) => told.push(error));
    out.put(short(2), null);
    out.flush((error) => told.push(error));
    const broken = new Error('reset');
    writes[0]!.written();
    writes[1]!.written(broken);
    expect(told).toEqual([undefined, broken]);
  });

  it('are over 32 KiB no more: those are written by themselves', () => {
    const { out } = collected();
    expect(out.put(short(1, 40_000), 'id')).toBe(false);
    expect(out.isEmpty).toBe(true);
  });
});
