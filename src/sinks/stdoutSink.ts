// Alerts to standard output, one line each.
import type { Writable } from 'node:stream';
import type { Alert } from '../alerts/alert.js';
import type { LineFormat } from '../config/config.js';
import { eventLine } from './lines.js';
import { type AlertSink, SinkError } from './sink.js';

export class StdoutSink implements AlertSink {
  readonly name = 'stdout:';
  readonly #format: LineFormat;
  readonly #stdout: Writable;

  constructor(format: LineFormat, stdout: Writable) {
    this.#format = format;
    this.#stdout = stdout;
  }

  deliver(alerts: readonly Alert[]): Promise<void> {
    const lines = alerts.map((a) => eventLine(this.#format, a.tag, a.time, a.record)).join('');
    return writeAll(this.#stdout, lines);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Resolves when the stream has taken the text. @throws SinkError when the reader is gone. */
export function writeAll(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (error)
        reject(new SinkError(`cannot write to standard output: ${error.message}`, false, { cause: error }));
      else resolve();
    });
  });
}
