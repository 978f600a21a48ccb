// A number that follows from a text, told of its bytes without making the text.

import { dataView } from '../msgpack/dataView.js';

/** Not told: not all of the text is ASCII. Bytes that are no UTF-8 are read as a text that has others. */
export const NO_FINGERPRINT = -1;

/** Of the bytes in `[start, end)`: 0 to 2^31 - 1, or NO_FINGERPRINT. */
export function fingerprintOf(buf: Uint8Array, start: number, end: number): number {
  const view = dataView(buf);
  let h = 0x811c9dc5 ^ (end - start);
  let seen = 0;
  let i = start;
  for (; i + 3 < end; i += 4) {
    const word = view.getInt32(i, true);
    seen |= word;
    h = Math.imul(h ^ word, 0x9e3779b1);
    h ^= h >>> 15;
  }
  for (; i < end; i += 1) {
    seen |= buf[i]!;
    h = Math.imul(h ^ buf[i]!, 0x01000193);
  }
  return (seen & 0x80808080) === 0 ? (h ^ (h >>> 13)) & 0x7fffffff : NO_FINGERPRINT;
}

/** Of a text's bytes. */
export function textFingerprint(text: string): number {
  const bytes = Buffer.from(text);
  return fingerprintOf(bytes, 0, bytes.length);
}
