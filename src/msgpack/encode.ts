// Values of ours to msgpack bytes: tags, options, alert fields. Not for events: those stay the bytes they came as.

/** What we encode. Object keys keep their order; `undefined` entries are left out. Buffers pass through as msgpack already. */
export type Encodable =
  | null
  | boolean
  | number
  | bigint
  | string
  | Raw
  | readonly Encodable[]
  | { readonly [key: string]: Encodable | undefined };

/** Bytes that are one whole msgpack value already. */
export class Raw {
  readonly bytes: Buffer;
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

/** Header of a map of `size` pairs in its shortest form. */
export function mapHeader(size: number): Buffer {
  return containerHeader(size, 0x80, 0xde);
}

/** Header of an array of `size` elements in its shortest form. */
export function arrayHeader(size: number): Buffer {
  return containerHeader(size, 0x90, 0xdc);
}

/** The headers of one byte, for every map and array that has one. */
const fixHeaders = Array.from({ length: 256 }, (_, byte) => Buffer.from([byte]));

function containerHeader(size: number, fix: number, wide: number): Buffer {
  if (size < 16) return fixHeaders[fix | size]!;
  if (size < 0x10000) return Buffer.from([wide, size >>> 8, size & 0xff]);
  const out = Buffer.allocUnsafe(5);
  out[0] = wide + 1;
  out.writeUInt32BE(size, 1);
  return out;
}

/** Header of a str of `length` bytes in its shortest form. */
export function strHeader(length: number): Buffer {
  if (length < 32) return Buffer.from([0xa0 | length]);
  if (length < 0x100) return Buffer.from([0xd9, length]);
  if (length < 0x10000) return Buffer.from([0xda, length >>> 8, length & 0xff]);
  return str32Header(length);
}

/** Fluentd's out_forward always writes the payload behind this five-byte header, however short it is. */
export function str32Header(length: number): Buffer {
  const out = Buffer.allocUnsafe(5);
  out[0] = 0xdb;
  out.writeUInt32BE(length, 1);
  return out;
}

/** One value as msgpack. Integers within ±2^53 and bigints within 64 bits become integers, other numbers float64. */
export function encode(value: Encodable): Buffer {
  const parts: Buffer[] = [];
  push(value, parts);
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

function push(value: Encodable, out: Buffer[]): void {
  if (value === null) out.push(Buffer.from([0xc0]));
  else if (typeof value === 'boolean') out.push(Buffer.from([value ? 0xc3 : 0xc2]));
  else if (typeof value === 'number') out.push(encodeNumber(value));
  else if (typeof value === 'bigint') out.push(encodeBigInt(value));
  else if (typeof value === 'string') {
    const body = Buffer.from(value, 'utf8');
    out.push(strHeader(body.length), body);
  } else if (value instanceof Raw) out.push(value.bytes);
  else if (Array.isArray(value)) {
    out.push(arrayHeader(value.length));
    for (const element of value) push(element, out);
  } else {
    const entries = Object.entries(value).filter(([, v]) => v !== undefined);
    out.push(mapHeader(entries.length));
    for (const [key, v] of entries) {
      push(key, out);
      push(v as Encodable, out);
    }
  }
}

function encodeNumber(n: number): Buffer {
  if (!Number.isSafeInteger(n) || Object.is(n, -0)) {
    const out = Buffer.allocUnsafe(9);
    out[0] = 0xcb;
    out.writeDoubleBE(n, 1);
    return out;
  }
  if (n >= 0 && n < 0x80) return Buffer.from([n]);
  if (n < 0 && n >= -32) return Buffer.from([n & 0xff]);
  if (n >= 0 && n < 0x100) return Buffer.from([0xcc, n]);
  if (n >= 0 && n < 0x10000) return Buffer.from([0xcd, n >>> 8, n & 0xff]);
  if (n >= 0 && n <= 0xffffffff) {
    const out = Buffer.allocUnsafe(5);
    out[0] = 0xce;
    out.writeUInt32BE(n, 1);
    return out;
  }
  if (n < 0 && n >= -0x80000000) {
    const out = Buffer.allocUnsafe(5);
    out[0] = 0xd2;
    out.writeInt32BE(n, 1);
    return out;
  }
  return encodeBigInt(BigInt(n));
}

function encodeBigInt(n: bigint): Buffer {
  const out = Buffer.allocUnsafe(9);
  if (n >= 0n) {
    out[0] = 0xcf;
    out.writeBigUInt64BE(n, 1);
  } else {
    out[0] = 0xd3;
    out.writeBigInt64BE(n, 1);
  }
  return out;
}
