// Where captures come from: files, folders searched recursively, patterns, `-` for stdin; gzip is told by its content.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** A path that cannot be read at all: usage, not a capture's fault. */
export class CapturePathError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CapturePathError';
  }
}

export interface CaptureFile {
  /** Absolute; `-` is stdin. */
  readonly path: string;
  /** As a person would say it. */
  readonly name: string;
  /** 0: not known. */
  readonly bytes: number;
}

/**
 * The files that `paths` mean, in order; hidden ones below folders left out. A path that is not there and has `*`, `?`
 * or `**` in it is a pattern (for shells that do not expand them). @throws CapturePathError
 */
export function captureFiles(paths: readonly string[], cwd: string): CaptureFile[] {
  return paths.flatMap((given) => {
    if (given === '-') return [{ path: '-', name: 'stdin', bytes: 0 }];
    const path = resolve(cwd, given);
    const named = (file: string): CaptureFile => ({
      path: file,
      name: file === path ? given : isAbsolute(given) ? file : relative(cwd, file),
      bytes: statSync(file).size,
    });
    if (!existsSync(path) && /[*?]/.test(given)) {
      const found = matching(given, cwd);
      if (found.length === 0) throw new CapturePathError(`${given}: no file fits this pattern`);
      return found.map(named);
    }
    let isFolder: boolean;
    try {
      isFolder = statSync(path).isDirectory();
    } catch (cause) {
      throw new CapturePathError(`${given}: there is no such file or folder`, { cause });
    }
    return (isFolder ? filesBelow(path) : [path]).map(named);
  });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      const found = statSync(path, { throwIfNoEntry: false });
      if (found?.isDirectory()) return filesBelow(path);
      return found?.isFile() ? [path] : [];
    });
}

/** `*` and `?` within a name, `**` over folders. */
function matching(pattern: string, cwd: string): string[] {
  const segments = resolve(cwd, pattern).split(sep);
  const fixed = segments.findIndex((segment) => /[*?]/.test(segment));
  const folder = segments.slice(0, fixed).join(sep) || sep;
  if (!existsSync(folder)) return [];
  const source = segments
    .slice(fixed)
    .map((segment) =>
      segment === '**'
        ? '(?:[^/]+/)*'
        : `${segment
            .replace(/[.+^${}()|[\]\\]/g, '\\$&')
            .replaceAll('*', '[^/]*')
            .replaceAll('?', '[^/]')}/`,
    )
    .join('');
  const regex = new RegExp(`^${source.replace(/\/$/, '')}$`);
  return filesBelow(folder).filter((file) => regex.test(relative(folder, file).split(sep).join('/')));
}

export interface OpenCapture {
  /** Enough of its start to tell the format. */
  readonly head: Buffer;
  /** Each piece is good until the next is asked for. */
  readonly bytes: AsyncIterable<Buffer>;
}

const HEAD = 64 * 1024;

/** Opens a capture; its errors come out of the iteration. @param onBytes told of the bytes that come from the file. */
export async function openCapture(
  path: string,
  stdin: NodeJS.ReadableStream,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<OpenCapture> {
  const raw = path === '-' ? (stdin as AsyncIterable<Buffer>) : blocksOf(path);
  const first = await peek(counted(raw, onBytes), 2);
  if (first.head[0] !== 0x1f || first.head[1] !== 0x8b) return peek(first.bytes, HEAD);
  const source = Readable.from(copies(first.bytes));
  const gunzip = createGunzip({ chunkSize: 2 ** 20 });
  source.on('error', (error) => gunzip.destroy(error));
  return peek(source.pipe(gunzip), HEAD);
}

const BLOCK = 2 ** 20;

/**
 * A file in two blocks, one read while the other is looked at. A new block each time would cost the kernel's clearing
 * of its pages: about a fifth of the time of a replay without matches.
 */
async function* blocksOf(path: string): AsyncIterable<Buffer> {
  const file = await open(path, 'r');
  try {
    const blocks = [Buffer.allocUnsafeSlow(BLOCK), Buffer.allocUnsafeSlow(BLOCK)] as const;
    const fill = async (block: Buffer): Promise<Buffer> => {
      let length = 0;
      while (length < block.length) {
        const { bytesRead } = await file.read(block, length, block.length - length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return block.subarray(0, length);
    };
    let next = fill(blocks[0]);
    for (let turn = 1; ; turn += 1) {
      const block = await next;
      if (block.length === 0) return;
      next = fill(blocks[(turn % 2) as 0 | 1]);
      // Looked at when its turn comes: a failure before that is not unhandled.
      next.catch(() => undefined);
      yield block;
    }
  } finally {
    await file.close();
  }
}

async function* copies(bytes: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  for await (const piece of bytes) yield Buffer.from(piece);
}

async function* counted(
  bytes: AsyncIterable<Buffer>,
  onBytes: (bytes: number) => void,
): AsyncIterable<Buffer> {
  for await (const piece of bytes) {
    onBytes(piece.length);
    yield piece;
  }
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
