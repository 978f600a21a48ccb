import * as zlib from 'node:zlib';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { match, plain } from '../../support/records.js';
import type { Sender } from '../../support/sender.js';
import { StageDriver } from '../../support/stageDriver.js';
import {
  compressedMode,
  EventTime,
  entries,
  forwardMode,
  messageMode,
  pack,
  packedMode,
  unpackAll,
} from '../../support/wire.js';

/** Node has zstd from 22.15 on. */
const hasZstd = 'zstdCompressSync' in zlib;

let stage: StageDriver;
let sender: Sender;

beforeEach(async () => {
  stage = await StageDriver.start();
  sender = await stage.sender();
});
afterEach(async () => {
  await sender.close();
  await stage.stop();
});

describe('a stage passes events on in every entry mode', () => {
  it('a message mode event goes on as PackedForward with its time and record', async () => {
    sender.write(messageMode('a.b', plain(1), { chunk: 'c1' }));
    await sender.acked(1);
    expect(stage.downstream.events).toEqual([{ tag: 'a.b', time: 1_764_000_000, record: plain(1) }]);
    expect(stage.downstream.messages[0]!.payload).toEqual(pack([1_764_000_000, plain(1)]));
  });

  it('a forward mode array goes on with its entries byte for byte', async () => {
    sender.write(forwardMode('a.b', [plain(1), plain(2)], { chunk: 'c1' }));
    await sender.acked(1);
    expect(stage.downstream.messages[0]!.payload).toEqual(entries([plain(1), plain(2)]));
  });

  it('a packed forward payload goes on byte for byte', async () => {
    const payload = entries([plain(1), plain(2), plain(3)]);
    sender.write(packedMode('a.b', payload, { chunk: 'c1', size: 3 }));
    await sender.acked(1);
    const [message] = stage.downstream.messages;
    expect(message!.payload).toEqual(payload);
    expect(message!.option['size']).toBe(3);
  });

  it('a gzip payload without a match goes on as the compressed bytes that came', async () => {
    const gzip = gzipSync(entries([plain(1), plain(2)]), { level: 1 });
    sender.write(pack(['a.b', gzip, { compressed: 'gzip', chunk: 'c1' }]));
    await sender.acked(1);
    const [message] = stage.downstream.messages;
    expect(message!.payload).toEqual(gzip);
    expect(message!.option['compressed']).toBe('gzip');
  });

  it('a gzip payload of several members with a match in the last goes on tagged and inflated', async () => {
    const two = Buffer.concat([gzipSync(entries([plain(1)])), gzipSync(entries([match('m')]))]);
    sender.write(pack(['a.b', two, { compressed: 'gzip', chunk: 'c1' }]));
    await sender.acked(1);
    const [message] = stage.downstream.messages;
    expect(message!.option['compressed']).toBeUndefined();
    expect(stage.downstream.events.map((e) => e.record['detection'] !== undefined)).toEqual([false, true]);
    expect(() => gunzipSync(message!.payload)).toThrow();
  });

  it('a payload whose option says compressed: text is read as it is', async () => {
    sender.write(packedMode('a.b', entries([match('m')]), { compressed: 'text', chunk: 'c1' }));
    await sender.acked(1);
    expect(stage.downstream.events[0]!.record['detection']).toBeDefined();
  });

  it.skipIf(hasZstd)(
    'a zstd payload that this Node cannot inflate goes on unread, and a metric says so',
    async () => {
      const zstd = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x01, 0x09, 0x00, 0x00, 0x80]);
      sender.write(pack(['a.b', zstd, { compressed: 'zstd', chunk: 'c1' }]));
      await stage.downstream.received(1);
      expect(stage.downstream.messages[0]!.payload).toEqual(zstd);
      expect(await stage.metric('fluent_detect_rejected_total{reason="unread_compression"}')).toBe(1);
    },
  );

  it.skipIf(!hasZstd)('a zstd payload is read where this Node can inflate it', async () => {
    const { zstdCompressSync } = zlib as unknown as { zstdCompressSync: (bytes: Buffer) => Buffer };
    const untagged = zstdCompressSync(entries([plain(1)]));
    sender.write(pack(['a.b', untagged, { compressed: 'zstd', chunk: 'c1' }]));
    const tagged = zstdCompressSync(entries([match('z')]));
    sender.write(pack(['a.b', tagged, { compressed: 'zstd', chunk: 'c2' }]));
    await sender.acked(2);
    const [first, second] = stage.downstream.messages;
    expect(first!.payload).toEqual(untagged);
    expect(first!.option['compressed']).toBe('zstd');
    expect(JSON.stringify(unpackAll(second!.payload))).toContain('detection');
    expect(second!.option['compressed']).toBeUndefined();
  });

  it.each([
    ['negative', -1],
    ['zero', 0],
    ['uint64', 2n ** 40n],
    ['an EventTime with nanoseconds', new EventTime(1_764_000_000, 999_999_999)],
  ])('a time that is %s goes on unchanged', async (_, time) => {
    sender.write(packedMode('a.b', pack([time, plain(1)]), { chunk: 'c1' }));
    await sender.acked(1);
    expect(stage.downstream.messages[0]!.payload).toEqual(pack([time, plain(1)]));
  });

  it('an EventTime as ext8 goes on unchanged', async () => {
    const ext8 = Buffer.from('92c7080069245b00000000017b', 'hex');
    const entry = Buffer.concat([ext8.subarray(0, 12), pack(plain(1))]);
    sender.write(packedMode('a.b', entry, { chunk: 'c1' }));
    await sender.acked(1);
    expect(stage.downstream.messages[0]!.payload).toEqual(entry);
  });

  it('a JSON mode event comes in as text and is acked as text', async () => {
    sender.write(Buffer.from(`["a.b",1764000000,${JSON.stringify(match('json'))},{"chunk":"c1"}]`));
    await stage.downstream.received(1);
    expect(stage.downstream.events[0]!.record['detection']).toBeDefined();
    while (sender.received.length === 0) await new Promise((r) => setTimeout(r, 5));
    expect(JSON.parse(sender.received.toString())).toEqual({ ack: 'c1' });
  });

  it('nil heartbeats and empty connections are no news', async () => {
    (await stage.sender()).write(Buffer.from([0xc0]));
    sender.write(Buffer.from([0xc0]), messageMode('a', plain(1), { chunk: 'x' }), Buffer.from([0xc0]));
    await sender.acked(1);
    expect(stage.downstream.events).toHaveLength(1);
  });

  it('Fluent Bit metadata entries are judged by their record and go on with their metadata', async () => {
    const entry = pack([[new EventTime(1_764_000_000, 1), { severity: 'info' }], plain(7)]);
    sender.write(
      packedMode('a', Buffer.concat([entry, pack([[1, { k: 'v' }], match('meta')])]), { chunk: 'x' }),
    );
    await sender.acked(1);
    const [first, second] = unpackAll(stage.downstream.messages[0]!.payload) as [unknown[], unknown[]];
    expect(pack(first)).toEqual(entry);
    expect((second[0] as unknown[])[1]).toEqual({ k: 'v' });
    expect((second[1] as Record<string, unknown>)['detection']).toBeDefined();
  });

  it('group markers go on unread, in their places, and are no events', async () => {
    const time = new EventTime(1_764_000_000, 0);
    const group = Buffer.concat([
      pack([[new EventTime(0xffffffff, 0), { group: 1 }], match('group')]),
      pack([[time, {}], plain(1)]),
      pack([[new EventTime(0xfffffffe, 0), {}], {}]),
    ]);
    sender.write(packedMode('a', group, { chunk: 'x' }));
    await sender.acked(1);
    expect(stage.downstream.messages[0]!.payload).toEqual(group);
    expect(await stage.metric('fluent_detect_events_in_total')).toBe(1);
  });

  it.each([1, 2, 3, 4, 200])(
    'what is no log (fluent_signal: %i) goes on unread with its option',
    async (signal) => {
      const payloads = [
        pack({ anything: match('signal') }),
        Buffer.from([0xc1, 0x92, 0xff]),
        Buffer.alloc(0),
      ];
      for (const payload of payloads)
        sender.write(packedMode('a', payload, { chunk: 'x', fluent_signal: signal }));
      const zipped = gzipSync(payloads[1]!);
      sender.write(packedMode('a', zipped, { chunk: 'x', fluent_signal: signal, compressed: 'gzip' }));
      // fluentd_compat: an entry whose record is an array.
      const compat = pack([1, [payloads[0]]]);
      sender.write(
        Buffer.concat([
          Buffer.from([0x93, 0xa1, 0x61, 0x91]),
          compat,
          pack({ fluent_signal: signal, chunk: 'x' }),
        ]),
      );
      sender.write(pack(['a', 1, { n: 1 }, { fluent_signal: signal, chunk: 'x' }]));
      await sender.acked(6);
      const { messages } = stage.downstream;
      expect(messages.map((m) => m.payload)).toEqual([...payloads, zipped, compat, pack([1, { n: 1 }])]);
      expect(messages.map((m) => m.option['fluent_signal'])).toEqual(Array(6).fill(signal));
      expect(messages[3]!.option['compressed']).toBe('gzip');
    },
  );

  it('a compressed payload whose option says something else goes on with the right one', async () => {
    const zipped = gzipSync(entries([plain(1)]));
    sender.write(pack(['a', zipped, { compressed: 'text', chunk: 'x' }]), pack(['a', zipped]));
    await stage.downstream.received(2);
    for (const { payload, option } of stage.downstream.messages) {
      expect(payload).toEqual(zipped);
      expect(option['compressed']).toBe('gzip');
    }
  });

  it.each([
    ['an empty payload', pack(['a', Buffer.alloc(0), { chunk: 'x' }])],
    ['an empty payload that says gzip', pack(['a', Buffer.alloc(0), { chunk: 'x', compressed: 'gzip' }])],
    ['nothing in gzip', pack(['a', gzipSync(Buffer.alloc(0)), { chunk: 'x', compressed: 'gzip' }])],
    ['no entries', pack(['a', [], { chunk: 'x' }])],
  ])('a chunk of %s is acked, and nothing goes on', async (_, bytes) => {
    sender.write(bytes);
    await sender.acked(1);
    expect(stage.downstream.messages).toHaveLength(0);
  });

  it.each([null, false])('a chunk id of %s asks for no ack', async (chunk) => {
    sender.write(messageMode('a', plain(1), { chunk }), messageMode('a', plain(2), { chunk: 'c' }));
    await sender.acked(1);
    expect(sender.acks).toEqual(['c']);
  });

  it('option keys that nobody knows go on', async () => {
    sender.write(packedMode('a', entries([plain(1)]), { chunk: 'x', future: [1, { a: 2 }] }));
    await sender.acked(1);
    expect(stage.downstream.messages[0]!.option['future']).toEqual([1, { a: 2 }]);
  });

  it.each([['abc\n'], ['a'.repeat(300)], [42]])(
    'the chunk id %j is acked as it was written',
    async (chunk) => {
      sender.write(messageMode('a', plain(1), { chunk }));
      await sender.acked(1);
      expect(sender.acks).toEqual([chunk]);
    },
  );

  it('acks go out in the order of the chunks, equal ids and all', async () => {
    for (const chunk of ['a', 'b', 'a', 'c'])
      sender.write(compressedMode('t', entries([plain(1)]), { chunk }));
    await sender.acked(4);
    expect(sender.acks).toEqual(['a', 'b', 'a', 'c']);
    expect(stage.downstream.messages.map((m) => m.option['chunk'])).toHaveLength(4);
  });

  it('a message in pieces of one byte is the same message', async () => {
    const bytes = packedMode('a.b', entries([plain(1), match('slow')]), { chunk: 'slow' });
    for (const byte of bytes) {
      sender.write(Buffer.from([byte]));
      if (Math.random() < 0.2) await new Promise((r) => setImmediate(r));
    }
    await sender.acked(1);
    expect(stage.downstream.events.map((e) => 'detection' in e.record)).toEqual([false, true]);
  });
});
