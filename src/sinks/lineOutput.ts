// The event output to a file or to standard output: every event a line. A chunk counts as confirmed when its lines
// are written (to the kernel: a crash of the machine, not of the process, can lose them).
import type { Writable } from 'node:stream';
import type { FileTarget, LineFormat } from '../config/config.js';
import { headerSize, lengthAt, skip } from '../msgpack/scan.js';
import { AppendFile } from './appendFile.js';
import { eventLine } from './lines.js';
import type { OutChunk, Output } from './output.js';
import { writeAll } from './stdoutSink.js';

/** Inflates the payload of a chunk that came compressed. */
export type Inflate = (bytes: Buffer, compressed: 'gzip' | 'zstd') => Buffer | null;

export class LineOutput implements Output {
  readonly name: string;
  readonly ready = true;
  readonly #format: LineFormat;
  readonly #inflate: Inflate;
  readonly #writeText: (text: string) => Promise<void>;
  readonly #closeFile: () => Promise<void>;
  #held = 0;
  readonly #idle: (() => void)[] = [];

  private constructor(
    name: string,
    format: LineFormat,
    inflate: Inflate,
    writeText: (text: string) => Promise<void>,
    closeFile: () => Promise<void>,
  ) {
    this.name = name;
    this.#format = format;
    this.#inflate = inflate;
    this.#writeText = writeText;
    this.#closeFile = closeFile;
  }

  static toFile(target: FileTarget, inflate: Inflate): LineOutput {
    const file = new AppendFile({ ...target, sync: false });
    const write = (text: string): Promise<void> => file.write(text);
    return new LineOutput(`file:${target.path}`, target.format, inflate, write, () => file.close());
  }

  static toStdout(format: LineFormat, stdout: Writable, inflate: Inflate): LineOutput {
    const write = (text: string): Promise<void> => writeAll(stdout, text);
    return new LineOutput('stdout:', format, inflate, write, () => Promise.resolve());
  }

  async write(chunk: OutChunk): Promise<void> {
    this.#held += 1;
    try {
      const lines = this.#linesOf(chunk);
      if (lines !== '') await this.#writeText(lines);
    } finally {
      this.#held -= 1;
      if (this.#held === 0) for (const wake of this.#idle.splice(0)) wake();
    }
  }

  async close(timeoutMs: number): Promise<number> {
    if (this.#held > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#idle.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    await this.#closeFile();
    return this.#held;
  }

  #linesOf(chunk: OutChunk): string {
    // Metrics and traces are no events and have no lines.
    if (chunk.signal !== 0) return '';
    const joined = chunk.payload.length === 1 ? chunk.payload[0]! : Buffer.concat(chunk.payload);
    const body = chunk.compressed === null ? joined : this.#inflate(joined, chunk.compressed);
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
