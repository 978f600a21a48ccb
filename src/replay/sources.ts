// Where captures come from: files, folders searched recursively, `-` for stdin; gzip is told by its content.
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** A path that cannot be read at all: usage, not a capture's fault. */
export class CapturePathError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CapturePathError';
  }
}

/** The files that `paths` mean, in order; hidden ones below folders left out. @throws CapturePathError */
export function captureFiles(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    if (path === '-') return [path];
    let isFolder: boolean;
    try {
      isFolder = statSync(path).isDirectory();
    } catch (cause) {
      throw new CapturePathError(`${path}: there is no such file or folder`, { cause });
    }
    return isFolder ? filesBelow(path) : [path];
  });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (statSync(path).isDirectory()) return filesBelow(path);
      return [path];
    });
}

export interface OpenCapture {
  /** Enough of its start to tell the format. */
  readonly head: Buffer;
  readonly bytes: AsyncIterable<Buffer>;
}

const HEAD = 64 * 1024;

/** Opens a capture; its errors come out of the iteration. */
export async function openCapture(path: string, stdin: NodeJS.ReadableStream): Promise<OpenCapture> {
  const raw =
    path === '-' ? (stdin as AsyncIterable<Buffer>) : createReadStream(path, { highWaterMark: 2 ** 20 });
  const first = await peek(raw, 2);
  if (first.head[0] !== 0x1f || first.head[1] !== 0x8b) return peek(first.bytes, HEAD);
  const source = Readable.from(first.bytes);
  const gunzip = createGunzip({ chunkSize: 2 ** 20 });
  source.on('error', (error) => gunzip.destroy(error));
  return peek(source.pipe(gunzip), HEAD);
}

async function peek(bytes: AsyncIterable<Buffer>, least: number): Promise<OpenCapture> {
  const iterator = bytes[Symbol.asyncIterator]();
  const pieces: Buffer[] = [];
  let length = 0;
  let failure: unknown = null;
  let done = false;
  while (length < least && !done) {
    try {
      const next = await iterator.next();
      done = next.done === true;
      if (!done) {
        pieces.push(next.value as Buffer);
        length += (next.value as Buffer).length;
      }
    } catch (error) {
      failure = error;
      done = true;
    }
  }
  async function* all(): AsyncIterable<Buffer> {
    yield* pieces;
    if (failure !== null) throw failure;
    while (!done) {
      const next = await iterator.next();
      if (next.done) return;
      yield next.value as Buffer;
    }
  }
  return { head: Buffer.concat(pieces), bytes: all() };
}
