// What a reader of captures hands on: events as they were captured, and pieces that could not be read, with their line.
import type { EventInstant } from '../detect/times.js';

/** What a capture knows of an event beside its record. */
export interface EventFrame {
  /** Counted from 1; for binary captures the number of the message. */
  readonly line: number;
  /** '' when the capture knows none. */
  readonly tag: string;
  /** Null: the capture has none beside the record. */
  readonly time: EventInstant | null;
}

export interface CapturedEvent extends EventFrame {
  /** The record as msgpack; for Forward captures the captured bytes themselves. */
  readonly bytes: Buffer;
  /** One JSON object on one line, its numbers and escapes as captured. */
  text(): string;
  /** The line as it was captured, where it was one; what goes on when nothing is to be added. */
  readonly raw: Buffer | null;
  /** For Forward captures: the entry (`[time, record]`) as it crossed the wire. */
  readonly entry: Buffer | null;
}

/** Takes what a reader finds, in order. What it is handed is good until `settle` resolves. */
export interface CaptureSink {
  /** One event as JSON text in `[start, end)` of `buf`: UTF-8 in any layout, not yet looked at. */
  json(buf: Buffer, start: number, end: number, frame: EventFrame): void;
  event(event: CapturedEvent): void;
  unread(line: number, message: string): void;
  /** Called between blocks: resolves when more may come. */
  settle(): Promise<void>;
}

export interface CaptureReader {
  readonly name: 'ndjson' | 'json' | 'fluentd' | 'forward' | 'csv';
  /** Each piece of `bytes` is good until the next is asked for. @throws the errors of `bytes`. */
  read(bytes: AsyncIterable<Buffer>, sink: CaptureSink): Promise<void>;
}
