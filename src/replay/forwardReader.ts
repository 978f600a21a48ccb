// A recorded Forward stream: messages end to end, in any entry mode, as they crossed the wire. Each entry is an event;
// its record's own bytes are judged.
import { instantOf } from '../detect/times.js';
import { frameAt } from '../forward/frames.js';
import { inflate } from '../forward/inflate.js';
import type { Frame } from '../forward/message.js';
import { Rejection } from '../forward/rejection.js';
import { arrayHeader } from '../msgpack/encode.js';
import { msgpackToJson } from '../msgpack/json.js';
import { ResumableSkip } from '../msgpack/resumableSkip.js';
import { headerSize, kindOf, lengthAt, skip } from '../msgpack/scan.js';
import { readTime } from '../stage/entries.js';
import type { CaptureReader, CaptureSink } from './captured.js';

const MAX_DEPTH = 512;
/** All that one message may inflate to. */
const INFLATE_LIMIT = 2 ** 31 - 1;

export const forwardReader: CaptureReader = {
  name: 'forward',
  async read(bytes, sink) {
    const messages = new Messages(sink);
    for await (const piece of bytes) {
      if (!messages.add(piece)) return;
      await sink.settle();
    }
    messages.end();
    await sink.settle();
  },
};

/** Cuts a stream into its messages, however small the pieces are that it comes in. */
class Messages {
  readonly #sink: CaptureSink;
  readonly #skipper = new ResumableSkip(MAX_DEPTH);
  #rest: Buffer = Buffer.alloc(0);
  /** Come since, and not looked at: the message that `rest` begins needs more than all of them. */
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** The number of the message that `rest` begins. */
  #number = 1;

  constructor(sink: CaptureSink) {
    this.#sink = sink;
  }

  /** False: the stream cannot be read on; that has been said. */
  add(piece: Buffer): boolean {
    this.#pieces.push(Buffer.from(piece));
    this.#bytes += piece.length;
    return this.#bytes < this.#skipper.needed || this.#cut();
  }

  end(): void {
    if (this.#pieces.length > 0 && !this.#cut()) return;
    if (this.#rest.length > 0) this.#sink.unread(this.#number, 'the capture ends inside a message');
  }

  #cut(): boolean {
    let rest = this.#rest.length === 0 ? this.#pieces[0]! : this.#rest;
    if (this.#pieces.length > (this.#rest.length === 0 ? 1 : 0))
      rest = Buffer.concat([this.#rest, ...this.#pieces]);
    this.#pieces = [];
    while (rest.length > 0) {
      const length = this.#skipper.advance(rest, 0, rest.length);
      if (length === -1) break;
      if (length < 0) {
        this.#sink.unread(this.#number, 'not msgpack from here on: nothing after it is read');
        this.#rest = Buffer.alloc(0);
        return false;
      }
      messageEvents(rest.subarray(0, length), this.#skipper.elements, this.#number, this.#sink);
      rest = rest.subarray(length);
      this.#skipper.reset();
      this.#number += 1;
    }
    this.#rest = rest;
    this.#bytes = rest.length;
    return true;
  }
}

function messageEvents(bytes: Buffer, elements: readonly number[], line: number, sink: CaptureSink): void {
  if (bytes[0] === 0xc0) return;
  try {
    const frame = frameAt(bytes, 0, bytes.length, elements);
    if (frame.option.signal !== 0) return;
    takeEntries(frame, line, sink);
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    sink.unread(line, `message ${line}: ${error.message}`);
  }
}

function takeEntries(frame: Frame, line: number, sink: CaptureSink): void {
  const { buffer, bodyStart, bodyEnd, tag } = frame;
  if (frame.mode === 'message') {
    const record = skip(buffer, bodyStart, bodyEnd);
    takeEntry(buffer, bodyStart, record, bodyEnd, null, tag, line, sink);
    return;
  }
  let buf = buffer;
  let [at, end] = [bodyStart, bodyEnd];
  if (frame.compressed) {
    const inflated = inflate(buffer.subarray(bodyStart, bodyEnd), frame.compressed, INFLATE_LIMIT);
    if (inflated === null)
      throw new Rejection('inflate_failed', `this Node cannot inflate ${frame.compressed}`);
    [buf, at, end] = [inflated, 0, inflated.length];
  }
  while (at < end) {
    const next = skip(buf, at, end);
    if (next < 0) {
      sink.unread(line, `message ${line}: its entries are cut off or are not msgpack`);
      return;
    }
    if (kindOf(buf[at]!) !== 'array' || lengthAt(buf, at) < 2) {
      sink.unread(line, `message ${line}: an entry is not [time, record]`);
    } else {
      const time = at + headerSize(buf[at]!);
      const record = skip(buf, time, end);
      takeEntry(buf, time, record, skip(buf, record, end), buf.subarray(at, next), tag, line, sink);
    }
    at = next;
  }
}

/** @param whole the entry with its header; null: time and record stand by themselves (message mode). */
function takeEntry(
  buf: Buffer,
  time: number,
  record: number,
  end: number,
  whole: Buffer | null,
  tag: string,
  line: number,
  sink: CaptureSink,
): void {
  if (kindOf(buf[record]!) !== 'map') {
    sink.unread(line, `message ${line}: a record is not a map`);
    return;
  }
  const { ms, iso } = readTime(buf, time);
  const bytes = buf.subarray(record, end);
  const nanos = /\.(\d+)Z$/.exec(iso)?.[1] ?? '';
  sink.event({
    bytes,
    text: () => msgpackToJson(bytes, 0),
    raw: null,
    get entry() {
      return whole ?? Buffer.concat([arrayHeader(2), buf.subarray(time, end)]);
    },
    tag,
    time: instantOf(Math.floor(ms / 1000), Number(nanos.padEnd(9, '0'))),
    line,
  });
}
