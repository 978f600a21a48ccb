// Tests of analysed text and of wildcard patterns. They know tokens and pieces, not classes of fields.
import { type Analyser, hasPhrase, patternTokens, remembering, standardTokens } from './analysis.js';
import type { Literal } from './ast.js';
import type { LeafTest } from './predicate.js';
import { matchesPieces } from './wildcard.js';

/** Pieces of literal text between stars. */
type Pattern = readonly string[];

export const standardTest = textTest(standardTokens);
export const patternTest = textTest(patternTokens);

/** Quoted: consecutive tokens. Unquoted: any of them. A wildcard tests single tokens, lower-cased. */
function textTest(analyser: Analyser): (value: Literal) => LeafTest {
  const analyse = remembering(analyser);
  return (value) => {
    const leaf = (matches: (t: string) => boolean): LeafTest => ({ op: 'text', exact: null, matches });
    if (value.wildcard) {
      const parts = splitPattern(value.wildcard.map((p) => p.toLowerCase()));
      const patterns = parts.filter((p) => p.length > 1);
      const words = parts.filter((p) => p.length === 1).flatMap((p) => analyser(p[0]!));
      return leaf((t) => {
        const { tokens, known } = analyse(t);
        if (words.some((word) => known.has(word))) return true;
        return tokens.some((token) => patterns.some((pattern) => matchesPieces(pattern, token)));
      });
    }
    const wanted = analyser(value.text);
    if (value.quoted) return leaf((t) => hasPhrase(analyse(t), wanted));
    return leaf((t) => {
      const { known } = analyse(t);
      return wanted.some((token) => known.has(token));
    });
  };
}

/** @param split Elasticsearch splits the pattern at whitespace, each part a pattern of its own. */
export function wildcardTest(pieces: Pattern, caseless: boolean, split: boolean): LeafTest {
  if (caseless) {
    const lower = pieces.map((p) => p.toLowerCase());
    return { op: 'wildcard', exact: null, matches: (t) => matchesPieces(lower, t.toLowerCase()) };
  }
  const patterns = split ? splitPattern(pieces) : [pieces];
  if (patterns.length === 1) {
    const pattern = patterns[0]!;
    return { op: 'wildcard', exact: null, matches: (t) => matchesPieces(pattern, t) };
  }
  return { op: 'wildcard', exact: null, matches: (t) => patterns.some((p) => matchesPieces(p, t)) };
}

/** `*foo bar*` is `*foo` or `bar*`. */
function splitPattern(pieces: Pattern): Pattern[] {
  const patterns: string[][] = [['']];
  pieces.forEach((piece, i) => {
    if (i > 0) patterns[patterns.length - 1]!.push('');
    piece.split(/\s+/).forEach((part, n) => {
      if (n > 0) patterns.push(['']);
      const last = patterns[patterns.length - 1]!;
      last[last.length - 1] += part;
    });
  });
  return patterns.filter((p) => p.length > 1 || p[0] !== '');
}
