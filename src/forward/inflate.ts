// Compressed payloads: gzip of any number of members (Fluentd's buffers append one a write), bounded as a whole.
import { constants } from 'node:buffer';
import * as zlib from 'node:zlib';
import { Rejection } from './rejection.js';

type Done = (error: Error | null, inflated: Buffer) => void;

/** Node has zstd from 22.15 on; before that such a payload is passed on unread. */
const { zstdDecompressSync: zstd, zstdDecompress: zstdApart } = zlib as {
  zstdDecompressSync?: (bytes: Buffer, options: object) => Buffer;
  zstdDecompress?: (bytes: Buffer, options: object, done: Done) => void;
};

type Info = { readonly buffer: Buffer; readonly engine: zlib.Gunzip };

/** What is inflated at once. It takes some 40 ms, in which nothing else is done. Bytes. */
export const AT_ONCE = 8 * 2 ** 20;
/** What the thread pool inflates between two returns to the event loop. Bytes. */
const PIECE = 2 ** 20;

/**
 * The inflated payload; null: zstd, which this Node cannot read.
 * @param limit bytes that it may inflate to.
 * @throws Rejection `inflate_failed`, `inflated_too_large`
 */
export function inflate(bytes: Buffer, compressed: 'gzip' | 'zstd', limit: number): Buffer | null {
  if (compressed === 'zstd' && !zstd) return null;
  try {
    if (compressed === 'zstd') return zstd!(bytes, boundOptions(limit));
    return wholeOf(zlib.gunzipSync(bytes, gzipOptions(bytes, limit, 16 * 1024)) as unknown as Info, bytes);
  } catch (error) {
    throw rejectionOf(error, compressed, limit);
  }
}

/** As `inflate`; `large`: it is over AT_ONCE, and is to be inflated apart. */
export function inflateAtOnce(
  bytes: Buffer,
  compressed: 'gzip' | 'zstd',
  limit: number,
): Buffer | null | 'large' {
  if (limit <= AT_ONCE) return inflate(bytes, compressed, limit);
  if (compressed === 'gzip' && sizeOfLastMember(bytes) > AT_ONCE) return 'large';
  try {
    return inflate(bytes, compressed, AT_ONCE);
  } catch (error) {
    if (error instanceof Rejection && error.code === 'inflated_too_large') return 'large';
    throw error;
  }
}

/** As `inflate`, in the thread pool; for what `inflateAtOnce` could not do. `bytes` must stay as they are meanwhile. */
export async function inflateApart(
  bytes: Buffer,
  compressed: 'gzip' | 'zstd',
  limit: number,
): Promise<Buffer> {
  try {
    if (compressed === 'zstd')
      return await new Promise<Buffer>((resolve, reject) => {
        zstdApart!(bytes, boundOptions(limit), (error, inflated) =>
          error ? reject(error) : resolve(inflated),
        );
      });
    const info = await new Promise<Info>((resolve, reject) => {
      zlib.gunzip(bytes, gzipOptions(bytes, limit, PIECE), (error, inflated) =>
        error ? reject(error) : resolve(inflated as unknown as Info),
      );
    });
    return wholeOf(info, bytes);
  } catch (error) {
    throw rejectionOf(error, compressed, limit);
  }
}

function boundOptions(limit: number): { maxOutputLength: number } {
  return { maxOutputLength: Math.min(limit, constants.MAX_LENGTH) };
}

/**
 * `info` is documented for every zlib convenience method, and missing in their types.
 * @param least bytes of the pieces that are put together where the size is not known.
 */
function gzipOptions(bytes: Buffer, limit: number, least: number): object {
  return {
    ...boundOptions(limit),
    chunkSize: Math.max(least, Math.min(sizeOfLastMember(bytes), limit) + 1024),
    info: true,
  };
}

/** Node takes zeros after the last member for padding; Fluentd would break on them, again and again. */
function wholeOf({ buffer, engine }: Info, bytes: Buffer): Buffer {
  if (engine.bytesWritten < bytes.length) throw new Error('there are bytes after its end');
  return buffer;
}

function rejectionOf(error: unknown, compressed: string, limit: number): Rejection {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'ERR_BUFFER_TOO_LARGE')
    return new Rejection('inflate_failed', `a ${compressed} payload cannot be read: ${message}`);
  return new Rejection(
    'inflated_too_large',
    `a payload inflates to over ${limit} bytes; raise decompression_size_limit if it is meant to`,
  );
}

/**
 * RFC 1952, ISIZE. With one piece of that size for all, nothing is put together afterwards, which takes the memory
 * twice; where it is wrong, that costs address space that is never touched.
 */
function sizeOfLastMember(bytes: Buffer): number {
  return bytes.length >= 18 ? bytes.readUInt32LE(bytes.length - 4) : 0;
}
