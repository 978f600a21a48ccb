// A file that lines are appended to: kept open, written whole, fsynced when asked, rotated by size, opened again when
// it was moved away (logrotate), healed when the last line of an earlier run was cut off. A write that fails leaves nothing.
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
    let before = -1;
    try {
      await this.#reopenIfMoved();
      this.#file ??= await this.#open();
      await this.#rotateIfFull(bytes.length);
      before = this.#size;
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(bytes, at);
        at += bytesWritten;
        this.#size += bytesWritten;
      }
      if (this.#options.sync) await this.#file.datasync();
    } catch (error) {
      // Half a line, or lines that will be written again: taken back, unless somebody else writes here too.
      const isOurs = before !== -1 && (await this.#file?.stat())?.size === this.#size;
      if (isOurs) await this.#file!.truncate(before);
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
    const torn = await lastLine(file, size);
    if (isCutOff(torn)) {
      // Never confirmed: whoever sent it sends it again.
      this.#size = size - torn.length;
      await file.truncate(this.#size);
    } else if (torn.length > 0) {
      await file.write('\n');
      this.#size += 1;
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

/** What stands behind the last newline. */
async function lastLine(file: FileHandle, size: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - 64 * 1024);
    const piece = Buffer.alloc(end - start);
    await file.read(piece, 0, piece.length, start);
    const newline = piece.lastIndexOf(0x0a);
    pieces.unshift(piece.subarray(newline + 1));
    if (newline !== -1) break;
    end = start;
  }
  return Buffer.concat(pieces);
}

/** One of our lines (a JSON object, behind time and tag or not) that ends in the middle. */
function isCutOff(line: Buffer): boolean {
  const text = line.toString('utf8');
  const json = /^(?:[^\t{]*\t[^\t]*\t)?(\{.*)$/s.exec(text)?.[1];
  if (json === undefined) return false;
  try {
    JSON.parse(json);
    return false;
  } catch {
    return true;
  }
}
