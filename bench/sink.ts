// The benchmark's downstream, a process of its own: takes PackedForward chunks, acks each, and on SIGUSR2 prints
// what it has seen so far (events only when asked to count: `--count`). Prints its port first.
import { createServer } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { decode } from '../src/msgpack/decode.js';
import { encode } from '../src/msgpack/encode.js';
import { headerSize, skip } from '../src/msgpack/scan.js';

const count = process.argv.includes('--count');
const seen = { chunks: 0, bytes: 0, events: 0, tagged: 0 };

const server = createServer({ noDelay: true }, (socket) => {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let wanted = 0;
  socket.on('error', () => socket.destroy());
  socket.on('data', (piece: Buffer) => {
    held.push(piece);
    heldBytes += piece.length;
    seen.bytes += piece.length;
    if (heldBytes < wanted) return;
    let all = held.length === 1 ? held[0]! : Buffer.concat(held);
    for (;;) {
      const end = skip(all, 0, all.length);
      if (end < 0) {
        wanted = need(all);
        break;
      }
      const payload = skip(all, 1, all.length);
      const past = skip(all, payload, end);
      // `[tag, payload, option]` as a stage or Fluentd writes it; the payload is not decoded.
      const option = (past < end ? decode(all, { pos: past }) : null) as Map<string, unknown> | null;
      seen.chunks += 1;
      if (count) tally(all.subarray(payload + headerSize(all[payload]!), past), option);
      all = all.subarray(end);
      const id = option?.get('chunk');
      if (typeof id === 'string') socket.write(encode({ ack: id }));
    }
    held = all.length > 0 ? [all] : [];
    heldBytes = all.length;
  });
});

/** Bytes that a PackedForward message is long, once its payload's str32 header is here. */
function need(head: Buffer): number {
  const tagEnd = head.length > 2 ? skip(head, 1, head.length) : -1;
  if (tagEnd > 0 && head.length >= tagEnd + 5 && (head[tagEnd] === 0xdb || head[tagEnd] === 0xc6)) {
    return tagEnd + 5 + head.readUInt32BE(tagEnd + 1);
  }
  return 0;
}

function tally(payload: Buffer, option: Map<string, unknown> | null): void {
  const bytes = option?.get('compressed') === 'gzip' ? gunzipSync(payload) : payload;
  for (let at = 0; at < bytes.length; ) {
    const end = skip(bytes, at, bytes.length);
    seen.events += 1;
    if (bytes.subarray(at, end).includes('detection')) seen.tagged += 1;
    at = end;
  }
}

process.on('SIGUSR2', () => process.stdout.write(`${JSON.stringify(seen)}\n`));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' && address ? address.port : 0}\n`);
});
