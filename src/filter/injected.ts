// The event's tag and time as Fluentd's `<inject>` puts them into the record (exec_filter's tag_key and time_key), and
// where an alert's own tag goes.
import { recordContent } from '../alerts/alertRecord.js';
import { type EventInstant, instantOf, parseInstant } from '../detect/times.js';
import { decode, Ext } from '../msgpack/decode.js';
import { mapHeader } from '../msgpack/encode.js';
import { headerSize, kindOf, lengthAt, skip } from '../msgpack/scan.js';
import type { TagLeaf } from '../tag/leaves.js';

export class InjectedFields {
  readonly tagKey: string;
  readonly timeKey: string;
  readonly keys: readonly string[];

  constructor(tagKey: string, timeKey: string) {
    this.tagKey = tagKey;
    this.timeKey = timeKey;
    this.keys = [tagKey, timeKey];
  }

  /** '' when the record at `pos` has none. */
  tag(buf: Buffer, pos: number): string {
    const value = this.#value(buf, pos, this.tagKey);
    return typeof value === 'string' ? value : '';
  }

  /** The time of arrival stands in for a record without one. */
  time(buf: Buffer, pos: number, arrival: EventInstant): EventInstant {
    const value = this.#value(buf, pos, this.timeKey);
    // `time_type` never makes one, but a record of somebody else's may have an EventTime.
    if (value instanceof Ext && value.type === 0 && value.bytes.length === 8)
      return instantOf(value.bytes.readUInt32BE(0), value.bytes.readUInt32BE(4)) ?? arrival;
    const isTime = typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint';
    return (isTime ? parseInstant(value) : null) ?? arrival;
  }

  /** The record's content as its identity sees it: tag and time are the pipeline's, no part of the event. */
  contentWithout(buf: Buffer, pos: number): string {
    const kept: Buffer[] = [];
    let count = 0;
    let at = pos + headerSize(buf[pos]!);
    for (let left = lengthAt(buf, pos); left > 0; left -= 1) {
      const value = skip(buf, at, buf.length);
      const end = skip(buf, value, buf.length);
      if (!this.keys.includes(textAt(buf, at, value) ?? '')) {
        kept.push(buf.subarray(at, end));
        count += 1;
      }
      at = end;
    }
    return recordContent(Buffer.concat([mapHeader(count), ...kept]), 0);
  }

  /** Fluentd's `<extract>` takes the alert's tag from the same key. */
  alertLeaf(tag: string): TagLeaf {
    return { path: [this.tagKey], value: tag, replace: true };
  }

  #value(buf: Buffer, pos: number, wanted: string): unknown {
    let at = pos + headerSize(buf[pos]!);
    let found: unknown;
    for (let left = lengthAt(buf, pos); left > 0; left -= 1) {
      const value = skip(buf, at, buf.length);
      if (textAt(buf, at, value) === wanted) found = decode(buf, { pos: value });
      at = skip(buf, value, buf.length);
    }
    return found;
  }
}

/** The str at `[at, end)`; null: a key of another type. */
function textAt(buf: Buffer, at: number, end: number): string | null {
  return kindOf(buf[at]!) === 'str' ? buf.toString('utf8', at + headerSize(buf[at]!), end) : null;
}
