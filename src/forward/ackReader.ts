// Acks as a server writes them, `{"ack": id}` back to back: in one segment, in pieces, or several at once.
import { decode } from '../msgpack/decode.js';
import { skip, TRUNCATED } from '../msgpack/scan.js';

/** Bytes that may wait for the rest of a message. Acks are under 100 bytes, handshake messages under 1 KiB. */
const MAX_PENDING = 64 * 1024;

/** Cuts what a server writes into whole msgpack values. */
export class ReplyReader {
  #held: Buffer = Buffer.alloc(0);

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
    this.#held = Buffer.from(all);
    return values;
  }
}

/** The id of an ack; null: the value is none. */
export function ackId(value: Buffer): string | null {
  const reply = decode(value, { pos: 0 });
  if (!(reply instanceof Map)) return null;
  const id = reply.get('ack');
  if (Buffer.isBuffer(id)) return id.toString('latin1');
  return typeof id === 'string' ? id : null;
}
