// A Forward message as it goes into a capture: the bytes that came, or, where fields are put out of sight, a
// PackedForward message of the redacted entries.
import { inflate } from '../forward/inflate.js';
import type { Frame } from '../forward/message.js';
import { outMessage } from '../forward/outMessage.js';
import { Rejection } from '../forward/rejection.js';
import { arrayHeader } from '../msgpack/encode.js';
import { headerSize, kindOf, lengthAt, skip } from '../msgpack/scan.js';
import { redactedValue } from './redact.js';

/**
 * @param fields to be put out of sight; none: the message stays as it came.
 * @param inflateLimit all that a compressed payload may inflate to.
 * @throws Rejection what cannot be read cannot be redacted, and must not be recorded.
 */
export function recordedMessage(
  frame: Frame,
  fields: readonly string[],
  inflateLimit: number,
): readonly Buffer[] {
  const { buffer, start, end, bodyStart, bodyEnd } = frame;
  const whole = [buffer.subarray(start, end)];
  if (fields.length === 0 || frame.option.signal !== 0) return whole;
  const entries: Buffer[] = [];
  if (frame.mode === 'message') {
    const record = skip(buffer, bodyStart, bodyEnd);
    const redacted = redactedValue(buffer, record, bodyEnd, fields);
    if (redacted === null) return whole;
    entries.push(arrayHeader(2), buffer.subarray(bodyStart, record), ...redacted);
  } else {
    let [body, at, past] = [buffer, bodyStart, bodyEnd];
    if (frame.compressed) {
      const inflated = inflate(buffer.subarray(bodyStart, bodyEnd), frame.compressed, inflateLimit);
      if (inflated === null)
        throw new Rejection('inflate_failed', `this Node cannot inflate ${frame.compressed} to redact it`);
      [body, at, past] = [inflated, 0, inflated.length];
    }
    if (!redactEntries(body, at, past, fields, entries)) return whole;
  }
  return outMessage(
    {
      tagBytes: frame.tagBytes,
      tag: frame.tag,
      payload: entries,
      payloadBytes: entries.reduce((sum, part) => sum + part.length, 0),
      optionEntries: null,
      optionCount: 0,
      compressed: null,
      signal: 0,
      connectionId: 0,
    },
    null,
  );
}

/** The entries, redacted, appended to `into`; false: nothing in them had to be. @throws Rejection */
function redactEntries(
  body: Buffer,
  at: number,
  past: number,
  fields: readonly string[],
  into: Buffer[],
): boolean {
  let isRedacted = false;
  while (at < past) {
    const next = skip(body, at, past);
    if (next < 0) throw new Rejection('bad_entries', 'entries that cannot be read cannot be redacted');
    const time = at + headerSize(body[at]!);
    const isEntry = kindOf(body[at]!) === 'array' && lengthAt(body, at) >= 2;
    const record = isEntry ? skip(body, time, past) : at;
    const redacted = redactedValue(body, record, next, fields);
    if (redacted === null) into.push(body.subarray(at, next));
    else {
      isRedacted = true;
      const recordEnd = skip(body, record, past);
      into.push(body.subarray(at, record), ...redacted, body.subarray(recordEnd, next));
    }
    at = next;
  }
  return isRedacted;
}
