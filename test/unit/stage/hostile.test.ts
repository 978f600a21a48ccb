import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { match, plain } from '../../support/records.js';
import { StageDriver } from '../../support/stageDriver.js';
import { entries, messageMode, pack, packedMode } from '../../support/wire.js';

let stage: StageDriver;
beforeEach(async () => {
  stage = await StageDriver.start({
    input: ['chunk_size_limit: 64k', 'decompression_size_limit: 1m', 'max_depth: 32', 'max_connections: 8'],
  });
});
afterEach(() => stage.stop());

/** Another connection still works, and the one before it was not harmed. */
async function stillWorks(): Promise<void> {
  const before = stage.downstream.events.length;
  const other = await stage.sender();
  other.write(messageMode('after', match(`after-${before}`), { chunk: 'ok' }));
  await other.acked(1);
  // What was refused is held by nobody.
  expect(await stage.metric('fluent_detect_held_bytes')).toBe(0);
  expect(stage.downstream.events.at(-1)!.record['detection']).toBeDefined();
  await other.close();
}

const deep = (levels: number): Buffer =>
  Buffer.concat([
    Buffer.from([0x93, 0xa1, 0x61, 0x00, 0x81, 0xa1, 0x6b]),
    Buffer.alloc(levels, 0x91),
    Buffer.from([0x01]),
  ]);

/** An entry whose record is a map of that many maps and arrays. */
const deepEntry = (levels: number): Buffer =>
  Buffer.concat([
    Buffer.from([0x92, 0x01, 0x81, 0xa1, 0x6b]),
    Buffer.alloc(levels - 2, 0x91),
    Buffer.from([0x01]),
  ]);
/** `["a", "" , {"k":` */
const head3 = Buffer.from([0x93, 0xa1, 0x61, 0xa0, 0x81, 0xa1, 0x6b]);
const nil = Buffer.from([0xc0]);

const refused: readonly (readonly [what: string, bytes: Buffer, reason: string])[] = [
  ['a byte that msgpack never uses', Buffer.from([0x92, 0xc1]), 'not_msgpack'],
  ['a map where a message should be', pack({ a: 1 }), 'not_msgpack'],
  ['an array of one', pack(['tag']), 'bad_message'],
  ['a tag that is a number', pack([1, 2, { a: 1 }]), 'bad_tag'],
  ['a tag that is not UTF-8', Buffer.from([0x93, 0xa1, 0xff, 0x01, 0x80]), 'bad_tag'],
  ['an option that is no map', pack(['a', Buffer.from([0x92, 0x01, 0x80]), 7]), 'bad_option'],
  ['an unknown compression', packedMode('a', entries([plain(1)]), { compressed: 'lz4' }), 'bad_option'],
  [
    'a payload that says gzip and is not',
    packedMode('a', Buffer.from('hello'), { compressed: 'gzip' }),
    'inflate_failed',
  ],
  [
    'gzip that is cut off',
    pack(['a', gzipSync(entries([plain(1)])).subarray(0, 20), { compressed: 'gzip' }]),
    'inflate_failed',
  ],
  [
    'gzip with zeros after its end, which Node takes and Fluentd breaks on',
    pack(['a', Buffer.concat([gzipSync(entries([plain(1)])), Buffer.alloc(8)]), { compressed: 'gzip' }]),
    'inflate_failed',
  ],
  [
    'gzip with text after its end',
    pack(['a', Buffer.concat([gzipSync(entries([plain(1)])), Buffer.from('more')]), { compressed: 'gzip' }]),
    'inflate_failed',
  ],
  [
    'a gzip bomb',
    pack(['a', gzipSync(Buffer.alloc(8_000_000)), { compressed: 'gzip' }]),
    'inflated_too_large',
  ],
  ['entries that are cut off', packedMode('a', entries([plain(1)]).subarray(0, -3)), 'bad_entries'],
  ['a message over chunk_size_limit', packedMode('a', Buffer.alloc(70_000)), 'frame_too_large'],
  ['nesting over max_depth', deep(40), 'too_deep'],
  ['nesting 10,000 deep', deep(10_000), 'too_deep'],
  ['nesting over max_depth in a payload', packedMode('a', deepEntry(40)), 'too_deep'],
  ['nesting 10,000 deep in a payload', packedMode('a', deepEntry(10_000)), 'too_deep'],
  [
    'nesting 10,000 deep in gzip',
    pack(['a', gzipSync(deepEntry(10_000)), { compressed: 'gzip' }]),
    'too_deep',
  ],
  ['an option nested 10,000 deep', Buffer.concat([head3, Buffer.alloc(10_000, 0x91), nil]), 'too_deep'],
];

describe('what is refused costs its connection, one log line and one count', () => {
  it.each(refused)('%s', async (_, bytes, reason) => {
    const sender = await stage.sender();
    sender.write(messageMode('good', plain(1), { chunk: 'before' }));
    await sender.acked(1);
    sender.write(bytes);
    await sender.ended();
    expect(stage.downstream.events.filter((e) => e.tag === 'good')).toHaveLength(1);
    expect(await stage.metric(`fluent_detect_rejected_total{reason="${reason}"}`)).toBe(1);
    expect(stage.logged(reason)).toHaveLength(1);
    await stillWorks();
  });

  it('a payload of exactly max_depth passes, and one deeper does not', async () => {
    const sender = await stage.sender();
    sender.write(packedMode('deep', deepEntry(32), { chunk: 'c' }));
    await sender.acked(1);
    sender.write(packedMode('deep', deepEntry(33), { chunk: 'd' }));
    await sender.ended();
    expect(sender.acks).toEqual(['c']);
    await stillWorks();
  });

  it.each([
    ['text after the arrays', 'more'],
    ['a key without its value', '["a", 1, {"k":}]'],
    ['brackets that do not fit', '["a", 1, {"k":1]}'],
    ['a map where a message should be', '{"a":1}'],
    ['bytes that are no UTF-8', Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x2c, 0x31, 0x2c, 0x7b, 0x7d, 0x5d])],
    ['arrays 10,000 deep', `["a",1,{"k":${'['.repeat(10_000)}${']'.repeat(10_000)}}]`],
  ])('JSON mode with %s loses nothing that came before it', async (_, bad) => {
    const sender = await stage.sender();
    sender.write(Buffer.from('["good",1,{"a":1},{"chunk":"g"}]'), Buffer.from(bad));
    await sender.ended();
    expect(sender.received.toString()).toBe('{"ack":"g"}');
    expect(stage.downstream.events).toHaveLength(1);
    expect(await stage.metric('fluent_detect_rejected_total{reason="bad_json"}')).toBe(1);
    await stillWorks();
  });

  it('JSON mode that is broken loses nothing that came before it', async () => {
    const sender = await stage.sender();
    sender.write(Buffer.from('["good",1,{"a":1}]["a", 1, {"k":}]'));
    await sender.ended();
    await stage.downstream.receivedEvents(1);
    expect(await stage.metric('fluent_detect_rejected_total{reason="bad_json"}')).toBe(1);
    await stillWorks();
  });

  it('a header that declares 4 GiB allocates nothing and is refused at once', async () => {
    const sender = await stage.sender();
    const before = process.memoryUsage().rss;
    sender.write(Buffer.from([0x92, 0xa1, 0x61, 0xc6, 0xff, 0xff, 0xff, 0xff]));
    await sender.ended();
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20);
    expect(await stage.metric('fluent_detect_rejected_total{reason="frame_too_large"}')).toBe(1);
    await stillWorks();
  });

  it('a message of exactly chunk_size_limit passes, and one byte more does not', async () => {
    const make = (size: number): Buffer => {
      const room = size - packedMode('a', pack([1, { k: 'x'.repeat(60_000) }]), { chunk: 'c' }).length;
      return packedMode('a', pack([1, { k: 'x'.repeat(60_000 + room) }]), { chunk: 'c' });
    };
    const fits = await stage.sender();
    expect(make(65_536)).toHaveLength(65_536);
    fits.write(make(65_536));
    await fits.acked(1);
    const over = await stage.sender();
    over.write(make(65_537));
    await over.ended();
    expect(over.acks).toEqual([]);
    await fits.close();
  });

  it('a connection past max_connections is closed, and taken again once another has gone', async () => {
    const open = await Promise.all(Array.from({ length: 8 }, () => stage.sender()));
    const ninth = await stage.sender();
    await ninth.ended();
    expect(await stage.metric('fluent_detect_rejected_total{reason="too_many_connections"}')).toBe(1);
    await Promise.all(open.map((s) => s.close()));
    while (stage.running.metrics.connections > 0) await new Promise((r) => setTimeout(r, 5));
    await stillWorks();
  });
});

describe('a bad entry costs itself', () => {
  it('however many there are: one line, all counted, and the good ones among them go on', async () => {
    const pair = Buffer.concat([nil, entries([plain(1)], 7)]);
    const payload = Buffer.concat(Array.from({ length: 20_000 }, () => pair));
    const many = await StageDriver.start();
    const sender = await many.sender();
    sender.write(packedMode('a', payload, { chunk: 'c' }));
    await sender.acked(1);
    const good = Buffer.concat(Array.from({ length: 20_000 }, () => pair.subarray(1)));
    expect(many.downstream.messages[0]!.payload.equals(good)).toBe(true);
    expect(await many.metric('fluent_detect_rejected_total{reason="invalid_event"}')).toBe(20_000);
    expect(many.logged('invalid_event').map((l) => l['msg'])).toEqual([
      '20000 entries were taken out: entry is not an array',
    ]);
    await sender.close();
    await many.stop();
  });

  it('up to max_entries of any kind in a message; one more, and the message is refused', async () => {
    const few = await StageDriver.start({ input: ['max_entries: 100'] });
    const sender = await few.sender();
    sender.write(packedMode('a', entries(Array.from({ length: 100 }, (_, n) => plain(n))), { chunk: 'c' }));
    await sender.acked(1);
    sender.write(pack(['a', gzipSync(Buffer.alloc(101, nil)), { compressed: 'gzip', chunk: 'd' }]));
    await sender.ended();
    expect(sender.acks).toEqual(['c']);
    expect(await few.metric('fluent_detect_rejected_total{reason="too_many_entries"}')).toBe(1);
    await few.stop();
  });

  it.each([
    ['a record that is no map', pack([1, 'text'])],
    ['a time that is text', pack(['now', { a: 1 }])],
    ['an entry that is no array', pack({ a: 1 })],
    ['an entry without a record', pack([1])],
  ])('%s is taken out and counted; its neighbours go on and are acked', async (_, bad) => {
    const sender = await stage.sender();
    const payload = Buffer.concat([entries([plain(1)]), bad, entries([match('next')])]);
    sender.write(packedMode('a', payload, { chunk: 'c' }));
    await sender.acked(1);
    expect(stage.downstream.events.map((e) => 'detection' in e.record)).toEqual([false, true]);
    expect(await stage.metric('fluent_detect_rejected_total{reason="invalid_event"}')).toBe(1);
    await sender.close();
  });

  it('a stream that is cut at any byte loses nothing that was whole, and harms no other', async () => {
    const whole = packedMode('cut', entries([plain(1), match('cut')]), { chunk: 'c' });
    for (let at = 1; at < whole.length; at += 1) {
      const sender = await stage.sender();
      sender.write(whole.subarray(0, at));
      sender.socket.end();
      await sender.ended();
      expect(sender.received).toHaveLength(0);
    }
    expect(stage.downstream.events).toHaveLength(0);
    await stillWorks();
  });
});
