// JSON text to msgpack and back, exactly: integers of 64 bits stay integers, keys keep their order. For JSON that
// comes in (JSON mode, JSON text in a field, captures) and for people, files and webhooks going out.
import { decode, Ext } from './decode.js';
import { headerSize, kindOf, lengthAt } from './scan.js';

/** What is wrong with JSON text, and where (UTF-16 offset). */
export class JsonError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.name = 'JsonError';
    this.offset = offset;
  }
}

/** Deepest nesting of JSON that is read. */
const MAX_JSON_DEPTH = 512;

/**
 * One JSON value as msgpack. Integers become (u)int64 where they fit, other numbers float64; duplicate keys all stay.
 * @throws JsonError
 */
export function jsonToMsgpack(text: string): Buffer {
  const reader = new JsonReader(text, 0);
  const bytes = reader.whole();
  reader.end();
  return bytes;
}

class JsonReader {
  readonly #text: string;
  at: number;
  #out = Buffer.allocUnsafe(1024);
  #length = 0;

  constructor(text: string, at: number) {
    this.#text = text;
    this.at = at;
  }

  whole(): Buffer {
    this.#value(0);
    return Buffer.from(this.#out.subarray(0, this.#length));
  }

  end(): void {
    this.#blank();
    if (this.at < this.#text.length) throw this.#bad('more text after the value');
  }

  #value(depth: number): void {
    if (depth > MAX_JSON_DEPTH) throw this.#bad(`nested more than ${MAX_JSON_DEPTH} deep`);
    this.#blank();
    const c = this.#text.charCodeAt(this.at);
    if (c === 0x22) this.#string();
    else if (c === 0x7b) this.#container(depth, 0x7d, true);
    else if (c === 0x5b) this.#container(depth, 0x5d, false);
    else if (c === 0x2d || (c >= 0x30 && c <= 0x39)) this.#number();
    else if (this.#word('true')) this.#byte(0xc3);
    else if (this.#word('false')) this.#byte(0xc2);
    else if (this.#word('null')) this.#byte(0xc0);
    else throw this.#bad(Number.isNaN(c) ? 'the text ends where a value should be' : 'not a JSON value');
  }

  /** `{ "key": value, … }` or `[ value, … ]`. The count is written afterwards, in the shortest header. */
  #container(depth: number, close: number, isMap: boolean): void {
    const header = this.#length;
    this.#room(1);
    this.#length += 1;
    this.at += 1;
    this.#blank();
    let count = 0;
    if (this.#text.charCodeAt(this.at) === close) this.at += 1;
    else {
      for (;;) {
        if (isMap) {
          this.#blank();
          if (this.#text.charCodeAt(this.at) !== 0x22) throw this.#bad('a key in quotes should be here');
          this.#string();
          this.#blank();
          if (this.#text.charCodeAt(this.at) !== 0x3a) throw this.#bad('":" should be here');
          this.at += 1;
        }
        this.#value(depth + 1);
        count += 1;
        this.#blank();
        const c = this.#text.charCodeAt(this.at);
        if (c !== 0x2c && c !== close)
          throw this.#bad(`"," or "${String.fromCharCode(close)}" should be here`);
        this.at += 1;
        if (c === close) break;
      }
    }
    this.#count(header, count, isMap ? 0x80 : 0x90, isMap ? 0xde : 0xdc);
  }

  #count(header: number, count: number, fix: number, wide: number): void {
    if (count < 16) {
      this.#out[header] = fix | count;
      return;
    }
    const extra = count < 0x10000 ? 2 : 4;
    this.#room(extra);
    this.#out.copyWithin(header + 1 + extra, header + 1, this.#length);
    this.#length += extra;
    this.#out[header] = extra === 2 ? wide : wide + 1;
    if (extra === 2) this.#out.writeUInt16BE(count, header + 1);
    else this.#out.writeUInt32BE(count, header + 1);
  }

  #string(): void {
    const text = this.#text;
    const start = this.at + 1;
    let end = start;
    let escaped = false;
    for (;;) {
      const c = text.charCodeAt(end);
      if (c === 0x22) break;
      if (Number.isNaN(c)) throw this.#bad('this string is never closed');
      if (c < 0x20) {
        this.at = end;
        throw this.#bad('a control character inside a string must be escaped');
      }
      if (c === 0x5c) {
        escaped = true;
        end += 1;
      }
      end += 1;
    }
    let body = text.slice(start, end);
    if (escaped) {
      try {
        body = JSON.parse(`"${body}"`) as string;
      } catch {
        throw this.#bad('a bad escape in this string');
      }
    }
    this.at = end + 1;
    const bytes = Buffer.byteLength(body, 'utf8');
    this.#room(bytes + 5);
    const out = this.#out;
    if (bytes < 32) out[this.#length++] = 0xa0 | bytes;
    else if (bytes < 0x100) {
      out[this.#length++] = 0xd9;
      out[this.#length++] = bytes;
    } else if (bytes < 0x10000) {
      out[this.#length] = 0xda;
      out.writeUInt16BE(bytes, this.#length + 1);
      this.#length += 3;
    } else {
      out[this.#length] = 0xdb;
      out.writeUInt32BE(bytes, this.#length + 1);
      this.#length += 5;
    }
    out.write(body, this.#length, 'utf8');
    this.#length += bytes;
  }

  #number(): void {
    const shape = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
    shape.lastIndex = this.at;
    const m = shape.exec(this.#text);
    if (!m) throw this.#bad('not a JSON number');
    this.at = shape.lastIndex;
    this.#room(9);
    const n = Number(m[0]);
    const out = this.#out;
    if (m[1] === undefined && m[2] === undefined && !Object.is(n, -0)) {
      if (Number.isSafeInteger(n)) {
        this.#integer(n);
        return;
      }
      // No integer of 64 bits is longer; BigInt of a number of megabytes would take its time.
      const big = m[0].length > 20 ? 2n ** 64n : BigInt(m[0]);
      if (big >= -(2n ** 63n) && big < 2n ** 64n) {
        out[this.#length] = big < 0n ? 0xd3 : 0xcf;
        if (big < 0n) out.writeBigInt64BE(big, this.#length + 1);
        else out.writeBigUInt64BE(big, this.#length + 1);
        this.#length += 9;
        return;
      }
    }
    out[this.#length] = 0xcb;
    out.writeDoubleBE(n, this.#length + 1);
    this.#length += 9;
  }

  #integer(n: number): void {
    const out = this.#out;
    const at = this.#length;
    if (n >= -32 && n < 0x80) {
      out[at] = n & 0xff;
      this.#length = at + 1;
    } else if (n >= 0 && n <= 0xffffffff) {
      out[at] = 0xce;
      out.writeUInt32BE(n, at + 1);
      this.#length = at + 5;
    } else if (n < 0 && n >= -0x80000000) {
      out[at] = 0xd2;
      out.writeInt32BE(n, at + 1);
      this.#length = at + 5;
    } else {
      out[at] = n < 0 ? 0xd3 : 0xcf;
      if (n < 0) out.writeBigInt64BE(BigInt(n), at + 1);
      else out.writeBigUInt64BE(BigInt(n), at + 1);
      this.#length = at + 9;
    }
  }

  #word(word: string): boolean {
    if (!this.#text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  #byte(b: number): void {
    this.#room(1);
    this.#out[this.#length++] = b;
  }

  #blank(): void {
    for (;;) {
      const c = this.#text.charCodeAt(this.at);
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
      this.at += 1;
    }
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#out.length) return;
    const wider = Buffer.allocUnsafe(Math.max(this.#out.length * 2, this.#length + bytes));
    this.#out.copy(wider, 0, 0, this.#length);
    this.#out = wider;
  }

  #bad(message: string): JsonError {
    return new JsonError(message, this.at);
  }
}

/**
 * The msgpack value at `pos` as JSON text. Integers of any width exactly; NaN and infinities as null; bin and invalid
 * UTF-8 as text with U+FFFD; EventTime (ext 0) as ISO 8601, any other ext as `{"ext": type, "base64": …}`;
 * of duplicate keys the last stays, in the place of the first (as Fluentd's Hash does).
 */
export function msgpackToJson(buf: Buffer, pos: number): string {
  return write(buf, { pos });
}

function write(buf: Buffer, at: { pos: number }): string {
  const b = buf[at.pos]!;
  switch (kindOf(b)) {
    case 'map': {
      const pairs = new Map<string, string>();
      const count = lengthAt(buf, at.pos);
      at.pos += headerSize(b);
      for (let i = 0; i < count; i += 1) {
        const key = write(buf, at);
        pairs.set(key.startsWith('"') ? key : JSON.stringify(key), write(buf, at));
      }
      return `{${[...pairs].map(([k, v]) => `${k}:${v}`).join(',')}}`;
    }
    case 'array': {
      const count = lengthAt(buf, at.pos);
      at.pos += headerSize(b);
      const out: string[] = [];
      for (let i = 0; i < count; i += 1) out.push(write(buf, at));
      return `[${out.join(',')}]`;
    }
    default:
      return scalar(buf, at);
  }
}

function scalar(buf: Buffer, at: { pos: number }): string {
  const value = decode(buf, at);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : 'null';
  if (typeof value === 'string') return JSON.stringify(value);
  if (Buffer.isBuffer(value)) return JSON.stringify(value.toString('utf8'));
  return value instanceof Ext ? ext(value) : 'null';
}

function ext({ type, bytes }: Ext): string {
  if (type === 0 && bytes.length === 8) {
    const date = new Date(bytes.readUInt32BE(0) * 1000);
    const nanos = String(bytes.readUInt32BE(4)).padStart(9, '0');
    return JSON.stringify(`${date.toISOString().slice(0, 19)}.${nanos}Z`);
  }
  return JSON.stringify({ ext: type, base64: bytes.toString('base64') });
}
