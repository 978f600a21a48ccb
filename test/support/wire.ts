// Forward messages as peers write them, made by @msgpack/msgpack and by hand, and what is read back from them.
import { gzipSync } from 'node:zlib';
import { decode, decodeMulti, ExtensionCodec, encode } from '@msgpack/msgpack';
import type { OutChunk } from '../../src/sinks/output.js';

export type Plain = Record<string, unknown>;

export class EventTime {
  readonly seconds: number;
  readonly nanos: number;
  constructor(seconds: number, nanos: number) {
    this.seconds = seconds;
    this.nanos = nanos;
  }
}

const codec = new ExtensionCodec();
codec.register({
  type: 0,
  encode: (value) => {
    if (!(value instanceof EventTime)) return null;
    const out = Buffer.alloc(8);
    out.writeUInt32BE(value.seconds, 0);
    out.writeUInt32BE(value.nanos, 4);
    return out;
  },
  decode: (bytes) => {
    const b = Buffer.from(bytes);
    return new EventTime(b.readUInt32BE(0), b.readUInt32BE(4));
  },
});

export function pack(value: unknown): Buffer {
  return Buffer.from(encode(value, { extensionCodec: codec, useBigInt64: true }));
}
export function unpack(bytes: Uint8Array): unknown {
  return decode(bytes, { extensionCodec: codec, useBigInt64: false });
}
export function unpackAll(bytes: Uint8Array): unknown[] {
  return [...decodeMulti(bytes, { extensionCodec: codec })];
}

export function entries(
  records: readonly Plain[],
  time: unknown = new EventTime(1_764_000_000, 123),
): Buffer {
  return Buffer.concat(records.map((r) => pack([time, r])));
}
/** `[tag, [[time, record], …], option?]` */
export function forwardMode(tag: string, records: readonly Plain[], option?: Plain): Buffer {
  const list = records.map((r) => [new EventTime(1_764_000_000, 123), r]);
  return pack(option ? [tag, list, option] : [tag, list]);
}
/** `[tag, time, record, option?]` */
export function messageMode(
  tag: string,
  record: Plain,
  option?: Plain,
  time: unknown = 1_764_000_000,
): Buffer {
  return pack(option ? [tag, time, record, option] : [tag, time, record]);
}
/** `[tag, bin, option?]` */
export function packedMode(tag: string, payload: Buffer, option?: Plain): Buffer {
  return pack(option ? [tag, payload, option] : [tag, payload]);
}
export function compressedMode(tag: string, payload: Buffer, option: Plain = {}): Buffer {
  return pack([tag, gzipSync(payload), { compressed: 'gzip', ...option }]);
}

/** A chunk of tag `a`, to be sent on, with this payload and no option. */
export function outChunk(...payload: Buffer[]): OutChunk {
  return {
    tag: 'a',
    tagBytes: pack('a'),
    payload,
    payloadBytes: payload.reduce((sum, part) => sum + part.length, 0),
    optionEntries: null,
    optionCount: 0,
    compressed: null,
    signal: 0,
    connectionId: 1,
  };
}

/** One event as it arrived. */
export interface Arrived {
  readonly tag: string;
  readonly time: unknown;
  readonly record: Plain;
}

/** The events of a message of any entry mode but compressed. */
export function eventsOf(message: unknown): Arrived[] {
  const [tag, second, third] = message as [string, unknown, unknown];
  if (second instanceof Uint8Array)
    return unpackAll(second).map((e) => ({
      tag,
      time: (e as unknown[])[0],
      record: (e as unknown[])[1] as Plain,
    }));
  if (Array.isArray(second)) return second.map(([time, record]) => ({ tag, time, record: record as Plain }));
  return [{ tag, time: second, record: third as Plain }];
}
