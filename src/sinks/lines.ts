// Events as lines of text, for files, stdout and people: NDJSON of the record, or Fluentd's out_file form.
import type { LineFormat } from '../config/config.js';
import { decode, Ext } from '../msgpack/decode.js';
import { msgpackToJson } from '../msgpack/json.js';

/**
 * One event as a line, newline included. `json`: the record. `out_file`: time TAB tag TAB record (out_file's default).
 * @param time the event's time as a msgpack value.
 */
export function eventLine(format: LineFormat, tag: string, time: Buffer, record: Buffer): string {
  const json = msgpackToJson(record, 0);
  return format === 'json' ? `${json}\n` : `${timeText(time)}\t${tag}\t${json}\n`;
}

/** ISO 8601, UTC, with nanoseconds where the time has them; what is no time as its JSON text. */
function timeText(time: Buffer): string {
  const value = decode(time, { pos: 0 });
  const inner = Array.isArray(value) ? value[0]! : value;
  if (inner instanceof Ext && inner.type === 0 && inner.bytes.length === 8) {
    const seconds = new Date(inner.bytes.readUInt32BE(0) * 1000).toISOString().slice(0, 19);
    return `${seconds}.${String(inner.bytes.readUInt32BE(4)).padStart(9, '0')}Z`;
  }
  const ms = typeof inner === 'number' || typeof inner === 'bigint' ? Number(inner) * 1000 : Number.NaN;
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : msgpackToJson(time, 0);
}
