// What a reader of captures yields: an event as it was captured, or a piece that could not be read, with its line.
import type { EventInstant } from '../detect/times.js';

export interface CapturedEvent {
  readonly kind: 'event';
  /** One JSON object on one line, its numbers and escapes as captured. */
  readonly text: string;
  /** The same as msgpack; for Forward captures the captured bytes themselves. */
  readonly bytes: Buffer;
  /** '' when the capture knows none. */
  readonly tag: string;
  /** Null: the capture has none beside the record. */
  readonly time: EventInstant | null;
  /** Counted from 1; for binary captures the number of the message. */
  readonly line: number;
}

interface UnreadPiece {
  readonly kind: 'unread';
  readonly line: number;
  readonly message: string;
}

export type Captured = CapturedEvent | UnreadPiece;

export interface CaptureReader {
  readonly name: 'ndjson' | 'json' | 'fluentd' | 'forward' | 'csv';
  read(bytes: AsyncIterable<Buffer>): AsyncIterable<Captured>;
}
