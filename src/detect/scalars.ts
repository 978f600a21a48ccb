// One msgpack scalar in place, as the rules see it: its JSON kind and JSON text. Containers, nil and ext are no value.
import type { ScalarKind } from '../kql/predicate.js';
import { decode } from '../msgpack/decode.js';
import { headerSize, kindOf, lengthAt } from '../msgpack/scan.js';

/** The kind of the scalar at `pos`; null: no value. */
export function scalarKind(buf: Buffer, pos: number): ScalarKind | null {
  switch (kindOf(buf[pos]!)) {
    case 'str':
    case 'bin':
      return 'string';
    case 'integer':
    case 'float':
      return 'number';
    case 'boolean':
      return 'boolean';
    default:
      return null;
  }
}

/** The text of the scalar at `pos`: a string's content (bin and invalid UTF-8 as UTF-8 with U+FFFD), a number's JSON text. */
export function scalarText(buf: Buffer, pos: number): string {
  const b = buf[pos]!;
  const head = headerSize(b);
  if (head > 0) {
    const start = pos + head;
    return buf.toString('utf8', start, start + lengthAt(buf, pos));
  }
  return String(decode(buf, { pos }));
}
