// Lines to a file in the order they come, buffered; for what a replay writes.
import { type FileHandle, open } from 'node:fs/promises';

const FLUSH_BYTES = 256 * 1024;

export class LineFile {
  readonly #handle: FileHandle;
  #lines: string[] = [];
  #size = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Empties the file if it is there. @throws the system's error. */
  static async create(path: string): Promise<LineFile> {
    return new LineFile(await open(path, 'w'));
  }

  add(line: string): void {
    this.#lines.push(line, '\n');
    this.#size += line.length + 1;
  }

  /** Writes what has gathered once it is much; call it between events. */
  async settle(): Promise<void> {
    if (this.#size >= FLUSH_BYTES) await this.#flush();
  }

  async close(): Promise<void> {
    await this.#flush();
    await this.#handle.close();
  }

  async #flush(): Promise<void> {
    const text = this.#lines.join('');
    this.#lines = [];
    this.#size = 0;
    if (text !== '') await this.#handle.appendFile(text);
  }
}
