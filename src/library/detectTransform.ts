// A Node Transform stream over records (object mode): tagged records go on, alerts are emitted as `alert` events.
import { Transform, type TransformCallback } from 'node:stream';
import type { Detected, DetectedAlert, Detector, LogRecord } from './detector.js';

export interface DetectTransformOptions {
  readonly detector: Detector;
  /** The tag of the records, for the alerts' own tag. */
  readonly tag?: string;
  /** Records that wait on either side before writing is held back. Default 16, Node's. */
  readonly highWaterMark?: number;
  /**
   * Told of a record that cannot be judged (no plain object, or one that `JSON.stringify` cannot write); it goes on as it
   * is. Without it such a record ends the stream with a TypeError.
   */
  readonly onUnjudged?: (record: unknown, cause: Error) => void;
}

/** What listeners are told. */
export interface DetectTransformEvents {
  alert: [alert: DetectedAlert];
}

export class DetectTransform extends Transform {
  readonly #detector: Detector;
  readonly #tag: string;
  readonly #onUnjudged: DetectTransformOptions['onUnjudged'];

  constructor(options: DetectTransformOptions) {
    const { highWaterMark } = options;
    super({ objectMode: true, ...(highWaterMark === undefined ? {} : { highWaterMark }) });
    this.#detector = options.detector;
    this.#tag = options.tag ?? '';
    this.#onUnjudged = options.onUnjudged;
  }

  override _transform(record: LogRecord, _encoding: BufferEncoding, done: TransformCallback): void {
    let detected: Detected;
    try {
      detected = this.#detector.detect(record, { tag: this.#tag });
    } catch (error) {
      if (!this.#onUnjudged) done(error as Error);
      else {
        this.#onUnjudged(record, error as Error);
        done(null, record);
      }
      return;
    }
    try {
      for (const alert of detected.alerts) this.emit('alert', alert);
    } catch (error) {
      // A listener that throws ends the stream, as a part of the pipeline that fails.
      done(error as Error);
      return;
    }
    done(null, detected.record);
  }
}
