// Places inside JSON text that is known to be valid: where a value ends, which pairs a map has. For reading and
// editing JSON as text, so that numbers, escapes and key order stay what they were. It checks nothing.

/** The offset of the next character that is no blank. */
export function pastBlanks(text: string, at: number): number {
  for (let i = at; ; i += 1) {
    const c = text.charCodeAt(i);
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return i;
  }
}

/** The offset past the string that opens at `at`. */
function pastString(text: string, at: number): number {
  for (let i = at + 1; ; i += 1) {
    const c = text.charCodeAt(i);
    if (c === 0x5c) i += 1;
    else if (c === 0x22 || Number.isNaN(c)) return i + 1;
  }
}

/** The offset past the value that starts at `at`. */
export function pastValue(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === 0x22) return pastString(text, at);
  if (first === 0x7b || first === 0x5b) {
    let depth = 0;
    for (let i = at; i < text.length; i += 1) {
      const c = text.charCodeAt(i);
      if (c === 0x22) i = pastString(text, i) - 1;
      else if (c === 0x7b || c === 0x5b) depth += 1;
      else if (c === 0x7d || c === 0x5d) {
        depth -= 1;
        if (depth === 0) return i + 1;
      }
    }
    return text.length;
  }
  let i = at;
  while (i < text.length && !/[,\]}\s]/.test(text[i]!)) i += 1;
  return i;
}

/** One pair of a map: its key's text, and offsets. */
export interface JsonPair {
  readonly key: string;
  readonly keyStart: number;
  readonly start: number;
  readonly end: number;
}

/** The pairs of the map that opens at `open`, and the offset of its closing brace. */
export function pairsAt(
  text: string,
  open: number,
): { readonly pairs: readonly JsonPair[]; readonly close: number } {
  const pairs: JsonPair[] = [];
  let at = pastBlanks(text, open + 1);
  while (text[at] !== '}') {
    const keyStart = at;
    const keyEnd = pastString(text, at);
    const key = JSON.parse(text.slice(keyStart, keyEnd)) as string;
    // Past the colon.
    const start = pastBlanks(text, pastBlanks(text, keyEnd) + 1);
    const end = pastValue(text, start);
    pairs.push({ key, keyStart, start, end });
    at = pastBlanks(text, end);
    if (text[at] === ',') at = pastBlanks(text, at + 1);
  }
  return { pairs, close: at };
}

/** The text without the blanks between its tokens: one line, numbers and escapes as they were. */
export function compacted(text: string): string {
  let out = '';
  let from = 0;
  for (let i = 0; i < text.length; ) {
    const c = text.charCodeAt(i);
    if (c === 0x22) i = pastString(text, i);
    else if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) {
      out += text.slice(from, i);
      i = pastBlanks(text, i);
      from = i;
    } else i += 1;
  }
  return from === 0 ? text : out + text.slice(from);
}

/** The map in `text` without the pairs of these keys at its top. */
export function withoutKeys(text: string, keys: readonly string[]): string {
  const { pairs } = pairsAt(text, pastBlanks(text, 0));
  const kept = pairs.filter((p) => !keys.includes(p.key)).map((p) => text.slice(p.keyStart, p.end));
  return `{${kept.join(',')}}`;
}
