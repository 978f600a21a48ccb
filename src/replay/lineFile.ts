// Lines to a file in the order they come, buffered; for what a replay writes. Lines that lie end to end in a captured
// block are written as they lie.
import { type FileHandle, open } from 'node:fs/promises';

const FLUSH_BYTES = 1024 * 1024;
const newline = Buffer.from('\n');

export class LineFile {
  readonly #handle: FileHandle;
  #parts: Buffer[] = [];
  #size = 0;
  /** Some part lies in a captured block, which may change once `settle` has resolved. */
  #hasBlocks = false;
  /** Lines of one block that follow each other, not yet among the parts. */
  #block: Buffer | null = null;
  #start = 0;
  #end = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Empties the file if it is there. @throws the system's error. */
  static async create(path: string): Promise<LineFile> {
    return new LineFile(await open(path, 'w'));
  }

  add(line: string): void {
    this.#closeBlock();
    const bytes = Buffer.from(`${line}\n`, 'utf8');
    this.#parts.push(bytes);
    this.#size += bytes.length;
  }

  /** The line in `[start, end)` of `block`, which must stay as it is until `settle` resolves. */
  addBytes(block: Buffer, start: number, end: number): void {
    if (this.#block === block && start === this.#end + 1 && block[this.#end] === 0x0a) {
      this.#end = end;
      return;
    }
    this.#closeBlock();
    this.#block = block;
    this.#start = start;
    this.#end = end;
  }

  /** Writes what has gathered, what is ours only once it is much; call it between blocks. */
  async settle(): Promise<void> {
    this.#closeBlock();
    if (this.#hasBlocks || this.#size >= FLUSH_BYTES) await this.#flush();
  }

  async close(): Promise<void> {
    this.#closeBlock();
    await this.#flush();
    await this.#handle.close();
  }

  #closeBlock(): void {
    const block = this.#block;
    if (block === null) return;
    this.#block = null;
    this.#hasBlocks = true;
    const isFollowed = block[this.#end] === 0x0a;
    this.#parts.push(block.subarray(this.#start, isFollowed ? this.#end + 1 : this.#end));
    if (!isFollowed) this.#parts.push(newline);
    this.#size += this.#end - this.#start + 1;
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#size = 0;
    this.#hasBlocks = false;
    if (bytes.length > 0) await this.#handle.appendFile(bytes);
  }
}
