// The handshake's messages and digests, the same for both sides. Forward protocol v1, "Handshake Phase": HELO, PING,
// PONG. Salts and nonces are raw bytes, in str or bin: a round trip through UTF-8 would break Fluent Bit's.
import { createHash, timingSafeEqual } from 'node:crypto';
import { encode, Raw } from '../msgpack/encode.js';
import { headerSize, kindOf, lengthAt, skip } from '../msgpack/scan.js';

export interface Helo {
  readonly nonce: Buffer;
  /** Empty: no user and password asked for. */
  readonly auth: Buffer;
  readonly keepalive: boolean;
}
export interface Ping {
  readonly hostname: Buffer;
  readonly salt: Buffer;
  readonly digest: Buffer;
  readonly username: Buffer;
  readonly passwordDigest: Buffer;
}
export interface Pong {
  readonly ok: boolean;
  readonly reason: string;
  readonly hostname: Buffer;
  readonly digest: Buffer;
}

/** sha512, hex, over the parts end to end. */
export function digest(...parts: readonly (Buffer | string)[]): Buffer {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return Buffer.from(hash.digest('hex'));
}

/** In constant time; of different lengths: false. */
export function sameBytes(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function bin(bytes: Buffer): Raw {
  if (bytes.length < 256) return new Raw(Buffer.concat([Buffer.from([0xc4, bytes.length]), bytes]));
  return new Raw(Buffer.concat([Buffer.from([0xc5, bytes.length >>> 8, bytes.length & 0xff]), bytes]));
}

export function encodeHelo(helo: Helo): Buffer {
  return encode(['HELO', { nonce: bin(helo.nonce), auth: bin(helo.auth), keepalive: helo.keepalive }]);
}
/** The salt must be ASCII: it goes out as a str. */
export function encodePing(ping: Ping): Buffer {
  const { hostname, salt, digest: hex, username, passwordDigest } = ping;
  return encode([
    'PING',
    hostname.toString('utf8'),
    salt.toString('latin1'),
    hex.toString('latin1'),
    username.toString('utf8'),
    passwordDigest.toString('latin1'),
  ]);
}
export function encodePong(pong: Pong): Buffer {
  return encode([
    'PONG',
    pong.ok,
    pong.reason,
    pong.hostname.toString('utf8'),
    pong.digest.toString('latin1'),
  ]);
}

/** The elements of the array at `[start, end)` as slices. */
function elementsOf(buf: Buffer, start: number, end: number): Buffer[] {
  const out: Buffer[] = [];
  let at = start + headerSize(buf[start]!);
  while (at < end) {
    const next = skip(buf, at, end);
    out.push(buf.subarray(at, next));
    at = next;
  }
  return out;
}

/** The raw bytes of a str or bin; null: something else. */
function bytesOf(value: Buffer | undefined): Buffer | null {
  if (value === undefined) return null;
  const kind = kindOf(value[0]!);
  if (kind !== 'str' && kind !== 'bin') return null;
  const head = headerSize(value[0]!);
  return Buffer.from(value.subarray(head, head + lengthAt(value, 0)));
}

/** Null: not a PING as it should be. The array lies at `[start, end)`. */
export function readPing(buf: Buffer, start: number, end: number): Ping | null {
  const parts = elementsOf(buf, start, end).map(bytesOf);
  const [name, hostname, salt, hex, username, passwordDigest] = parts;
  if (parts.length < 6 || name?.toString('latin1') !== 'PING') return null;
  if (!hostname || !salt || !hex) return null;
  // fluent-logger sends nil for a user name that it was not given.
  const none = Buffer.alloc(0);
  return { hostname, salt, digest: hex, username: username ?? none, passwordDigest: passwordDigest ?? none };
}

/** Null: not a HELO as it should be. */
export function readHelo(buf: Buffer, start: number, end: number): Helo | null {
  const [name, option] = elementsOf(buf, start, end);
  if (bytesOf(name)?.toString('latin1') !== 'HELO' || option === undefined || kindOf(option[0]!) !== 'map')
    return null;
  let nonce: Buffer | null = null;
  let auth: Buffer = Buffer.alloc(0);
  let keepalive = true;
  const parts = elementsOf(option, 0, option.length);
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const key = bytesOf(parts[i])?.toString('latin1');
    if (key === 'nonce') nonce = bytesOf(parts[i + 1]);
    else if (key === 'auth') auth = bytesOf(parts[i + 1]) ?? auth;
    else if (key === 'keepalive') keepalive = parts[i + 1]![0] !== 0xc2;
  }
  return nonce === null ? null : { nonce, auth, keepalive };
}

/** Null: not a PONG as it should be. */
export function readPong(buf: Buffer, start: number, end: number): Pong | null {
  const parts = elementsOf(buf, start, end);
  const [name, ok] = parts;
  if (bytesOf(name)?.toString('latin1') !== 'PONG' || ok === undefined || kindOf(ok[0]!) !== 'boolean')
    return null;
  const reason = bytesOf(parts[2])?.toString('utf8') ?? '';
  const hostname = bytesOf(parts[3]) ?? Buffer.alloc(0);
  return { ok: ok[0] === 0xc3, reason, hostname, digest: bytesOf(parts[4]) ?? Buffer.alloc(0) };
}
