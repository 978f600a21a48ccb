// Alerts that a sink will never take, set aside in a file: one JSON line each, with the sink and its reason, fsynced.
import type { Alert } from '../alerts/alert.js';
import { msgpackToJson } from '../msgpack/json.js';
import { AppendFile } from './appendFile.js';

export interface DeadLetter {
  readonly alert: Alert;
  readonly sink: string;
  readonly why: string;
  /** Epoch ms. */
  readonly at: number;
}

export class DeadLetters {
  readonly path: string;
  readonly #file: AppendFile;

  constructor(path: string) {
    this.path = path;
    this.#file = new AppendFile({ path, rotateBytes: null, rotateKeep: 0, sync: true });
  }

  /** @throws the system's error; nothing of the line is in the file then. */
  add({ alert, sink, why, at }: DeadLetter): Promise<void> {
    const head = JSON.stringify({ at: new Date(at).toISOString(), sink, reason: why, tag: alert.tag });
    return this.#file.write(`${head.slice(0, -1)},"alert":${msgpackToJson(alert.record, 0)}}\n`);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
