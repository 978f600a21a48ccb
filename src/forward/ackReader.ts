// Acks as a server writes them, `{"ack": id}` back to back: in one segment, in pieces, or several at once.
import { headerSize, kindOf, lengthAt, skip, TRUNCATED } from '../msgpack/scan.js';

/** Bytes that may wait for the rest of a message. Acks are under 100 bytes, handshake messages under 1 KiB. */
const MAX_PENDING = 64 * 1024;

const nothing = Buffer.alloc(0);

/** Cuts what a server writes into whole msgpack values. */
export class ReplyReader {
  #held: Buffer = nothing;

  /** The whole values that `bytes` completes. @throws Error when it is not msgpack, or never ends. */
  take(bytes: Buffer): Buffer[] {
    let all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const values: Buffer[] = [];
    while (all.length > 0) {
      const end = skip(all, 0, all.length);
      if (end === TRUNCATED) break;
      if (end < 0) throw new Error('the server wrote something that is no msgpack');
      values.push(all.subarray(0, end));
      all = all.subarray(end);
    }
    if (all.length > MAX_PENDING) throw new Error(`the server wrote a message over ${MAX_PENDING} bytes`);
    // A copy: the rest would keep all that came with it.
    this.#held = all.length === 0 ? nothing : Buffer.from(all);
    return values;
  }
}

/** The id of an ack, a whole msgpack value; null: the value is none. */
export function ackId(value: Buffer): string | null {
  if (kindOf(value[0]!) !== 'map') return null;
  let id: string | null = null;
  let at = headerSize(value[0]!);
  for (let left = lengthAt(value, 0); left > 0; left -= 1) {
    const of = skip(value, at, value.length);
    // Of a key that comes twice the last one counts, as for whoever reads a map.
    if (textAt(value, at) === 'ack') id = textAt(value, of);
    at = skip(value, of, value.length);
  }
  return id;
}

/** Null: no str and no bin. */
function textAt(buf: Buffer, pos: number): string | null {
  const kind = kindOf(buf[pos]!);
  if (kind !== 'str' && kind !== 'bin') return null;
  const start = pos + headerSize(buf[pos]!);
  return buf.toString(kind === 'bin' ? 'latin1' : 'utf8', start, start + lengthAt(buf, pos));
}
