// The time of a record that came without one of its own: from the fields that sources keep it in, at the record's top
// or in the first record of an envelope.
import { decode } from '../msgpack/decode.js';
import { headerSize, kindOf, lengthAt, skip } from '../msgpack/scan.js';
import { type EventInstant, parseInstant } from './times.js';

/** By precedence. */
export const timeKeys = [
  '@timestamp',
  'time',
  'createdDateTime',
  'TimeGenerated',
  'TimeGenerated [UTC]',
  'CreatedDateTime',
  'eventTime',
  'published',
  'timestamp',
  'activityDateTime',
  'date',
];
const envelopeKeys = ['records', 'value'];

/** Null: no field of the record at `pos` (a msgpack map, whole) holds a time. */
export function recordTime(buf: Buffer, pos: number, depth = 0): EventInstant | null {
  if (depth > 2 || kindOf(buf[pos]!) !== 'map') return null;
  let best = timeKeys.length;
  let found: EventInstant | null = null;
  let inner: EventInstant | null = null;
  let at = pos + headerSize(buf[pos]!);
  for (let left = lengthAt(buf, pos); left > 0; left -= 1) {
    const value = skip(buf, at, buf.length);
    if (kindOf(buf[at]!) === 'str') {
      const key = buf.toString('utf8', at + headerSize(buf[at]!), value);
      const rank = timeKeys.indexOf(key);
      if (rank !== -1 && rank < best) {
        const instant = scalarInstant(buf, value);
        if (instant) {
          found = instant;
          best = rank;
        }
      } else if (envelopeKeys.includes(key) && kindOf(buf[value]!) === 'array' && lengthAt(buf, value) > 0) {
        inner = recordTime(buf, value + headerSize(buf[value]!), depth + 1);
      }
    }
    at = skip(buf, value, buf.length);
  }
  return found ?? inner;
}

function scalarInstant(buf: Buffer, pos: number): EventInstant | null {
  const kind = kindOf(buf[pos]!);
  if (kind !== 'str' && kind !== 'integer' && kind !== 'float') return null;
  const value = decode(buf, { pos });
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
    ? parseInstant(value)
    : null;
}
