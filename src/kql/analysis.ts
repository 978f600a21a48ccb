// Analysed text: what Elasticsearch's analysers make of a value, for the few fields that rules search as text.
// It knows two analysers and no language: no stop words, no stemming.

/** The tokens of a text, in order. Pure. */
export type Analyser = (text: string) => readonly string[];

const ASCII = /^[\0-\x7f]*$/;
/** UAX #29 for ASCII: `:` `.` `'` join letters, `,` `;` `.` `'` join digits, `_` joins both. */
const ASCII_WORD = /(?:[A-Za-z0-9_]|(?<=[A-Za-z])[:.'](?=[A-Za-z])|(?<=[0-9])[,;.'](?=[0-9]))+/g;

/** Swedish, because its rules are UAX #29 to the letter (`:` joins), as Lucene's are. */
const words = new Intl.Segmenter('sv', { granularity: 'word' });
const ALPHANUMERIC = /[\p{L}\p{N}]/u;
/** Lucene makes each Han ideograph and Hiragana sign a token; the segmenter knows words. */
const ONE_BY_ONE = /[\p{sc=Han}\p{sc=Hiragana}]\p{M}*/gu;

/** A step of the segmenter costs with the length of its text, so it only gets short ones. */
const MAX_SEGMENTED = 1024;

/**
 * The standard analyser: words by Unicode's rules, lower-cased. ASCII takes a shorter way (30 times as fast). Words end at
 * white space at the latest, so what stands between is looked at piece by piece: the cost is linear in the length.
 */
export function standardTokens(text: string): string[] {
  if (ASCII.test(text)) return asciiTokens(text);
  const out: string[] = [];
  for (const piece of text.match(PIECE) ?? []) {
    if (ASCII.test(piece)) out.push(...asciiTokens(piece));
    else for (const part of parts(piece)) out.push(...segmentedTokens(part));
  }
  return out;
}

/** U+202F and U+FEFF are no ends of words. */
const PIECE = /[^ \t-\r\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u205f\u3000]+/g;

/** A run without white space that is longer than any word is cut, never inside a character. */
function parts(piece: string): string[] {
  if (piece.length <= MAX_SEGMENTED) return [piece];
  const out: string[] = [];
  for (let start = 0; start < piece.length; ) {
    let end = Math.min(start + MAX_SEGMENTED, piece.length);
    if (end < piece.length && (piece.charCodeAt(end) & 0xfc00) === 0xdc00) end += 1;
    out.push(piece.slice(start, end));
    start = end;
  }
  return out;
}

function asciiTokens(text: string): string[] {
  const found = text.match(ASCII_WORD) ?? [];
  return found.filter((word) => ALPHANUMERIC.test(word)).map((word) => word.toLowerCase());
}

/** `standardTokens` for any text, the long way. */
export function segmentedTokens(text: string): string[] {
  const out: string[] = [];
  for (const { segment } of words.segment(text)) {
    if (!ALPHANUMERIC.test(segment)) continue;
    const signs = segment.match(ONE_BY_ONE);
    if (signs) out.push(...signs);
    else out.push(segment.toLowerCase());
  }
  return out;
}

/** The pattern analyser of `powershell.file.script_block_text`: split at all but ASCII letters, digits, `_`, `-`. */
export function patternTokens(text: string): string[] {
  return text.match(/[A-Za-z0-9_-]+/g)?.map((token) => token.toLowerCase()) ?? [];
}

/** A value's tokens, and which there are. */
export interface Analysed {
  readonly tokens: readonly string[];
  readonly known: ReadonlySet<string>;
}

/** Dozens of conditions ask for the tokens of one value in a row, so the last answer is kept. */
export function remembering(analyser: Analyser): (text: string) => Analysed {
  let lastText: string | null = null;
  let last: Analysed = { tokens: [], known: new Set() };
  return (text) => {
    if (text !== lastText) {
      const tokens = analyser(text);
      last = { tokens, known: new Set(tokens) };
      lastText = text;
    }
    return last;
  };
}

/** Whether `phrase` stands in the tokens, consecutive and in order. An empty phrase stands nowhere. */
export function hasPhrase({ tokens, known }: Analysed, phrase: readonly string[]): boolean {
  if (phrase.length === 0 || !phrase.every((token) => known.has(token))) return false;
  for (let i = tokens.indexOf(phrase[0]!); i !== -1; i = tokens.indexOf(phrase[0]!, i + 1)) {
    let n = 1;
    while (n < phrase.length && tokens[i + n] === phrase[n]) n += 1;
    if (n === phrase.length) return true;
  }
  return false;
}
