// Every kind of value in every place of a message of every entry mode: whatever comes of it costs at most its own
// connection, one count and one line, and nothing of what came before it.
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rejectCodes } from '../../../src/forward/message.js';
import { match, plain } from '../../support/records.js';
import type { Sender } from '../../support/sender.js';
import { StageDriver } from '../../support/stageDriver.js';
import { entries, messageMode, pack } from '../../support/wire.js';

const kinds: Readonly<Record<string, Buffer>> = {
  nil: pack(null),
  true: pack(true),
  false: pack(false),
  'a small integer': pack(1),
  'a negative integer': pack(-1),
  uint64: Buffer.from('cfffffffffffffffff', 'hex'),
  float32: Buffer.from('ca7fc00000', 'hex'),
  float64: pack(1.5),
  'an empty str': pack(''),
  'a str': pack('text'),
  'invalid UTF-8': Buffer.from('a2fffe', 'hex'),
  'an empty bin': pack(Buffer.alloc(0)),
  'a bin': pack(Buffer.from([1, 2, 3])),
  'an empty array': pack([]),
  'an array': pack([1, 'x']),
  'an array of arrays': pack([[[[]]]]),
  'an empty map': pack({}),
  'a map': pack({ k: [1] }),
  'a map with a number for a key': Buffer.from('8101c0', 'hex'),
  'an EventTime': Buffer.from('d7006924548000000000', 'hex'),
  'a timestamp ext': Buffer.from('d6ff00000000', 'hex'),
  'an unknown ext': Buffer.from('c7030501020d', 'hex'),
};

const array = (parts: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([0x90 | parts.length]), ...parts]);
const option = pack({ chunk: 'c', size: 1 });
const entry = (parts: readonly Buffer[]): Buffer => array(parts);
const time = pack(1_764_000_000);
const record = pack(match('x'));
const bin = (payload: Buffer): Buffer => pack(payload);
const zipped = pack({ chunk: 'c', compressed: 'gzip' });

/** A message with one value in it replaced. */
const places: Readonly<Record<string, (value: Buffer) => Buffer>> = {
  'the message': (v) => v,
  'the tag of a message': (v) => array([v, time, record, option]),
  'the time of a message': (v) => array([pack('t'), v, record, option]),
  'the record of a message': (v) => array([pack('t'), time, v, option]),
  'the option of a message': (v) => array([pack('t'), time, record, v]),
  'a fifth element of a message': (v) => array([pack('t'), time, record, option, v]),
  'the tag of forward mode': (v) => array([v, array([entry([time, record])]), option]),
  'an entry of forward mode': (v) => array([pack('t'), array([v, entry([time, record])]), option]),
  'a time of forward mode': (v) => array([pack('t'), array([entry([v, record])]), option]),
  'a record of forward mode': (v) => array([pack('t'), array([entry([time, v])]), option]),
  'a third element of an entry': (v) => array([pack('t'), array([entry([time, record, v])]), option]),
  'the time beside metadata': (v) =>
    array([pack('t'), array([entry([array([v, pack({})]), record])]), option]),
  'the metadata': (v) => array([pack('t'), array([entry([array([time, v]), record])]), option]),
  'the option of forward mode': (v) => array([pack('t'), array([entry([time, record])]), v]),
  'the payload': (v) => array([pack('t'), bin(v), option]),
  'an entry in a payload': (v) => array([pack('t'), bin(Buffer.concat([v, entry([time, record])])), option]),
  'a record in a payload': (v) => array([pack('t'), bin(entry([time, v])), option]),
  'an entry in gzip': (v) => array([pack('t'), bin(gzipSync(v)), zipped]),
  'what says gzip': (v) => array([pack('t'), bin(v), zipped]),
  ...Object.fromEntries(
    ['chunk', 'compressed', 'size', 'fluent_signal', 'metadata', 'own'].map((name) => [
      `the option ${name}`,
      (v: Buffer) =>
        array([pack('t'), bin(entries([plain(1)])), Buffer.concat([Buffer.from([0x81]), pack(name), v])]),
    ]),
  ),
  'an option’s key': (v) =>
    array([pack('t'), bin(entries([plain(1)])), Buffer.concat([Buffer.from([0x81]), v, pack(1)])]),
};

describe('a value of any kind', () => {
  let stage: StageDriver;
  let control: Sender;
  beforeAll(async () => {
    stage = await StageDriver.start();
    control = await stage.sender();
  });
  afterAll(() => stage.stop());

  /** How often connections were closed for what they sent. */
  async function refusals(): Promise<number> {
    const { body } = await stage.running.metrics.text();
    const counts = rejectCodes.map((code) =>
      Number(new RegExp(`rejected_total\\{reason="${code}"\\} (\\d+)`).exec(body)?.[1] ?? 0),
    );
    return counts.reduce((sum, n) => sum + n, 0);
  }

  it.each(Object.entries(places))('as %s costs at most its connection', async (_, make) => {
    const before = await refusals();
    const outcomes = await Promise.all(
      Object.values(kinds).map(async (value) => {
        const sender = await stage.sender();
        // The event before it and the one behind it say whether the connection is still good.
        sender.write(messageMode('good', plain(1), { chunk: 'before' }));
        await sender.acked(1);
        sender.write(make(value));
        sender.write(messageMode('good', plain(2), { chunk: 'after' }));
        while (!sender.closed && sender.received.indexOf(pack({ ack: 'after' })) === -1)
          await new Promise((resolve) => setTimeout(resolve, 2));
        const isOpen = !sender.closed;
        await sender.close();
        return isOpen;
      }),
    );
    expect(await refusals()).toBe(before + outcomes.filter((isOpen) => !isOpen).length);
    control.write(messageMode('control', match('c'), { chunk: 'k' }));
    const acks = control.acks.length;
    await control.acked(acks + 1);
    expect(await stage.metric('fluent_detect_held_bytes')).toBe(0);
  });
});
