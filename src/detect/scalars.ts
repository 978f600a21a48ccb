// One msgpack scalar in place, as the rules see it: its JSON kind and JSON text. Containers, nil and ext are no value.
import type { ScalarKind } from '../kql/predicate.js';
import { decode } from '../msgpack/decode.js';
import { headerSize, kindOf, lengthAt, skip } from '../msgpack/scan.js';

/** By first byte. */
const kinds: readonly (ScalarKind | null)[] = Array.from({ length: 256 }, (_, b) => {
  if (b <= 0x7f || b >= 0xe0 || (b >= 0xca && b <= 0xd3)) return 'number';
  if (b === 0xc2 || b === 0xc3) return 'boolean';
  if ((b >= 0xa0 && b <= 0xbf) || (b >= 0xc4 && b <= 0xc6) || (b >= 0xd9 && b <= 0xdb)) return 'string';
  return null;
});
const small: readonly string[] = Array.from({ length: 128 }, (_, n) => String(n));

/** The kind of the scalar at `pos`; null: no value. */
export function scalarKind(buf: Buffer, pos: number): ScalarKind | null {
  return kinds[buf[pos]!]!;
}

/** The text of the scalar at `pos`: a string's content (bin and invalid UTF-8 as UTF-8 with U+FFFD), a number's JSON text. */
export function scalarText(buf: Buffer, pos: number): string {
  const b = buf[pos]!;
  if (b <= 0x7f) return small[b]!;
  if (b === 0xc2) return 'false';
  if (b === 0xc3) return 'true';
  const head = headerSize(b);
  if (head > 0) {
    const start = pos + head;
    return buf.toString('utf8', start, start + lengthAt(buf, pos));
  }
  return String(decode(buf, { pos }));
}

/** Whether the map or list at `pos` (whole, of bounded depth) has a scalar anywhere in it. What lies under keys that are no text is none. */
export function holdsScalar(buf: Buffer, pos: number): boolean {
  const kind = kindOf(buf[pos]!);
  if (kind !== 'map' && kind !== 'array') return false;
  let at = pos + headerSize(buf[pos]!);
  for (let left = lengthAt(buf, pos); left > 0; left -= 1) {
    let counts = true;
    if (kind === 'map') {
      counts = scalarKind(buf, at) === 'string';
      at = skip(buf, at, buf.length);
    }
    if (counts && (scalarKind(buf, at) !== null || holdsScalar(buf, at))) return true;
    at = skip(buf, at, buf.length);
  }
  return false;
}
