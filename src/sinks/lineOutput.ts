// The event output to a file or to standard output: every event a line. A chunk counts as confirmed when its lines
// are written (to the kernel: a crash of the machine, not of the process, can lose them).
import type { Writable } from 'node:stream';
import type { FileTarget, LineFormat } from '../config/config.js';
import { headerSize, lengthAt, skip } from '../msgpack/scan.js';
import { AppendFile } from './appendFile.js';
import { eventLine } from './lines.js';
import type { Fate, OutChunk, Output } from './output.js';
import { writeAll } from './stdoutSink.js';

/** Inflates the payload of a chunk that came compressed. */
type Inflate = (bytes: Buffer, compressed: 'gzip' | 'zstd') => Buffer | null;

export interface LineOutputDeps {
  readonly inflate: Inflate;
  readonly retryWait: number;
  readonly retryMaxInterval: number;
  /** Lines cannot be written (the disk is full, the reader is gone), or can again, for the log. */
  readonly onState: (ready: boolean, why: string) => void;
}

interface Waiting {
  readonly chunk: OutChunk;
  readonly fate: Fate;
}

/** Bytes of payload that are made into lines at once. */
const BATCH_BYTES = 4 * 2 ** 20;

export class LineOutput implements Output {
  readonly name: string;
  readonly #format: LineFormat;
  readonly #deps: LineOutputDeps;
  readonly #writeText: (text: string) => Promise<void>;
  readonly #closeFile: () => Promise<void>;
  /** In order; the first ones are being written. */
  readonly #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;
  #failures = 0;
  #closed = false;
  #wake: (() => void) | null = null;

  private constructor(
    name: string,
    format: LineFormat,
    deps: LineOutputDeps,
    writeText: (text: string) => Promise<void>,
    closeFile: () => Promise<void>,
  ) {
    this.name = name;
    this.#format = format;
    this.#deps = deps;
    this.#writeText = writeText;
    this.#closeFile = closeFile;
  }

  static toFile(target: FileTarget, deps: LineOutputDeps): LineOutput {
    const file = new AppendFile({ ...target, sync: false });
    const write = (text: string): Promise<void> => file.write(text);
    return new LineOutput(`file:${target.path}`, target.format, deps, write, () => file.close());
  }

  static toStdout(format: LineFormat, stdout: Writable, deps: LineOutputDeps): LineOutput {
    const write = (text: string): Promise<void> => writeAll(stdout, text);
    return new LineOutput('stdout:', format, deps, write, () => Promise.resolve());
  }

  get ready(): boolean {
    return this.#failures === 0;
  }

  /** Tried again until it is written; a chunk that can never be lines fails. */
  send(chunk: OutChunk, _events: number, fate: Fate): void {
    if (this.#closed) {
      fate.fail(new Error('the output is closed'));
      return;
    }
    this.#waiting.push({ chunk, fate });
    this.#begin();
  }

  async close(timeoutMs: number): Promise<number> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([this.#running ?? Promise.resolve(), late]);
    clearTimeout(timer);
    this.#closed = true;
    this.#wake?.();
    const left = this.#waiting.splice(0);
    for (const w of left) w.fate.fail(new Error('the output was closed'));
    await this.#closeFile();
    return left.length;
  }

  #begin(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      if (this.#waiting.length > 0) this.#begin();
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#nextBatch();
      const text = batch.map((w) => w.text).join('');
      try {
        if (text !== '') await this.#writeText(text);
      } catch (error) {
        await this.#pause(error as Error);
        continue;
      }
      if (this.#failures > 0) {
        this.#failures = 0;
        this.#deps.onState(true, '');
      }
      this.#waiting.splice(0, batch.length);
      for (const w of batch) w.fate.confirm();
    }
  }

  /** The next chunks as lines. What can never be lines is refused here and not in the batch. */
  #nextBatch(): (Waiting & { readonly text: string })[] {
    const batch: (Waiting & { readonly text: string })[] = [];
    let bytes = 0;
    for (let n = 0; n < this.#waiting.length && bytes < BATCH_BYTES; ) {
      const w = this.#waiting[n]!;
      try {
        batch.push({ ...w, text: this.#linesOf(w.chunk) });
        bytes += w.chunk.payloadBytes;
        n += 1;
      } catch (error) {
        this.#waiting.splice(n, 1);
        w.fate.fail(error as Error);
      }
    }
    return batch;
  }

  async #pause(error: Error): Promise<void> {
    const { retryWait, retryMaxInterval, onState } = this.#deps;
    onState(false, error.message);
    const wait = Math.min(retryMaxInterval, retryWait * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#closed) this.#wake();
    });
    this.#wake = null;
  }

  #linesOf(chunk: OutChunk): string {
    // Metrics and traces are no events and have no lines.
    if (chunk.signal !== 0) return '';
    const joined = chunk.payload.length === 1 ? chunk.payload[0]! : Buffer.concat(chunk.payload);
    const body = chunk.compressed === null ? joined : this.#deps.inflate(joined, chunk.compressed);
    if (body === null) throw new Error(`a ${chunk.compressed} chunk cannot be written as lines on this Node`);
    const lines: string[] = [];
    for (let at = 0; at < body.length; ) {
      const time = at + headerSize(body[at]!);
      const record = skip(body, time, body.length);
      const end = skip(body, at, body.length);
      if (lengthAt(body, at) >= 2) {
        lines.push(
          eventLine(this.#format, chunk.tag, body.subarray(time, record), body.subarray(record, end)),
        );
      }
      at = end;
    }
    return lines.join('');
  }
}
