// Compressed payloads: gzip of any number of members (Fluentd's buffers append one a write), bounded as a whole.
import { constants } from 'node:buffer';
import * as zlib from 'node:zlib';
import { Rejection } from './rejection.js';

/** Node has zstd from 22.15 on; before that such a payload is passed on unread. */
const zstd = (zlib as { zstdDecompressSync?: (bytes: Buffer, options: object) => Buffer }).zstdDecompressSync;

type Info = { readonly buffer: Buffer; readonly engine: zlib.Gunzip };

/**
 * The inflated payload; null: zstd, which this Node cannot read.
 * @param limit bytes that it may inflate to.
 * @throws Rejection `inflate_failed`, `inflated_too_large`
 */
export function inflate(bytes: Buffer, compressed: 'gzip' | 'zstd', limit: number): Buffer | null {
  if (compressed === 'zstd' && !zstd) return null;
  try {
    const options = { maxOutputLength: Math.min(limit, constants.MAX_LENGTH) };
    if (compressed === 'zstd') return zstd!(bytes, options);
    // `info` is documented for every zlib convenience method, and missing in their types.
    const { buffer, engine } = zlib.gunzipSync(bytes, {
      ...options,
      chunkSize: Math.max(16 * 1024, Math.min(sizeOfLastMember(bytes), limit) + 1024),
      info: true,
    } as object) as unknown as Info;
    // Node takes zeros after the last member for padding; Fluentd would break on them, again and again.
    if (engine.bytesWritten < bytes.length) throw new Error('there are bytes after its end');
    return buffer;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      throw new Rejection(
        'inflated_too_large',
        `a payload inflates to over ${limit} bytes; raise decompression_size_limit if it is meant to`,
      );
    }
    throw new Rejection('inflate_failed', `a ${compressed} payload cannot be read: ${message}`);
  }
}

/**
 * RFC 1952, ISIZE. With one piece of that size for all, nothing is put together afterwards, which takes the memory
 * twice; where it is wrong, that costs address space that is never touched.
 */
function sizeOfLastMember(bytes: Buffer): number {
  return bytes.length >= 18 ? bytes.readUInt32LE(bytes.length - 4) : 0;
}
