// Analysed text: what Elasticsearch's analysers make of a value, for the few fields that rules search as text.

const words = new Intl.Segmenter('en', { granularity: 'word' });

/** The standard analyser: words by Unicode's rules (UAX #29), lower-cased. */
export function standardTokens(text: string): string[] {
  const out: string[] = [];
  for (const { segment, isWordLike } of words.segment(text)) if (isWordLike) out.push(segment.toLowerCase());
  return out;
}

/** The pattern analyser of `powershell.file.script_block_text`: split at all but ASCII letters, digits, `_`, `-`. */
export function patternTokens(text: string): string[] {
  return text.split(/[^A-Za-z0-9_-]+/).flatMap((t) => (t === '' ? [] : [t.toLowerCase()]));
}

/** Whether `phrase` stands in `tokens`, consecutive and in order. No tokens: no match. */
export function hasPhrase(tokens: readonly string[], phrase: readonly string[]): boolean {
  if (phrase.length === 0) return false;
  for (let i = 0; i + phrase.length <= tokens.length; i += 1) {
    let n = 0;
    while (n < phrase.length && tokens[i + n] === phrase[n]) n += 1;
    if (n === phrase.length) return true;
  }
  return false;
}
