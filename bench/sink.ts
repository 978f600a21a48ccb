// The benchmark's downstream, a process of its own: takes chunks, acks each, and on SIGUSR2 prints what it has seen so
// far. With `--count` it also reads every event, for the verification. Prints its port first. A line on its standard
// input is a `SenderTask`: then it is the sender too, and prints what that saw.
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { gunzipSync } from 'node:zlib';
import { type ReadTarget, readInto } from '../src/forward/socketReads.js';
import { decode } from '../src/msgpack/decode.js';
import { encode } from '../src/msgpack/encode.js';
import { headerSize, kindOf, skip } from '../src/msgpack/scan.js';
import { digest } from './events.js';
import { type SenderTask, sendAll } from './sending.js';

/** What a sink has seen; the last four only with `--count`. */
export interface Seen {
  chunks: number;
  bytes: number;
  events: number;
  /** Distinct ids of events, and of those with a tag of a rule: how many, and a hash. */
  ids: string;
  tagged: string;
  /** Bytes of the entries without a tag, in order, hashed. */
  untagged: string;
}

/** Room that a read has at least. */
const LEAST_ROOM = 256 * 1024;
const count = process.argv.includes('--count');
const seen = { chunks: 0, bytes: 0, events: 0 };
const ids: string[] = [];
const tagged: string[] = [];
const untagged = createHash('sha256');

const server = createServer({ noDelay: true, pauseOnConnect: true }, (accepted) => {
  const messages = new Messages((message) => takeMessage(message, (ack) => socket.write(ack)));
  const socket = readInto(accepted, messages, 'blocks');
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
});

/** Reads into one buffer over and over: a fresh one a read had its garbage collector stop it for milliseconds. */
class Messages implements ReadTarget {
  readonly #take: (message: Buffer) => void;
  #buffer = Buffer.allocUnsafeSlow(LEAST_ROOM * 4);
  #start = 0;
  #filled = 0;
  /** How long the message is that begins at `#start`, as far as its headers say. */
  #wanted = 0;

  constructor(take: (message: Buffer) => void) {
    this.#take = take;
  }

  room(): Buffer {
    const least = Math.max(this.#filled + LEAST_ROOM, this.#start + this.#wanted);
    if (least > this.#buffer.length) {
      const has = this.#filled - this.#start;
      const size = 2 * Math.max(has + LEAST_ROOM, this.#wanted);
      const next = size > this.#buffer.length ? Buffer.allocUnsafeSlow(size) : this.#buffer;
      this.#buffer.copy(next, 0, this.#start, this.#filled);
      this.#buffer = next;
      this.#start = 0;
      this.#filled = has;
    }
    return this.#buffer.subarray(this.#filled);
  }

  filled(n: number): void {
    seen.bytes += n;
    this.#filled += n;
    while (this.#start < this.#filled && this.#filled - this.#start >= this.#wanted) {
      const end = skip(this.#buffer, this.#start, this.#filled);
      this.#wanted = 0;
      if (end < 0) {
        this.#wanted = need(this.#buffer.subarray(this.#start, this.#filled));
        return;
      }
      this.#take(this.#buffer.subarray(this.#start, end));
      this.#start = end;
    }
    if (this.#start === this.#filled) {
      this.#start = 0;
      this.#filled = 0;
    }
  }
}

/** `[tag, payload, option]` packed, `[tag, [entry, …], option]`, or `[tag, time, record, option]`. */
function takeMessage(message: Buffer, write: (ack: Buffer) => void): void {
  const second = skip(message, 1, message.length);
  const kind = kindOf(message[second]!);
  const isMessage = kind !== 'str' && kind !== 'bin' && kind !== 'array';
  let past = skip(message, second, message.length);
  if (isMessage) past = skip(message, past, message.length);
  const option = past < message.length ? decode(message, { pos: past }) : null;
  const entries = option instanceof Map ? option : null;
  seen.chunks += 1;
  if (count) {
    if (isMessage) tally(Buffer.concat([Buffer.from([0x92]), message.subarray(second, past)]), null);
    else tally(message.subarray(second + headerSize(message[second]!), past), entries);
  }
  const id = entries?.get('chunk');
  if (typeof id === 'string') write(encode({ ack: id }));
}

/** Bytes that a PackedForward message is long, once its payload's header is here. */
function need(head: Buffer): number {
  const tagEnd = head.length > 2 ? skip(head, 1, head.length) : -1;
  if (tagEnd > 0 && head.length >= tagEnd + 5 && (head[tagEnd] === 0xdb || head[tagEnd] === 0xc6)) {
    return tagEnd + 5 + head.readUInt32BE(tagEnd + 1);
  }
  // Another form: looked at again with every piece.
  return 0;
}

function tally(payload: Buffer, option: Map<unknown, unknown> | null): void {
  const bytes = option?.get('compressed') === 'gzip' ? gunzipSync(payload) : payload;
  for (let at = 0; at < bytes.length; ) {
    const end = skip(bytes, at, bytes.length);
    seen.events += 1;
    const [, record] = decode(bytes, { pos: at }) as [unknown, Map<string, unknown>];
    const id = idOf(record);
    ids.push(id);
    if (record.get('detection') instanceof Map) tagged.push(id);
    else untagged.update(bytes.subarray(at, end));
    at = end;
  }
}

function idOf(record: Map<string, unknown>): string {
  const inner = (record.get('properties') ?? record.get('event')) as Map<string, unknown> | undefined;
  return String(inner?.get('id'));
}

process.on('SIGUSR2', () => {
  const all: Seen = {
    ...seen,
    ids: digest(ids),
    tagged: digest(tagged),
    untagged: untagged.copy().digest('hex'),
  };
  process.stdout.write(`${JSON.stringify(all)}\n`);
});
createInterface({ input: process.stdin }).on('line', (text) => {
  void sendAll(JSON.parse(text) as SenderTask).then((result) => {
    process.stdout.write(`${JSON.stringify(result)}\n`);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' && address ? address.port : 0}\n`);
});
