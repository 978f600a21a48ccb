// A live Forward stream into capture files: what was written to disk, and only that, is acked. Bounded, and cut into
// files of a size.
import { type FileHandle, open } from 'node:fs/promises';
import { extname } from 'node:path';

export interface RecordingOptions {
  /** The first file; later ones are `NAME_002.fwd`, `NAME_003.fwd`, … */
  readonly path: string;
  /** A new file past this many bytes; null: one file. */
  readonly rotateBytes: number | null;
  /** The recording is full past this many bytes over all files; null: never. */
  readonly maxBytes: number | null;
  readonly onFull: () => void;
  /** Called after each write. */
  readonly onWritten: () => void;
  /** A write failed: nothing more is recorded, nothing more acked. */
  readonly onError: (error: Error) => void;
}

interface Message {
  readonly parts: readonly Buffer[];
  readonly bytes: number;
  readonly ack: () => void;
  readonly refuse: () => void;
}

export class Recording {
  messages = 0;
  bytes = 0;
  readonly files: string[] = [];
  readonly #options: RecordingOptions;
  #file: FileHandle;
  #fileBytes = 0;
  #waiting: Message[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | null = null;
  /** Full, failed or closed: nothing more is taken. */
  #isOver = false;

  private constructor(options: RecordingOptions, file: FileHandle) {
    this.#options = options;
    this.#file = file;
    this.files.push(options.path);
  }

  /** @throws the system's error; a file that is there already is not touched (EEXIST). */
  static async create(options: RecordingOptions): Promise<Recording> {
    return new Recording(options, await open(options.path, 'wx'));
  }

  /** Bytes that are taken and not yet on disk. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Takes one message; exactly one of `ack` (it is on disk) and `refuse` is called for it. */
  add(message: Message): void {
    if (this.#isOver) {
      message.refuse();
      return;
    }
    this.#waiting.push(message);
    this.#waitingBytes += message.bytes;
    this.#writing ??= this.#writeAll();
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.#writing;
    await this.#file.close();
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting;
        this.#waiting = [];
        await this.#write(batch);
      }
    } catch (error) {
      this.#isOver = true;
      this.#options.onError(error as Error);
    } finally {
      this.#writing = null;
      if (this.#isOver) for (const message of this.#waiting.splice(0)) message.refuse();
    }
  }

  async #write(batch: readonly Message[]): Promise<void> {
    const { rotateBytes, maxBytes } = this.#options;
    const bytes = batch.reduce((sum, m) => sum + m.bytes, 0);
    try {
      if (rotateBytes !== null && this.#fileBytes > 0 && this.#fileBytes + bytes > rotateBytes)
        await this.#next();
      const { bytesWritten } = await this.#file.writev(batch.flatMap((m) => m.parts));
      if (bytesWritten < bytes) throw new Error('the disk took only a part of what was written');
      await this.#file.datasync();
    } catch (error) {
      for (const message of batch) message.refuse();
      throw error;
    }
    this.#fileBytes += bytes;
    this.bytes += bytes;
    this.messages += batch.length;
    this.#waitingBytes -= bytes;
    for (const message of batch) message.ack();
    this.#options.onWritten();
    if (maxBytes !== null && this.bytes >= maxBytes && !this.#isOver) {
      this.#isOver = true;
      this.#options.onFull();
    }
  }

  async #next(): Promise<void> {
    const { path } = this.#options;
    const extension = extname(path);
    const stem = path.slice(0, path.length - extension.length);
    const next = `${stem}_${String(this.files.length + 1).padStart(3, '0')}${extension}`;
    const file = await open(next, 'wx');
    await this.#file.close();
    this.#file = file;
    this.#fileBytes = 0;
    this.files.push(next);
  }
}
