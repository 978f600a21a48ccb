// Captures through a replay: files opened, read in their format, each event judged, what could not be read told with
// its place. The one place that knows both the readers and the engine.
import type { CapturedEvent, CaptureSink, EventFrame } from './captured.js';
import { takeSlowly } from './jsonEvents.js';
import { type CaptureFormat, readerFor } from './readers.js';
import { type CaptureFile, openCapture } from './sources.js';

/** What is done with the events of captures. */
export interface EventTaker {
  /** True: the event, which may span lines, is dealt with; false: read it whole and give it to `take`. */
  pass(buf: Buffer, start: number, end: number, frame: EventFrame): boolean;
  take(event: CapturedEvent): void;
  /** Resolves when more may come. */
  settle(): Promise<void>;
}

export interface CaptureReading {
  readonly format: CaptureFormat | 'auto';
  readonly stdin: NodeJS.ReadableStream;
  /** Bytes read from the file (before they are inflated). */
  readonly onBytes: (bytes: number) => void;
  /** `place` is `FILE:LINE`. */
  readonly onUnread: (place: string, message: string) => void;
}

/** Reads one capture to its end. What goes wrong with it is told, not thrown. */
export async function readCapture(
  file: CaptureFile,
  taker: EventTaker,
  reading: CaptureReading,
): Promise<void> {
  let line = 1;
  const sink: CaptureSink = {
    json: (buf, start, end, frame) => {
      line = frame.line;
      if (!taker.pass(buf, start, end, frame)) takeSlowly(sink, buf.subarray(start, end), frame);
    },
    event: (event) => {
      line = event.line;
      taker.take(event);
    },
    unread: (at, message) => {
      line = at;
      reading.onUnread(`${file.name}:${at}`, message);
    },
    settle: () => taker.settle(),
  };
  try {
    const capture = await openCapture(file.path, reading.stdin, reading.onBytes);
    await readerFor(capture.head, reading.format).read(capture.bytes, sink);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    reading.onUnread(`${file.name}:${line}`, `cannot be read on: ${(error as Error).message}`);
  }
}
