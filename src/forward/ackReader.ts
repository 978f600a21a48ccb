// Acks as a server writes them, `{"ack": id}` back to back: in one segment, in pieces, or several at once.
import { headerSize, isTextAt, kindOf, lengthAt, skip, TRUNCATED } from '../msgpack/scan.js';

/** Bytes that may wait for the rest of a message. Acks are under 100 bytes, handshake messages under 1 KiB. */
const MAX_PENDING = 64 * 1024;

const nothing = Buffer.alloc(0);

/** What the server wrote is not what a server writes. */
export class BadReply extends Error {}

/** Cuts what a server writes into whole msgpack values. */
export class ReplyReader {
  #held: Buffer = nothing;

  /** Gives the whole values that `bytes` completes, one by one. @throws BadReply when it is not msgpack, or never ends. */
  take(bytes: Buffer, give: (buf: Buffer, start: number, end: number) => void): void {
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    this.#held = nothing;
    let at = 0;
    while (at < all.length) {
      const end = skip(all, at, all.length);
      if (end === TRUNCATED) break;
      if (end < 0) throw new BadReply('the server wrote something that is no msgpack');
      give(all, at, end);
      at = end;
    }
    if (all.length - at > MAX_PENDING)
      throw new BadReply(`the server wrote a message over ${MAX_PENDING} bytes`);
    // A copy: the rest would keep all that came with it.
    if (at < all.length) this.#held = Buffer.from(all.subarray(at));
  }
}

/** Where the id of the ack in `[start, end)`, a whole msgpack value, stands: a str or bin; -1: the value is no ack. */
export function ackIdAt(buf: Buffer, start: number, end: number): number {
  if (kindOf(buf[start]!) !== 'map') return -1;
  let id = -1;
  let at = start + headerSize(buf[start]!);
  for (let left = lengthAt(buf, start); left > 0; left -= 1) {
    const of = skip(buf, at, end);
    // Of a key that comes twice the last one counts, as for whoever reads a map.
    if (isTextAt(buf, at, of, 'ack')) id = of;
    at = skip(buf, of, end);
  }
  if (id === -1) return -1;
  const kind = kindOf(buf[id]!);
  return kind === 'str' || kind === 'bin' ? id : -1;
}
