// Msgpack to plain values, and to JSON text, for people, files and the slow reference paths. Never on the way of
// an event that goes on. The bytes must be whole (`skip` said so).
import { headerSize, kindOf, lengthAt, u16, u32 } from './scan.js';

/** Ext values are kept as their type (-128 to 127) and bytes. */
export class Ext {
  readonly type: number;
  readonly bytes: Buffer;
  constructor(type: number, bytes: Buffer) {
    this.type = type;
    this.bytes = bytes;
  }
}

/** Maps become Map (order and duplicate-safe: the last of equal keys wins); 64-bit integers over 2^53 become bigint; bin a Buffer. */
export type Decoded =
  | null
  | boolean
  | number
  | bigint
  | string
  | Buffer
  | Ext
  | Decoded[]
  | Map<string, Decoded>;

export interface Cursor {
  pos: number;
}

/** The value at `at.pos`; leaves `at.pos` just past it. */
export function decode(buf: Buffer, at: Cursor): Decoded {
  const b = buf[at.pos]!;
  switch (kindOf(b)) {
    case 'nil':
    case 'invalid':
      at.pos += 1;
      return null;
    case 'boolean':
      at.pos += 1;
      return b === 0xc3;
    case 'integer':
      return readInteger(buf, at);
    case 'float': {
      const value = b === 0xca ? buf.readFloatBE(at.pos + 1) : buf.readDoubleBE(at.pos + 1);
      at.pos += b === 0xca ? 5 : 9;
      return value;
    }
    case 'str': {
      const start = at.pos + headerSize(b);
      at.pos = start + lengthAt(buf, at.pos);
      return buf.toString('utf8', start, at.pos);
    }
    case 'bin': {
      const start = at.pos + headerSize(b);
      at.pos = start + lengthAt(buf, at.pos);
      return buf.subarray(start, at.pos);
    }
    case 'array': {
      const length = lengthAt(buf, at.pos);
      at.pos += headerSize(b);
      const out: Decoded[] = [];
      for (let i = 0; i < length; i += 1) out.push(decode(buf, at));
      return out;
    }
    case 'map': {
      const length = lengthAt(buf, at.pos);
      at.pos += headerSize(b);
      const out = new Map<string, Decoded>();
      for (let i = 0; i < length; i += 1) {
        const key = decode(buf, at);
        out.set(keyText(key), decode(buf, at));
      }
      return out;
    }
    case 'ext':
      return readExt(buf, at);
  }
}

/** The text of a map key: strings and bins as UTF-8, anything else as its JSON text. */
function keyText(key: Decoded): string {
  if (typeof key === 'string') return key;
  if (Buffer.isBuffer(key)) return key.toString('utf8');
  return String(key);
}

function readInteger(buf: Buffer, at: Cursor): number | bigint {
  const p = at.pos;
  const b = buf[p]!;
  if (b <= 0x7f || b >= 0xe0) {
    at.pos = p + 1;
    return b <= 0x7f ? b : b - 256;
  }
  switch (b) {
    case 0xcc:
      at.pos = p + 2;
      return buf[p + 1]!;
    case 0xcd:
      at.pos = p + 3;
      return u16(buf, p + 1);
    case 0xce:
      at.pos = p + 5;
      return u32(buf, p + 1);
    case 0xd0:
      at.pos = p + 2;
      return buf.readInt8(p + 1);
    case 0xd1:
      at.pos = p + 3;
      return buf.readInt16BE(p + 1);
    case 0xd2:
      at.pos = p + 5;
      return buf.readInt32BE(p + 1);
    default: {
      at.pos = p + 9;
      const wide = b === 0xcf ? buf.readBigUInt64BE(p + 1) : buf.readBigInt64BE(p + 1);
      const narrow = Number(wide);
      return Number.isSafeInteger(narrow) ? narrow : wide;
    }
  }
}

function readExt(buf: Buffer, at: Cursor): Ext {
  const p = at.pos;
  const b = buf[p]!;
  let head = 2;
  let length = 0;
  if (b >= 0xd4) length = 1 << (b - 0xd4);
  else if (b === 0xc7) {
    head = 3;
    length = buf[p + 1]!;
  } else if (b === 0xc8) {
    head = 4;
    length = u16(buf, p + 1);
  } else {
    head = 6;
    length = u32(buf, p + 1);
  }
  at.pos = p + head + length;
  return new Ext(buf.readInt8(p + head - 1), buf.subarray(p + head, at.pos));
}
