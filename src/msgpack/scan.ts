// A scanner over msgpack bytes: headers, skips and slices, in place. It never decodes what it does not have to,
// never throws on foreign input (it returns a negative code), and knows nothing of Forward.
// Layouts: msgpack spec, "Formats". https://github.com/msgpack/msgpack/blob/master/spec.md

/** `skip` ran past the end: the value is not all there yet. */
export const TRUNCATED = -1;
/** 0xc1, which the spec never uses. */
export const INVALID = -2;
/** Nested deeper than the caller allows. */
export const TOO_DEEP = -3;

/** Deepest nesting that `skip` follows unless told otherwise. */
const DEFAULT_MAX_DEPTH = 512;

const remaining = new Float64Array(4097);

/**
 * Offset just past the value that starts at `pos`, or TRUNCATED, INVALID, TOO_DEEP.
 * Iterative; memory does not grow with depth. `maxDepth` counts containers inside containers, at most 4096.
 */
export function skip(buf: Uint8Array, pos: number, end: number, maxDepth = DEFAULT_MAX_DEPTH): number {
  let depth = 0;
  let left = 1;
  for (;;) {
    while (left === 0) {
      if (depth === 0) return pos;
      depth -= 1;
      left = remaining[depth]!;
    }
    left -= 1;
    if (pos >= end) return TRUNCATED;
    const b = buf[pos]!;
    let children = 0;
    if (b <= 0x7f || b >= 0xe0) {
      pos += 1;
      continue;
    }
    if (b >= 0xa0 && b <= 0xbf) {
      pos += 1 + (b & 0x1f);
      if (pos > end) return TRUNCATED;
      continue;
    }
    if (b <= 0x8f) {
      pos += 1;
      children = (b & 0x0f) * 2;
    } else if (b <= 0x9f) {
      pos += 1;
      children = b & 0x0f;
    } else {
      const size = fixedSize(b);
      if (size > 0) {
        pos += size;
        if (pos > end) return TRUNCATED;
        continue;
      }
      switch (b) {
        case 0xc4:
        case 0xd9:
          if (pos + 2 > end) return TRUNCATED;
          pos += 2 + buf[pos + 1]!;
          break;
        case 0xc5:
        case 0xda:
          if (pos + 3 > end) return TRUNCATED;
          pos += 3 + u16(buf, pos + 1);
          break;
        case 0xc6:
        case 0xdb:
          if (pos + 5 > end) return TRUNCATED;
          pos += 5 + u32(buf, pos + 1);
          break;
        case 0xc7:
          if (pos + 2 > end) return TRUNCATED;
          pos += 3 + buf[pos + 1]!;
          break;
        case 0xc8:
          if (pos + 3 > end) return TRUNCATED;
          pos += 4 + u16(buf, pos + 1);
          break;
        case 0xc9:
          if (pos + 5 > end) return TRUNCATED;
          pos += 6 + u32(buf, pos + 1);
          break;
        case 0xdc:
          if (pos + 3 > end) return TRUNCATED;
          children = u16(buf, pos + 1);
          pos += 3;
          break;
        case 0xdd:
          if (pos + 5 > end) return TRUNCATED;
          children = u32(buf, pos + 1);
          pos += 5;
          break;
        case 0xde:
          if (pos + 3 > end) return TRUNCATED;
          children = u16(buf, pos + 1) * 2;
          pos += 3;
          break;
        case 0xdf:
          if (pos + 5 > end) return TRUNCATED;
          children = u32(buf, pos + 1) * 2;
          pos += 5;
          break;
        default:
          return INVALID;
      }
      if (pos > end) return TRUNCATED;
    }
    if (children > 0) {
      if (depth >= maxDepth || depth >= 4096) return TOO_DEEP;
      remaining[depth] = left;
      depth += 1;
      left = children;
    }
  }
}

/** Bytes of a value whose length its first byte alone decides (nil, booleans, numbers, fixext); 0: not such a one. */
function fixedSize(b: number): number {
  switch (b) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
      return 1;
    case 0xcc:
    case 0xd0:
      return 2;
    case 0xcd:
    case 0xd1:
    case 0xd4:
      return 3;
    case 0xd5:
      return 4;
    case 0xca:
    case 0xce:
    case 0xd2:
      return 5;
    case 0xd6:
      return 6;
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return 9;
    case 0xd7:
      return 10;
    case 0xd8:
      return 18;
    default:
      return 0;
  }
}

export function u16(buf: Uint8Array, pos: number): number {
  return (buf[pos]! << 8) | buf[pos + 1]!;
}

export function u32(buf: Uint8Array, pos: number): number {
  return ((buf[pos]! << 24) | (buf[pos + 1]! << 16) | (buf[pos + 2]! << 8) | buf[pos + 3]!) >>> 0;
}

/** The kinds of value, by first byte. */
export type MsgpackKind =
  | 'nil'
  | 'boolean'
  | 'integer'
  | 'float'
  | 'str'
  | 'bin'
  | 'array'
  | 'map'
  | 'ext'
  | 'invalid';

export function kindOf(b: number): MsgpackKind {
  if (b <= 0x7f || b >= 0xe0) return 'integer';
  if (b <= 0x8f) return 'map';
  if (b <= 0x9f) return 'array';
  if (b <= 0xbf) return 'str';
  switch (b) {
    case 0xc0:
      return 'nil';
    case 0xc1:
      return 'invalid';
    case 0xc2:
    case 0xc3:
      return 'boolean';
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return 'bin';
    case 0xca:
    case 0xcb:
      return 'float';
    case 0xd9:
    case 0xda:
    case 0xdb:
      return 'str';
    case 0xdc:
    case 0xdd:
      return 'array';
    case 0xde:
    case 0xdf:
      return 'map';
    case 0xc7:
    case 0xc8:
    case 0xc9:
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return 'ext';
    default:
      return 'integer';
  }
}

/** Bytes of the header of a str, bin, array or map that starts with `b`; 0 for any other kind. */
export function headerSize(b: number): number {
  if (b >= 0x80 && b <= 0xbf) return 1;
  switch (b) {
    case 0xc4:
    case 0xd9:
      return 2;
    case 0xc5:
    case 0xda:
    case 0xdc:
    case 0xde:
      return 3;
    case 0xc6:
    case 0xdb:
    case 0xdd:
    case 0xdf:
      return 5;
    default:
      return 0;
  }
}

/** Content length in bytes of the str or bin at `pos`, or element (pair) count of the array (map) there; -1 for any other kind. */
export function lengthAt(buf: Uint8Array, pos: number): number {
  const b = buf[pos]!;
  if (b >= 0xa0 && b <= 0xbf) return b & 0x1f;
  if (b >= 0x80 && b <= 0x9f) return b & 0x0f;
  switch (b) {
    case 0xc4:
    case 0xd9:
      return buf[pos + 1]!;
    case 0xc5:
    case 0xda:
    case 0xdc:
    case 0xde:
      return u16(buf, pos + 1);
    case 0xc6:
    case 0xdb:
    case 0xdd:
    case 0xdf:
      return u32(buf, pos + 1);
    default:
      return -1;
  }
}

/** Whether the whole value in `[pos, end)` is a str or bin that says `text`, which is ASCII. */
export function isTextAt(buf: Uint8Array, pos: number, end: number, text: string): boolean {
  const b = buf[pos]!;
  const head = headerSize(b);
  if (end - pos !== head + text.length || head === 0) return false;
  const kind = kindOf(b);
  if (kind !== 'str' && kind !== 'bin') return false;
  for (let i = 0; i < text.length; i += 1) if (buf[pos + head + i] !== text.charCodeAt(i)) return false;
  return true;
}
