// A file that lines are appended to: kept open, written whole, fsynced when asked, rotated by size, opened again when
// it was moved away (logrotate), healed when the last line of an earlier run was cut off.
import { mkdirSync } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface AppendFileOptions {
  readonly path: string;
  /** Rotated to `path.1` … past this many bytes; null: never. */
  readonly rotateBytes: number | null;
  readonly rotateKeep: number;
  /** fsync before a write counts as done. */
  readonly sync: boolean;
}

export class AppendFile {
  readonly #options: AppendFileOptions;
  #file: FileHandle | null = null;
  #inode = -1;
  #size = 0;
  /** Writes one after another; a failed one does not stop the next. */
  #last: Promise<void> = Promise.resolve();

  constructor(options: AppendFileOptions) {
    this.#options = options;
  }

  /** Resolves when all of `text` is in the file. @throws the system's error, the file being closed. */
  write(text: string): Promise<void> {
    const turn = this.#last.then(() => this.#write(Buffer.from(text, 'utf8')));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#close();
  }

  async #write(bytes: Buffer): Promise<void> {
    try {
      await this.#reopenIfMoved();
      this.#file ??= await this.#open();
      await this.#rotateIfFull(bytes.length);
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(bytes, at);
        at += bytesWritten;
        this.#size += bytesWritten;
      }
      if (this.#options.sync) await this.#file.datasync();
    } catch (error) {
      await this.#close();
      throw error;
    }
  }

  async #open(): Promise<FileHandle> {
    const { path } = this.#options;
    mkdirSync(dirname(path), { recursive: true });
    const file = await open(path, 'a+');
    const { size, ino } = await file.stat();
    this.#size = size;
    this.#inode = ino;
    if (size > 0) {
      const last = Buffer.alloc(1);
      await file.read(last, 0, 1, size - 1);
      if (last[0] !== 0x0a) {
        await file.write('\n');
        this.#size += 1;
      }
    }
    return file;
  }

  async #reopenIfMoved(): Promise<void> {
    if (!this.#file) return;
    const there = await stat(this.#options.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (there?.ino !== this.#inode) await this.#close();
  }

  async #rotateIfFull(more: number): Promise<void> {
    const { path, rotateBytes, rotateKeep } = this.#options;
    if (rotateBytes === null || this.#size === 0 || this.#size + more <= rotateBytes) return;
    await this.#close();
    for (let n = rotateKeep; n >= 1; n -= 1) {
      const from = n === 1 ? path : `${path}.${n - 1}`;
      await rename(from, `${path}.${n}`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
    if (rotateKeep === 0) await rm(path, { force: true });
    this.#file = await this.#open();
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }
}
