// A log of records in files of a bounded size, read in the order in which they were written (docs/adr/ says why it is no
// LevelDB). A record counts once it is fsynced. A torn record at the end was
// never confirmed and is cut off; a damaged one in the middle is told, and its file is kept.
//
// File `<number of its first byte, 16 digits>.segment`: records end to end, each
//   magic "FDB1" | body length u32 BE | first 8 bytes of SHA-256 of the body | body
// A position is the number of a byte since the log began; it only grows, over all segments.
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const MAGIC = 0x46444231;
const HEADER = 16;
const FILE_NAME = /^\d{16}\.segment$/;

export interface SegmentLogOptions {
  readonly path: string;
  /** A new file is begun past so many bytes. */
  readonly segmentBytes: number;
  /** Positions before this one have been used; files that held them may be gone. */
  readonly from: number;
  /** Records that cannot be read: how many bytes, and the file that was kept. */
  readonly onDamaged: (bytes: number, file: string) => void;
}

export interface LogRecord {
  readonly body: Buffer;
  /** Where the next record begins. */
  readonly end: number;
}

interface Segment {
  readonly start: number;
  bytes: number;
  damaged: boolean;
}

export class SegmentLog {
  readonly #options: SegmentLogOptions;
  /** Oldest first; the last one is written to. */
  readonly #segments: Segment[];
  #writer: FileHandle | null = null;
  #reader: { readonly segment: Segment; readonly file: FileHandle } | null = null;

  private constructor(options: SegmentLogOptions, segments: Segment[]) {
    this.#options = options;
    this.#segments = segments;
  }

  /** @throws the system's error */
  static async open(options: SegmentLogOptions): Promise<SegmentLog> {
    mkdirSync(options.path, { recursive: true });
    const names = (await readdir(options.path)).filter((n) => FILE_NAME.test(n)).sort();
    const segments: Segment[] = [];
    for (const name of names) {
      const { size } = await stat(join(options.path, name));
      segments.push({ start: Number(name.slice(0, 16)), bytes: size, damaged: false });
    }
    for (const [n, segment] of segments.entries()) {
      // What a failed write has left behind the last record of a file that was given up.
      const next = segments[n + 1];
      if (next) segment.bytes = Math.min(segment.bytes, next.start - segment.start);
    }
    const log = new SegmentLog(options, segments);
    const last = segments.at(-1);
    if (last) await log.#cutTorn(last);
    return log;
  }

  /** Whether a folder has records in it. */
  static async isIn(path: string): Promise<boolean> {
    const names = await readdir(path).catch(() => []);
    return names.some((n) => FILE_NAME.test(n));
  }

  /** Where the oldest record begins, and where the next one will. */
  get start(): number {
    return this.#segments[0]?.start ?? this.#options.from;
  }
  get end(): number {
    const last = this.#segments.at(-1);
    return last ? last.start + last.bytes : this.#options.from;
  }
  /** Bytes on disk. */
  get bytes(): number {
    return this.#segments.reduce((sum, s) => sum + s.bytes, 0);
  }

  /**
   * Resolves when all the records are fsynced. Rejects when the disk refuses: none of them is there then. One call after
   * the other: the caller waits.
   */
  async append(records: readonly (readonly Buffer[])[]): Promise<void> {
    try {
      const { file, segment } = await this.#writable();
      const bytes = await writeAll(file, records.flatMap(framed), segment.bytes);
      await file.datasync();
      segment.bytes += bytes;
    } catch (error) {
      await this.#takeBack();
      throw error;
    }
  }

  /** The record at a position; null: none is there yet. Steps over what is damaged. */
  async read(position: number): Promise<LogRecord | null> {
    let at = position;
    for (;;) {
      const segment = this.#segmentOf(at);
      if (!segment) return null;
      at = Math.max(at, segment.start);
      const offset = at - segment.start;
      const record = await this.#readIn(segment, offset);
      if (record !== null) return record;
      // Nothing behind it can be found: its length is not to be trusted.
      segment.damaged = true;
      this.#options.onDamaged(segment.bytes - offset, this.#pathOf(segment));
      at = segment.start + segment.bytes;
    }
  }

  /** Removes the files that lie wholly before a position. @param isLast nothing will be written any more: all of them. */
  async release(position: number, isLast = false): Promise<void> {
    const isBefore = (n: number): boolean => {
      const next = this.#segments[n + 1];
      return next ? next.start <= position : isLast && this.end <= position;
    };
    while (this.#segments.length > 0 && isBefore(0)) {
      const segment = this.#segments.shift()!;
      if (this.#reader?.segment === segment) await this.#closeReader();
      const path = this.#pathOf(segment);
      if (segment.damaged) await rename(path, `${path}.damaged`);
      else await rm(path, { force: true });
    }
  }

  async close(): Promise<void> {
    await this.#closeReader();
    await this.#writer?.close();
    this.#writer = null;
  }

  #pathOf(segment: Segment): string {
    return join(this.#options.path, `${String(segment.start).padStart(16, '0')}.segment`);
  }

  #segmentOf(position: number): Segment | null {
    // From the end of one to the start of the next there may be a gap: what was cut off.
    return this.#segments.find((s) => position < s.start + s.bytes) ?? null;
  }

  async #writable(): Promise<{ file: FileHandle; segment: Segment }> {
    const last = this.#segments.at(-1);
    if (this.#writer && last && last.bytes < this.#options.segmentBytes)
      return { file: this.#writer, segment: last };
    await this.#writer?.close();
    this.#writer = null;
    const isUsable = last && !last.damaged && this.end >= this.#options.from;
    if (isUsable && last.bytes < this.#options.segmentBytes) {
      this.#writer = await open(this.#pathOf(last), 'r+');
      return { file: this.#writer, segment: last };
    }
    const segment = { start: Math.max(this.end, this.#options.from), bytes: 0, damaged: false };
    this.#writer = await open(this.#pathOf(segment), 'wx');
    this.#segments.push(segment);
    await syncFolder(this.#options.path);
    return { file: this.#writer, segment };
  }

  /** What a failed write has left is cut off. Where even that fails, the next record begins another file. */
  async #takeBack(): Promise<void> {
    const last = this.#segments.at(-1);
    if (!this.#writer || !last) return;
    try {
      await this.#writer.truncate(last.bytes);
    } catch {
      await this.#writer.close();
      this.#writer = null;
      last.damaged = true;
    }
  }

  async #readIn(segment: Segment, offset: number): Promise<LogRecord | null> {
    const file = await this.#readerOf(segment);
    const header = Buffer.allocUnsafe(HEADER);
    const { bytesRead } = await file.read(header, 0, HEADER, offset);
    if (bytesRead < HEADER || header.readUInt32BE(0) !== MAGIC) return null;
    const length = header.readUInt32BE(4);
    if (offset + HEADER + length > segment.bytes) return null;
    const body = Buffer.allocUnsafe(length);
    for (let at = 0; at < length; ) {
      const read = await file.read(body, at, length - at, offset + HEADER + at);
      if (read.bytesRead === 0) return null;
      at += read.bytesRead;
    }
    if (digestOf([body]).compare(header, 8, HEADER) !== 0) return null;
    return { body, end: segment.start + offset + HEADER + length };
  }

  async #readerOf(segment: Segment): Promise<FileHandle> {
    if (this.#reader?.segment !== segment) {
      await this.#closeReader();
      this.#reader = { segment, file: await open(this.#pathOf(segment), 'r') };
    }
    return this.#reader.file;
  }

  async #closeReader(): Promise<void> {
    const reader = this.#reader;
    this.#reader = null;
    await reader?.file.close();
  }

  /** The last file ends where its last whole record ends. */
  async #cutTorn(segment: Segment): Promise<void> {
    let whole = 0;
    for (;;) {
      const record = whole < segment.bytes ? await this.#readIn(segment, whole) : null;
      if (!record) break;
      whole = record.end - segment.start;
    }
    if (whole === segment.bytes) return;
    await this.#closeReader();
    const file = await open(this.#pathOf(segment), 'r+');
    const isMore = await hasWholeRecord(file, whole + 1, segment.bytes);
    if (isMore) {
      // Whole records behind it: that is damage, not a torn end. It is stepped over, and told, when it is read.
      segment.damaged = true;
    } else {
      await file.truncate(whole);
      segment.bytes = whole;
    }
    await file.close();
  }
}

function framed(parts: readonly Buffer[]): Buffer[] {
  const header = Buffer.allocUnsafe(HEADER);
  header.writeUInt32BE(MAGIC, 0);
  header.writeUInt32BE(
    parts.reduce((sum, p) => sum + p.length, 0),
    4,
  );
  digestOf(parts).copy(header, 8);
  return [header, ...parts];
}

function digestOf(parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest().subarray(0, 8);
}

/** More than the system takes at once (IOV_MAX) goes out in several writes. */
const MAX_VECTORS = 1000;

async function writeAll(file: FileHandle, buffers: readonly Buffer[], position: number): Promise<number> {
  let written = 0;
  for (let at = 0; at < buffers.length; at += MAX_VECTORS) {
    const vectors = buffers.slice(at, at + MAX_VECTORS);
    const total = vectors.reduce((sum, b) => sum + b.length, 0);
    const { bytesWritten } = await file.writev(vectors, position + written);
    if (bytesWritten < total) {
      const rest = Buffer.concat(vectors).subarray(bytesWritten);
      for (let done = 0; done < rest.length; ) {
        const more = await file.write(
          rest,
          done,
          rest.length - done,
          position + written + bytesWritten + done,
        );
        done += more.bytesWritten;
      }
    }
    written += total;
  }
  return written;
}

/** Whether a record begins somewhere in `[from, to)` whose digest is right. */
async function hasWholeRecord(file: FileHandle, from: number, to: number): Promise<boolean> {
  const magic = Buffer.from('FDB1');
  const step = 1 << 20;
  for (let at = from; at < to; at += step - magic.length) {
    const piece = Buffer.alloc(Math.min(step, to - at));
    await file.read(piece, 0, piece.length, at);
    for (let hit = piece.indexOf(magic); hit !== -1; hit = piece.indexOf(magic, hit + 1)) {
      const header = Buffer.alloc(HEADER);
      await file.read(header, 0, HEADER, at + hit);
      const length = header.readUInt32BE(4);
      if (at + hit + HEADER + length > to) continue;
      const body = Buffer.alloc(length);
      await file.read(body, 0, length, at + hit + HEADER);
      if (digestOf([body]).compare(header, 8, HEADER) === 0) return true;
    }
  }
  return false;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
