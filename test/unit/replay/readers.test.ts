import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CaptureSink } from '../../../src/replay/captured.js';
import { type CaptureFormat, readerFor } from '../../../src/replay/readers.js';
import { compressedMode, entries, forwardMode, messageMode } from '../../support/wire.js';

/** What a reader hands on, each piece of the capture spoiled once it has been dealt with. */
async function read(
  bytes: Buffer,
  format: CaptureFormat | 'auto',
  size: number,
): Promise<{ events: string[]; unread: string[] }> {
  const events: string[] = [];
  const unread: string[] = [];
  const sink: CaptureSink = {
    json: (buf, start, end, f) =>
      events.push(`${f.line} ${f.tag} ${buf.toString('utf8', start, end).trim()}`),
    event: (e) => events.push(`${e.line} ${e.tag} ${e.text()}`),
    unread: (line, message) => unread.push(`${line} ${message}`),
    settle: () => Promise.resolve(),
  };
  async function* pieces(): AsyncIterable<Buffer> {
    for (let at = 0; at < bytes.length; at += size) {
      const piece = Buffer.from(bytes.subarray(at, at + size));
      yield piece;
      piece.fill(0x7b);
    }
  }
  await readerFor(bytes, format).read(pieces(), sink);
  return { events, unread };
}

const captures: readonly (readonly [string, CaptureFormat, Buffer])[] = [
  [
    'NDJSON with arrays, bad lines, CRLF and a BOM',
    'ndjson',
    Buffer.from('\ufeff{"a":"é"}\r\n\n[{"b":1}, {"c":2}]\n{"bad\n  {"d":{"e":[1]}}\n{"last":1}'),
  ],
  [
    'a JSON array laid out, with a bad element and scalars',
    'json',
    Buffer.from('[\n  {"a": "}],{\\"", "é": [1, {}]},\n  {"b":},\n  7, "x",\n  {\n "c": 1\n}\n]\n'),
  ],
  ['JSON documents one after another', 'json', Buffer.from('{\n"b":\n[2]}{"c":3}\n[{"d":4}]')],
  [
    'out_file lines',
    'fluentd',
    Buffer.from('2026-03-10T01:02:03Z\ta.b\t{"x":1}\nbad\n2026-03-10T01:02:03Z\t\t{"y":"\t"}\n'),
  ],
  [
    'a Forward stream of every entry mode',
    'forward',
    Buffer.concat([
      forwardMode('t.a', [{ n: 1 }, { n: 2 }], { chunk: 'x' }),
      messageMode('t.b', { s: 'x'.repeat(300) }),
      compressedMode('t.c', entries([{ n: 3 }, { n: 4 }])),
    ]),
  ],
  ['CSV with quoted newlines', 'csv', Buffer.from('a,b\n1,"x\ny"\n2,"é ""q"""\n3\n4,5')],
];

describe('the readers of captures', () => {
  for (const [name, format, bytes] of captures)
    it(`read ${name} the same in pieces of any size, which they do not keep`, async () => {
      const whole = await read(bytes, format, bytes.length);
      expect(whole.events.length).toBeGreaterThan(1);
      expect((await read(bytes, 'auto', bytes.length)).events).toEqual(whole.events);
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: bytes.length }), async (size) => {
          expect(await read(bytes, format, size)).toEqual(whole);
        }),
        { numRuns: 60 },
      );
    });

  it('say where a Forward stream stops being one, and read what came before', async () => {
    const good = messageMode('t', { n: 1 });
    const cut = await read(Buffer.concat([good, good.subarray(0, 5)]), 'forward', 3);
    expect(cut).toMatchObject({ events: ['1 t {"n":1}'], unread: ['2 the capture ends inside a message'] });
    const bad = await read(Buffer.concat([good, Buffer.from([0xc1]), good]), 'forward', 3);
    expect(bad.events).toEqual(['1 t {"n":1}']);
    expect(bad.unread.join()).toContain('2 not msgpack from here on');
  });
});
