// Alerts to a file, one line each, fsynced before they count as delivered.
import type { Alert } from '../alerts/alert.js';
import type { FileTarget } from '../config/config.js';
import { AppendFile } from './appendFile.js';
import { eventLine } from './lines.js';
import { type AlertSink, SinkError } from './sink.js';

export class FileSink implements AlertSink {
  readonly name: string;
  readonly #target: FileTarget;
  readonly #file: AppendFile;

  constructor(target: FileTarget) {
    this.name = `file:${target.path}`;
    this.#target = target;
    this.#file = new AppendFile({ ...target, sync: true });
  }

  async deliver(alerts: readonly Alert[]): Promise<void> {
    const lines = alerts.map((a) => eventLine(this.#target.format, a.tag, a.time, a.record)).join('');
    try {
      await this.#file.write(lines);
    } catch (error) {
      throw new SinkError(`cannot write to ${this.#target.path}: ${(error as Error).message}`, false, {
        cause: error,
      });
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
