// Every form that a message can have, by chance: entry mode, width of each header, kind of time, option, chunk id,
// places at which the bytes are cut. Whatever the form, the same bytes go on and the same chunk id is acked.
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { arbitraryRecord } from '../../support/arbitraryRecord.js';
import { match } from '../../support/records.js';
import type { Sender } from '../../support/sender.js';
import { StageDriver } from '../../support/stageDriver.js';
import { eventsOf, pack } from '../../support/wire.js';

const width = fc.integer({ min: 0, max: 2 });

function sized(first: number, most: number, fix: number, n: number, least: number): Buffer {
  const out = Buffer.alloc(least === 0 && n <= most ? 1 : least < 2 && n < 0x10000 ? 3 : 5);
  if (out.length === 1) out[0] = fix | n;
  else out[0] = out.length === 3 ? first : first + 1;
  if (out.length === 3) out.writeUInt16BE(n, 1);
  if (out.length === 5) out.writeUInt32BE(n, 1);
  return out;
}
const array = (parts: readonly Buffer[], least: number): Buffer =>
  Buffer.concat([sized(0xdc, 15, 0x90, parts.length, least), ...parts]);
const map = (pairs: readonly Buffer[], least: number): Buffer =>
  Buffer.concat([sized(0xde, 15, 0x80, pairs.length, least), ...pairs]);
const str = (body: Buffer, least: number): Buffer =>
  Buffer.concat([sized(0xda, 31, 0xa0, body.length, least), body]);
/** As bin8, bin16 or bin32. */
function bin(body: Buffer, least: number): Buffer {
  if (least === 0 && body.length < 0x100) return Buffer.concat([Buffer.from([0xc4, body.length]), body]);
  return Buffer.concat([sized(0xc5, -1, 0, body.length, Math.max(1, least)), body]);
}

const eight = (first: readonly number[]): fc.Arbitrary<Buffer> =>
  fc
    .uint8Array({ minLength: 8, maxLength: 8 })
    // Seconds of 0xff…… may be group markers, which have a test of their own.
    .map((b) => Buffer.concat([Buffer.from(first), Buffer.from([b[0]! & 0x7f]), b.subarray(1)]));
const integer = fc.oneof(
  fc.constantFrom(0x00, 0x7f, 0xe0, 0xff).map((b) => Buffer.from([b])),
  fc
    .constantFrom('cc80', 'cdffff', 'ceffffffff', 'd080', 'd18000', 'd2ffffffff')
    .map((h) => Buffer.from(h, 'hex')),
  fc.constantFrom('cfffffffffffffffff', 'd38000000000000000').map((h) => Buffer.from(h, 'hex')),
);
const time = fc.oneof(integer, eight([0xd7, 0x00]), eight([0xc7, 0x08, 0x00]));
const metadata = fc.tuple(width, fc.tuple(time, arbitraryRecord)).map(([w, pair]) => array(pair, w));

const entry = fc
  .tuple(width, fc.oneof({ weight: 3, arbitrary: time }, metadata), arbitraryRecord)
  .map(([w, t, record]) => array([t, record], w));

const chunkIds = fc.oneof(
  fc.constantFrom('', 'c', 'q1VfXwfmS0f7uA==\n', 'x'.repeat(300), 'ünï').map((s) => pack(s)),
  fc.constantFrom(Buffer.from('c4020a00', 'hex'), Buffer.from([7]), Buffer.from('cfffffffffffffffff', 'hex')),
);
/** Option pairs that mean nothing to us, and a chunk id now and then. */
const option = fc.record({
  chunk: fc.option(chunkIds, { nil: null }),
  others: fc.subarray(
    [
      Buffer.concat([pack('size'), pack(-1)]),
      Buffer.concat([pack('fluent_signal'), pack(0)]),
      Buffer.concat([pack('own'), pack({ deep: [1, { x: null }] })]),
      Buffer.concat([pack('compressed'), pack('text')]),
    ],
    { minLength: 0 },
  ),
  chunkFirst: fc.boolean(),
  without: fc.constantFrom('nothing', 'nil', 'empty'),
  width,
});
type Option = typeof option extends fc.Arbitrary<infer T> ? T : never;

function optionBytes(
  { chunk, others, chunkFirst, without, width: w }: Option,
  more: readonly Buffer[],
): Buffer[] {
  const id = chunk === null ? [] : [Buffer.concat([pack('chunk'), chunk])];
  const rest = more.length === 0 ? others : others.filter((o) => !o.includes('compressed'));
  const pairs = chunkFirst ? [...id, ...rest, ...more] : [...rest, ...more, ...id];
  if (pairs.length > 0) return [map(pairs, w)];
  return without === 'nothing' ? [] : [without === 'nil' ? Buffer.from([0xc0]) : map([], w)];
}

const modes = ['message', 'forward', 'packed str', 'packed bin', 'gzip', 'gzip of several members'] as const;
const form = fc.record({
  mode: fc.constantFrom(...modes),
  entries: fc.array(entry, { minLength: 1, maxLength: 4 }),
  alone: fc.tuple(time, arbitraryRecord),
  option,
  widths: fc.tuple(width, width, width),
  tag: fc.constantFrom('a.b', 'x'.repeat(40), 'y'.repeat(300), 'täg', ''),
  tagAsBin: fc.boolean(),
  cuts: fc.array(fc.nat({ max: 400 }), { maxLength: 4 }),
});
type Form = typeof form extends fc.Arbitrary<infer T> ? T : never;

interface Made {
  readonly bytes: Buffer;
  /** What must go downstream. */
  readonly payload: Buffer;
}

function make({ mode, entries, alone, option: o, widths: [outer, tagW, bodyW], tag, tagAsBin }: Form): Made {
  const tagBytes = tagAsBin ? bin(Buffer.from(tag), tagW) : str(Buffer.from(tag), tagW);
  const body = Buffer.concat(entries);
  const whole = (parts: readonly Buffer[], more: readonly Buffer[] = []): Buffer =>
    array([tagBytes, ...parts, ...optionBytes(o, more)], outer);
  switch (mode) {
    case 'message':
      return { bytes: whole(alone), payload: Buffer.concat([Buffer.from([0x92]), ...alone]) };
    case 'forward':
      return { bytes: whole([array(entries, bodyW)]), payload: body };
    case 'packed str':
      return { bytes: whole([str(body, bodyW)]), payload: body };
    case 'packed bin':
      return { bytes: whole([bin(body, bodyW)]), payload: body };
    default: {
      const members = mode === 'gzip' ? [body] : entries;
      const zipped = Buffer.concat(members.map((m) => gzipSync(m)));
      const named = Buffer.concat([pack('compressed'), pack('gzip')]);
      return { bytes: whole([bin(zipped, bodyW)], [named]), payload: zipped };
    }
  }
}

const ackOf = (chunk: Buffer): Buffer => Buffer.concat([Buffer.from([0x81]), pack('ack'), chunk]);

describe('a message of any form', () => {
  let stage: StageDriver;
  let sender: Sender;
  beforeAll(async () => {
    stage = await StageDriver.start();
    sender = await stage.sender();
  });
  afterAll(() => stage.stop());

  it('goes on with its entries byte for byte, and is acked with its own chunk id', async () => {
    const { messages } = stage.downstream;
    let acked = 0;
    await fc.assert(
      fc.asyncProperty(form, async (some) => {
        const { bytes, payload } = make(some);
        const before = messages.length;
        let at = 0;
        for (const cut of [...some.cuts].sort((a, b) => a - b)) {
          if (cut <= at || cut >= bytes.length) continue;
          sender.write(bytes.subarray(at, cut));
          at = cut;
          await new Promise((resolve) => setImmediate(resolve));
        }
        sender.write(bytes.subarray(at));
        await stage.downstream.received(before + 1);
        const arrived = messages[before]!;
        expect(arrived.tag).toBe(some.tag);
        expect(arrived.payload.equals(payload)).toBe(true);
        if (some.option.chunk === null) return;
        const ack = ackOf(some.option.chunk);
        while (sender.received.length < acked + ack.length) await new Promise((r) => setImmediate(r));
        expect(sender.received.subarray(acked)).toEqual(ack);
        acked += ack.length;
      }),
      { numRuns: 300 },
    );
    expect(sender.closed).toBe(false);
    expect(await stage.metric('fluent_detect_rejected_total{reason="invalid_event"}')).toBe(0);
  });

  it('is tagged where its event matches, whatever the widths of its headers', async () => {
    const before = stage.downstream.messages.length;
    const chunk = Buffer.concat([pack('chunk'), pack('m')]);
    const now = pack(1_764_000_000);
    let n = 0;
    for (const outer of [0, 1, 2]) {
      for (const wide of [0, 1, 2]) {
        const record = pack(match(`w${n}`));
        const wider = Buffer.concat([sized(0xde, 15, 0x80, 2, wide), record.subarray(1)]);
        const entries = array([now, wider], wide);
        const tag = str(Buffer.from('w'), wide);
        const o = map([chunk], wide);
        sender.write(
          array([tag, now, wider, o], outer),
          array([tag, array([entries], wide), o], outer),
          array([tag, str(entries, wide), o], outer),
          array([tag, bin(entries, wide), o], outer),
        );
        n += 1;
      }
    }
    await stage.downstream.received(before + 36);
    const late = stage.downstream.messages
      .slice(before)
      .flatMap((m) => eventsOf([m.tag, m.payload]))
      .filter((e) => e.tag === 'w');
    expect(late).toHaveLength(36);
    expect(late.filter((e) => !('detection' in e.record))).toEqual([]);
  });
});
