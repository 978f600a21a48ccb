// Cases of the peers' own tests (facts of the Forward protocol) that the other tests of the stage do not hold yet.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { match, plain } from '../../support/records.js';
import { StageDriver } from '../../support/stageDriver.js';
import {
  compressedMode,
  EventTime,
  entries,
  forwardMode,
  messageMode,
  pack,
  packedMode,
} from '../../support/wire.js';

let stage: StageDriver | null = null;
const start = async (...input: string[]): Promise<StageDriver> => {
  stage = await StageDriver.start({ input });
  return stage;
};
afterEach(async () => {
  await stage?.stop();
  stage = null;
});

describe('receiving', () => {
  it('a message whose time is 0 keeps it', async () => {
    const s = await start();
    const sender = await s.sender();
    sender.write(messageMode('a', plain(1), { chunk: 'c' }, 0));
    await sender.acked(1);
    expect(s.downstream.events[0]!.time).toBe(0);
  });

  it('a message whose time is nil gets the time of arrival', async () => {
    const s = await start();
    const sender = await s.sender();
    const before = Math.floor(Date.now() / 1000);
    sender.write(messageMode('a', plain(1), { chunk: 'c' }, null));
    await sender.acked(1);
    expect((s.downstream.events[0]!.time as EventTime).seconds).toBeGreaterThanOrEqual(before);
  });

  it('JSON mode takes several arrays with newlines between them, and of duplicate keys the last', async () => {
    const s = await start();
    const sender = await s.sender();
    sender.write(Buffer.from('["tag1",1293974055,{"a":1}]\n["tag2",1293974056,{"k":"a","k":"b"}]\n'));
    await s.downstream.receivedEvents(2);
    expect(s.downstream.events.map((e) => [e.tag, e.time, e.record])).toEqual([
      ['tag1', 1293974055, { a: 1 }],
      ['tag2', 1293974056, { k: 'b' }],
    ]);
  });

  it.each([
    ['three elements', [1, { a: 1 }]],
    ['an empty option', [1, { a: 1 }, {}]],
    ['a nil option', [1, { a: 1 }, null]],
  ])('a message with %s is taken', async (_, rest) => {
    const s = await start();
    const sender = await s.sender();
    sender.write(pack(['t', ...rest]));
    await s.downstream.receivedEvents(1);
    expect(s.downstream.events[0]!.record).toEqual({ a: 1 });
  });

  it('a packed payload as str is the same as one as bin', async () => {
    const s = await start();
    const sender = await s.sender();
    const payload = entries([plain(1), match('m')]);
    const str = Buffer.concat([
      Buffer.from([0x93, 0xa1, 0x61, 0xdb, 0, 0, payload.length >> 8, payload.length & 0xff]),
      payload,
      pack({ chunk: 's' }),
    ]);
    sender.write(str, packedMode('a', payload, { chunk: 'b' }));
    await sender.acked(2);
    expect(s.downstream.messages[0]!.payload).toEqual(s.downstream.messages[1]!.payload);
  });

  it('invalid events inside a forward mode array are skipped, and the rest is delivered', async () => {
    const s = await start();
    const sender = await s.sender();
    sender.write(
      pack([
        't',
        [
          [true, { a: 1 }],
          [1, 'text'],
          [1, { b: 2 }],
          [2, { c: 3 }],
        ],
        { chunk: 'c' },
      ]),
    );
    await sender.acked(1);
    expect(s.downstream.events.map((e) => e.record)).toEqual([{ b: 2 }, { c: 3 }]);
    expect(await s.metric('fluent_detect_rejected_total{reason="invalid_event"}')).toBe(2);
  });

  it('one connection’s messages go on in their order, tags not mixed', async () => {
    const s = await start();
    const sender = await s.sender();
    for (let n = 0; n < 30; n += 1) sender.write(messageMode(`tag${n % 3}`, plain(n), { chunk: `c${n}` }));
    await sender.acked(30);
    expect(s.downstream.events.map((e) => e.record['n'])).toEqual(Array.from({ length: 30 }, (_, n) => n));
    expect(s.downstream.events.every((e) => e.tag === `tag${(e.record['n'] as number) % 3}`)).toBe(true);
  });

  it.each([
    ['message', () => messageMode('a.b', match('x'), { chunk: 'c' })],
    ['forward', () => forwardMode('a.b', [match('x')], { chunk: 'c' })],
    ['compressed', () => compressedMode('a.b', entries([match('x')]), { chunk: 'c' })],
  ])('add_tag_prefix goes before the tag with a dot, of events and alerts (%s mode)', async (_, make) => {
    const s = await start('add_tag_prefix: pre');
    const sender = await s.sender();
    sender.write(make());
    await sender.acked(1);
    expect(s.downstream.events[0]!.tag).toBe('pre.a.b');
  });

  it('a UDP heartbeat is answered', async () => {
    const s = await start();
    const socket = createSocket('udp4');
    socket.send(Buffer.from([0]), s.port, '127.0.0.1');
    const [answer] = (await once(socket, 'message')) as [Buffer];
    expect(answer).toEqual(Buffer.from([0]));
    socket.close();
  });

  it.each([
    ['message', () => messageMode('a', plain(1))],
    ['forward', () => forwardMode('a', [plain(1)])],
    ['packed', () => packedMode('a', entries([plain(1)]))],
    ['JSON', () => Buffer.from('["a",1,{"n":1}]')],
  ])('nothing is written to a client that asks for no ack (%s mode)', async (_, make) => {
    const s = await start();
    const sender = await s.sender();
    sender.write(make());
    await s.downstream.receivedEvents(1);
    await new Promise((r) => setTimeout(r, 50));
    expect(sender.received).toHaveLength(0);
  });

  it('a Message mode event with metadata in its option keeps it', async () => {
    const s = await start();
    const sender = await s.sender();
    sender.write(messageMode('a', match('m'), { chunk: 'c', fluent_signal: 0, metadata: { sev: 'info' } }));
    await sender.acked(1);
    expect((s.downstream.events[0]!.time as unknown[])[1]).toEqual({ sev: 'info' });
  });

  it('output.metadata: strip takes Fluent Bit’s metadata off for a receiver that cannot take it', async () => {
    stage = await StageDriver.start({ output: ['metadata: strip'] });
    const sender = await stage.sender();
    const time = new EventTime(1_764_000_000, 5);
    sender.write(packedMode('a', pack([[time, { sev: 'info' }], plain(1)]), { chunk: 'c' }));
    await sender.acked(1);
    expect(stage.downstream.messages[0]!.payload).toEqual(pack([time, plain(1)]));
  });

  it('output.metadata: strip takes group markers out, which such a receiver would take for events', async () => {
    stage = await StageDriver.start({ output: ['metadata: strip'] });
    const sender = await stage.sender();
    const marker = pack([[new EventTime(0xffffffff, 0), {}], { resource: 1 }]);
    const event = pack([[new EventTime(1_764_000_000, 5), {}], plain(1)]);
    sender.write(packedMode('a', Buffer.concat([marker, event]), { chunk: 'c' }));
    sender.write(packedMode('a', marker, { chunk: 'd' }));
    await sender.acked(2);
    expect(stage.downstream.events.map((e) => e.record)).toEqual([plain(1)]);
    expect(await stage.metric('fluent_detect_rejected_total{reason="invalid_event"}')).toBe(0);
  });

  it('a message whose time or record is none is taken out, and those after it go on', async () => {
    const s = await start();
    const sender = await s.sender();
    sender.write(
      ...[pack(['t', true, { a: 1 }]), pack(['t', 1, 'text']), pack(['t', 1, null])],
      ...[1, 2].map((n) => messageMode('t', { n }, { chunk: `c${n}` })),
    );
    await sender.acked(2);
    expect(s.downstream.events.map((e) => e.record)).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await s.metric('fluent_detect_rejected_total{reason="invalid_event"}')).toBe(3);
  });

  it.each([
    ['message', messageMode('a.b', match('x'), { chunk: 'c' })],
    ['forward', forwardMode('a.b', [match('x')], { chunk: 'c' })],
    ['packed', packedMode('a.b', entries([match('x')]), { chunk: 'c' })],
    ['compressed', compressedMode('a.b', entries([match('x')]), { chunk: 'c' })],
  ])('tag stands for the tag, and add_tag_prefix goes before it (%s mode)', async (_, bytes) => {
    stage = await StageDriver.start({ input: ['tag: own', 'add_tag_prefix: pre'] });
    const sender = await stage.sender();
    sender.write(bytes);
    await sender.acked(1);
    expect(stage.downstream.events.map((e) => e.tag)).toEqual(['pre.own']);
  });

  it('a chunk over chunk_size_warn_limit is delivered with one warning', async () => {
    const s = await start('chunk_size_warn_limit: 1k');
    const sender = await s.sender();
    sender.write(messageMode('a', { fill: 'x'.repeat(2000) }, { chunk: 'c' }));
    await sender.acked(1);
    expect(s.log.filter((l) => String(l['msg']).includes('chunk_size_warn_limit'))).toHaveLength(1);
  });

  it.each([
    ['a string', 'hello'],
    ['an integer', 12345],
    ['a nested array', [[['x']]]],
    ['a boolean tag', [true, 1, {}]],
    ['a nil tag', [null, []]],
    ['a record that is an array', ['t', 1, []]],
    ['entries that are a number', ['t', 1.5]],
  ])('%s where a message should be costs at most its connection', async (_, value) => {
    const s = await start();
    const sender = await s.sender();
    sender.write(pack(value));
    const other = await s.sender();
    other.write(messageMode('ok', plain(1), { chunk: 'c' }));
    await other.acked(1);
    expect(s.downstream.events.map((e) => e.tag)).toEqual(['ok']);
  });
});

describe('what goes downstream', () => {
  it('has no ext type or odd key in its option, which would break the receiver’s connection', async () => {
    const s = await start();
    const sender = await s.sender();
    const option = Buffer.from([
      0x83,
      0xa1,
      0x78,
      0xd4,
      0x05,
      0x00,
      0x01,
      0x02,
      0xa5,
      ...Buffer.from('chunk'),
      0xa1,
      0x63,
    ]);
    const payload = entries([plain(1)]);
    sender.write(Buffer.concat([Buffer.from([0x93]), pack('t'), pack(payload), option]));
    await sender.acked(1);
    expect(Object.keys(s.downstream.messages[0]!.option)).toEqual(['chunk']);
    expect(s.downstream.messages[0]!.payload).toEqual(payload);
  });
});
