// A recorded Forward stream: messages end to end, in any entry mode, as they crossed the wire. Each entry is an event;
// its record's own bytes are judged.
import { instantOf } from '../detect/times.js';
import { frameAt } from '../forward/frames.js';
import { inflate } from '../forward/inflate.js';
import type { Frame } from '../forward/message.js';
import { Rejection } from '../forward/rejection.js';
import { msgpackToJson } from '../msgpack/json.js';
import { ResumableSkip } from '../msgpack/resumableSkip.js';
import { headerSize, kindOf, lengthAt, skip } from '../msgpack/scan.js';
import { readTime } from '../stage/entries.js';
import type { Captured, CaptureReader } from './captured.js';

const MAX_DEPTH = 512;
/** All that one message may inflate to. */
const INFLATE_LIMIT = 2 ** 31 - 1;

export const forwardReader: CaptureReader = {
  name: 'forward',
  async *read(bytes) {
    let rest: Buffer = Buffer.alloc(0);
    let skipper = new ResumableSkip(MAX_DEPTH);
    let message = 1;
    for await (const piece of bytes) {
      rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
      for (;;) {
        const length = rest.length === 0 ? -1 : skipper.advance(rest, 0, rest.length);
        if (length === -1) break;
        if (length < 0) {
          yield {
            kind: 'unread',
            line: message,
            message: 'not msgpack from here on: nothing after it is read',
          };
          return;
        }
        yield* messageEvents(rest.subarray(0, length), skipper.elements, message);
        rest = rest.subarray(length);
        skipper = new ResumableSkip(MAX_DEPTH);
        message += 1;
      }
    }
    if (rest.length > 0)
      yield { kind: 'unread', line: message, message: 'the capture ends inside a message' };
  },
};

function* messageEvents(bytes: Buffer, elements: readonly number[], line: number): Iterable<Captured> {
  if (bytes[0] === 0xc0) return;
  try {
    const frame = frameAt(bytes, 0, bytes.length, elements);
    if (frame.signal !== 0) return;
    yield* entries(frame, line);
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    yield { kind: 'unread', line, message: `message ${line}: ${error.message}` };
  }
}

function* entries(frame: Frame, line: number): Iterable<Captured> {
  const { buffer, bodyStart, bodyEnd, tag } = frame;
  if (frame.mode === 'message') {
    const record = skip(buffer, bodyStart, bodyEnd);
    yield entry(buffer, bodyStart, record, bodyEnd, tag, line);
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
      yield { kind: 'unread', line, message: `message ${line}: its entries are cut off or are not msgpack` };
      return;
    }
    if (kindOf(buf[at]!) !== 'array' || lengthAt(buf, at) < 2) {
      yield { kind: 'unread', line, message: `message ${line}: an entry is not [time, record]` };
    } else {
      const time = at + headerSize(buf[at]!);
      const record = skip(buf, time, end);
      yield entry(buf, time, record, skip(buf, record, end), tag, line);
    }
    at = next;
  }
}

function entry(buf: Buffer, time: number, record: number, end: number, tag: string, line: number): Captured {
  if (kindOf(buf[record]!) !== 'map')
    return { kind: 'unread', line, message: `message ${line}: a record is not a map` };
  const { ms, iso } = readTime(buf, time);
  const bytes = Buffer.from(buf.subarray(record, end));
  const nanos = /\.(\d+)Z$/.exec(iso)?.[1] ?? '';
  const instant = instantOf(Math.floor(ms / 1000), Number(nanos.padEnd(9, '0')));
  return { kind: 'event', text: msgpackToJson(bytes, 0), bytes, tag, time: instant, line };
}
