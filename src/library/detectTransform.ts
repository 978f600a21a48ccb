// A Node Transform stream over records (object mode): tagged records go on, alerts are emitted as `alert` events.
import { Transform, type TransformCallback } from 'node:stream';
import type { DetectedAlert, Detector, LogRecord } from './detector.js';

export interface DetectTransformOptions {
  readonly detector: Detector;
  /** The tag of the records, for the alerts' own tag. */
  readonly tag?: string;
}

/** What listeners are told. */
export interface DetectTransformEvents {
  alert: [alert: DetectedAlert];
}

export class DetectTransform extends Transform {
  readonly #detector: Detector;
  readonly #tag: string;

  constructor(options: DetectTransformOptions) {
    super({ objectMode: true });
    this.#detector = options.detector;
    this.#tag = options.tag ?? '';
  }

  override _transform(record: LogRecord, _encoding: BufferEncoding, done: TransformCallback): void {
    let tagged: LogRecord;
    try {
      const detected = this.#detector.detect(record, { tag: this.#tag });
      for (const alert of detected.alerts) this.emit('alert', alert);
      tagged = detected.record;
    } catch (error) {
      done(error as Error);
      return;
    }
    done(null, tagged);
  }
}
