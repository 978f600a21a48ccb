// The event's tag and time as Fluentd's `<inject>` puts them into the record (exec_filter's tag_key and time_key), and
// where an alert's own tag goes.
import { type EventInstant, parseInstant } from '../detect/times.js';
import { decode } from '../msgpack/decode.js';
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
    const isTime = typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint';
    return (isTime ? parseInstant(value) : null) ?? arrival;
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
      const isKey =
        kindOf(buf[at]!) === 'str' && buf.toString('utf8', at + headerSize(buf[at]!), value) === wanted;
      if (isKey) found = decode(buf, { pos: value });
      at = skip(buf, value, buf.length);
    }
    return found;
  }
}
