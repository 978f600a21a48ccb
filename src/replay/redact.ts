// Chosen fields of an entry's record put out of sight before it is recorded: their values, of whatever kind, become a
// fixed text; everything else keeps its bytes. Fields are dotted paths of the record as it travels (`user.name`,
// `properties.userPrincipalName`); keys may be nested or dotted, arrays (an envelope's `records` too) are looked through.
import { encode } from '../msgpack/encode.js';
import { headerSize, kindOf, lengthAt, skip } from '../msgpack/scan.js';

const redacted = encode('[redacted]');

/** The value at `pos` without what the paths lead to, in slices; null: they lead nowhere in it. */
export function redactedValue(
  buf: Buffer,
  pos: number,
  end: number,
  paths: readonly string[],
): readonly Buffer[] | null {
  const kind = kindOf(buf[pos]!);
  if (kind !== 'map' && kind !== 'array') return null;
  const slices: Buffer[] = [];
  let copied = pos;
  const put = (from: number, to: number, parts: readonly Buffer[]): void => {
    slices.push(buf.subarray(copied, from), ...parts);
    copied = to;
  };
  let at = pos + headerSize(buf[pos]!);
  for (let left = lengthAt(buf, pos); left > 0; left -= 1) {
    let rests = paths;
    if (kind === 'map') {
      const key = keyAt(buf, at);
      at = skip(buf, at, end);
      rests = key === null ? [] : restsOf(paths, key);
    }
    const next = skip(buf, at, end);
    if (rests.includes('')) put(at, next, [redacted]);
    else if (rests.length > 0) {
      const inner = redactedValue(buf, at, next, rests);
      if (inner !== null) put(at, next, inner);
    }
    at = next;
  }
  return slices.length === 0 ? null : [...slices, buf.subarray(copied, at)];
}

function keyAt(buf: Buffer, at: number): string | null {
  const kind = kindOf(buf[at]!);
  if (kind !== 'str' && kind !== 'bin') return null;
  const start = at + headerSize(buf[at]!);
  return buf.toString('utf8', start, start + lengthAt(buf, at));
}

/** What of the paths is left below `key`; '' for one that ends with it or above what the key spells. */
function restsOf(paths: readonly string[], key: string): string[] {
  return paths.flatMap((path) => {
    if (path === key || key.startsWith(`${path}.`)) return [''];
    return path.startsWith(`${key}.`) ? [path.slice(key.length + 1)] : [];
  });
}
