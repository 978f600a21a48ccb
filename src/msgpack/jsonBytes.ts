// Places in JSON text as bytes: the offset past a value, checked to the letter of the grammar (RFC 8259) and not
// decoded. The bytes must be UTF-8. What it refuses the slow reader (`json.ts`) names.

/** Not JSON, or nested deeper than is followed here. */
export const REFUSED = -1;
/** Deepest nesting that is followed. */
export const MAX_JSON_BYTES_DEPTH = 128;

/** By byte: 1 for what ends a run of plain characters inside a string (the quote, the backslash, controls). */
const stops = new Uint8Array(256);
stops.fill(1, 0, 0x20);
stops[0x22] = 1;
stops[0x5c] = 1;

/** Past the characters of a string that stand for themselves: at the quote, a backslash, a control character or `end`. */
export function pastPlain(src: Buffer, at: number, end: number): number {
  while (at < end && stops[src[at]!] === 0) at += 1;
  return at;
}

/** Past the string that opens at `at`. */
function pastString(src: Buffer, at: number, end: number): number {
  const stop = pastPlain(src, at + 1, end);
  return stop < end && src[stop] === 0x22 ? stop + 1 : pastStringFrom(src, stop, end);
}

export function pastBlanks(src: Buffer, at: number, end: number): number {
  while (at < end) {
    const c = src[at]!;
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) break;
    at += 1;
  }
  return at;
}

/** Past the value at `at`, blanks before it allowed; REFUSED when it is none. @param depth containers around it. */
export function pastValue(src: Buffer, at: number, end: number, depth: number): number {
  if (at >= end) return REFUSED;
  let c = src[at]!;
  if (c <= 0x20) {
    at = pastBlanks(src, at, end);
    if (at >= end) return REFUSED;
    c = src[at]!;
  }
  switch (c) {
    case 0x22:
      return pastString(src, at, end);
    case 0x7b:
      return pastMap(src, at, end, depth);
    case 0x5b:
      return pastArray(src, at, end, depth);
    case 0x74:
      return pastWord(src, at, end, 0x72, 0x75, 0x65);
    case 0x6e:
      return pastWord(src, at, end, 0x75, 0x6c, 0x6c);
    case 0x66:
      return src[at + 1] === 0x61 ? pastWord(src, at + 1, end, 0x6c, 0x73, 0x65) : REFUSED;
    default:
      return pastNumber(src, at, end);
  }
}

function pastMap(src: Buffer, at: number, end: number, depth: number): number {
  if (depth > MAX_JSON_BYTES_DEPTH) return REFUSED;
  at = pastBlanks(src, at + 1, end);
  if (at < end && src[at] === 0x7d) return at + 1;
  for (;;) {
    if (at >= end || src[at] !== 0x22) return REFUSED;
    at = pastString(src, at, end);
    if (at < 0) return REFUSED;
    if (src[at] !== 0x3a) {
      at = pastBlanks(src, at, end);
      if (at >= end || src[at] !== 0x3a) return REFUSED;
    }
    at = pastValue(src, at + 1, end, depth + 1);
    if (at < 0) return REFUSED;
    if (src[at] !== 0x2c) {
      at = pastBlanks(src, at, end);
      if (at >= end) return REFUSED;
      if (src[at] === 0x7d) return at + 1;
      if (src[at] !== 0x2c) return REFUSED;
    }
    at += 1;
    if (src[at] !== 0x22) at = pastBlanks(src, at, end);
  }
}

function pastArray(src: Buffer, at: number, end: number, depth: number): number {
  if (depth > MAX_JSON_BYTES_DEPTH) return REFUSED;
  at = pastBlanks(src, at + 1, end);
  if (at < end && src[at] === 0x5d) return at + 1;
  for (;;) {
    at = pastValue(src, at, end, depth + 1);
    if (at < 0) return REFUSED;
    at = pastBlanks(src, at, end);
    if (at >= end) return REFUSED;
    if (src[at] === 0x5d) return at + 1;
    if (src[at] !== 0x2c) return REFUSED;
    at += 1;
  }
}

/** Past the string's end, from a place in it where `pastPlain` stopped. */
export function pastStringFrom(src: Buffer, at: number, end: number): number {
  for (;;) {
    if (at >= end) return REFUSED;
    const c = src[at]!;
    if (c === 0x22) return at + 1;
    if (c !== 0x5c) return REFUSED;
    const e = src[at + 1]!;
    if (at + 1 >= end) return REFUSED;
    if (e === 0x75) {
      for (let i = at + 2; i < at + 6; i += 1) if (i >= end || !isHex(src[i]!)) return REFUSED;
      at += 6;
    } else if (
      e === 0x22 ||
      e === 0x5c ||
      e === 0x2f ||
      e === 0x62 ||
      e === 0x66 ||
      e === 0x6e ||
      e === 0x72 ||
      e === 0x74
    ) {
      at += 2;
    } else return REFUSED;
    while (at < end && stops[src[at]!] === 0) at += 1;
  }
}

/** The rest of `true`, `null` or (from its `a`) `false`. */
function pastWord(src: Buffer, at: number, end: number, b: number, c: number, d: number): number {
  const whole = at + 3 < end && src[at + 1] === b && src[at + 2] === c && src[at + 3] === d;
  return whole ? at + 4 : REFUSED;
}

/** `-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?` */
function pastNumber(src: Buffer, at: number, end: number): number {
  if (src[at] === 0x2d) at += 1;
  const first = at < end ? src[at]! : 0;
  if (first < 0x30 || first > 0x39) return REFUSED;
  at = first === 0x30 ? at + 1 : pastDigits(src, at, end);
  if (at < end && src[at] === 0x2e) {
    at = pastDigits(src, at + 1, end);
    if (at < 0) return REFUSED;
  }
  if (at < end && (src[at]! | 0x20) === 0x65) {
    at += 1;
    if (at < end && (src[at] === 0x2b || src[at] === 0x2d)) at += 1;
    at = pastDigits(src, at, end);
  }
  return at;
}

/** Past one digit or more; REFUSED: there is none. */
function pastDigits(src: Buffer, at: number, end: number): number {
  const start = at;
  while (at < end && src[at]! >= 0x30 && src[at]! <= 0x39) at += 1;
  return at === start ? REFUSED : at;
}

function isHex(c: number): boolean {
  return (c >= 0x30 && c <= 0x39) || ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x66);
}
