// The test of one value that a leaf of a query stands for, by the class of its field. Rules S1 to S18 of the
// stream semantics: keyword equality unless a type says otherwise, and nothing lost in doubles.
import { hasPhrase, patternTokens, standardTokens } from './analysis.js';
import type { Literal, RangeOperator } from './ast.js';
import { eventDate, isQueryDate, queryDate } from './dates.js';
import { addressKey, networkTest } from './ip.js';
import { compareNumbers, isNumeric, isPlainDecimal, truncated } from './numbers.js';
import type { LeafTest, ScalarKind } from './predicate.js';
import type { ResolvedField } from './types.js';
import { matchesPieces } from './wildcard.js';

export type Clock = () => number;

export const existsTest: LeafTest = { op: 'exists', exact: null, matches: () => true };

/** `field:value`, the value not being a lone `*`. */
export function isTest(field: ResolvedField, value: Literal, now: Clock): LeafTest {
  if (field.class === 'text') return textTest(value, standardTokens);
  if (field.class === 'pattern_text') return textTest(value, patternTokens);
  if (value.wildcard) return wildcardTest(field, value.wildcard);
  const { text } = value;
  if (field.caseless) {
    const wanted = text.toLowerCase();
    return { op: 'caseless', exact: null, matches: (t) => t.toLowerCase() === wanted };
  }
  switch (field.class) {
    case 'long':
    case 'double':
      return numberTest(text, field.class === 'long');
    case 'boolean':
      return { op: 'equals', exact: null, matches: (t) => (t === '' ? 'false' : t) === text };
    case 'date':
      return dateTest(text, now);
    case 'ip':
    case 'keyword':
    case 'wildcard':
      return addressTest(text) ?? keywordTest(text);
  }
}

/** Whole value, case-sensitive; a number also when the literal is a plain decimal of the same value. */
function keywordTest(text: string): LeafTest {
  const decimal = isPlainDecimal(text);
  const matches = (t: string, kind: ScalarKind): boolean =>
    t === text || (decimal && kind === 'number' && compareNumbers(t, text) === 0);
  return { op: 'equals', exact: text, matches };
}

/** For a literal that is an address or a network; null: it is neither. */
function addressTest(text: string): LeafTest | null {
  const inNetwork = networkTest(text);
  if (inNetwork) return { op: 'ip', exact: null, matches: (t) => t === text || inNetwork(t) };
  const key = addressKey(text);
  if (key === null) return null;
  return { op: 'ip', exact: null, matches: (t) => t === text || addressKey(t) === key };
}

function numberTest(text: string, integer: boolean): LeafTest {
  const matches = (t: string): boolean => {
    const value = integer ? truncated(t) : t;
    return value !== null && compareNumbers(value, text) === 0;
  };
  return { op: 'equals', exact: null, matches };
}

function dateTest(text: string, now: Clock): LeafTest {
  const matches = (t: string): boolean => {
    const wanted = /^\d{5,16}$/.test(text)
      ? { from: Number(text), to: Number(text) }
      : queryDate(text, now());
    const value = eventDate(t, true);
    return wanted !== null && value !== null && value >= wanted.from && value <= wanted.to;
  };
  return { op: 'equals', exact: null, matches };
}

function wildcardTest(field: ResolvedField, pieces: readonly string[]): LeafTest {
  if (field.caseless) {
    const lower = pieces.map((p) => p.toLowerCase());
    return { op: 'wildcard', exact: null, matches: (t) => matchesPieces(lower, t.toLowerCase()) };
  }
  // Kibana hands a pattern on a field that is not keyword to query_string, which splits it at whitespace.
  const patterns = field.class === 'wildcard' ? splitPattern(pieces) : [pieces];
  if (patterns.length === 1) {
    const [pattern] = patterns;
    return { op: 'wildcard', exact: null, matches: (t) => matchesPieces(pattern!, t) };
  }
  return { op: 'wildcard', exact: null, matches: (t) => patterns.some((p) => matchesPieces(p, t)) };
}

/** `*foo bar*` is `*foo` or `bar*`. */
function splitPattern(pieces: readonly string[]): (readonly string[])[] {
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

/** Quoted: consecutive tokens. Unquoted: any of them. A wildcard tests single tokens, lower-cased. */
function textTest(value: Literal, tokensOf: (text: string) => string[]): LeafTest {
  if (value.wildcard) {
    const patterns = splitPattern(value.wildcard.map((p) => p.toLowerCase()));
    const matches = (t: string): boolean =>
      tokensOf(t).some((token) => patterns.some((pattern) => matchesPieces(pattern, token)));
    return { op: 'text', exact: null, matches };
  }
  const wanted = tokensOf(value.text);
  if (value.quoted) return { op: 'text', exact: null, matches: (t) => hasPhrase(tokensOf(t), wanted) };
  const any = new Set(wanted);
  return { op: 'text', exact: null, matches: (t) => tokensOf(t).some((token) => any.has(token)) };
}

/** `field < value` and its kin: numbers, addresses, dates, else plain text, whichever both sides are. */
export function rangeTest(
  field: ResolvedField,
  operator: RangeOperator,
  value: Literal,
  now: Clock,
): LeafTest {
  const { text } = value;
  const holds = (order: number | null): boolean => {
    if (order === null) return false;
    if (operator === '<') return order < 0;
    if (operator === '<=') return order <= 0;
    return operator === '>' ? order > 0 : order >= 0;
  };
  const leaf = (compare: (t: string) => number | null): LeafTest => {
    return { op: 'range', exact: null, matches: (t) => holds(compare(t)) };
  };
  const numbers = (t: string): number | null => compareNumbers(t, text);
  const key = addressKey(text);
  const addresses = (t: string): number | null => {
    const other = addressKey(t);
    return key === null || other === null ? null : compareText(other, key);
  };
  const plain = (t: string): number => compareText(t, text);
  switch (field.class) {
    case 'long':
    case 'double':
      return leaf(numbers);
    case 'ip':
      return leaf(addresses);
    case 'date':
      return leaf((t) => compareDates(t, text, operator, now, true));
  }
  if (field.declared) return leaf(plain);
  if (isNumeric(text)) return leaf(numbers);
  if (key !== null) return leaf(addresses);
  if (isQueryDate(text)) return leaf((t) => compareDates(t, text, operator, now, false));
  return leaf((t) => (isNumeric(t) || addressKey(t) !== null ? null : plain(t)));
}

/** Rounding: up for `>` and `<=`, down for `<` and `>=`, as Elasticsearch's range query does. */
function compareDates(
  t: string,
  text: string,
  operator: RangeOperator,
  now: Clock,
  epoch: boolean,
): number | null {
  const wanted =
    epoch && /^\d{5,16}$/.test(text) ? { from: Number(text), to: Number(text) } : queryDate(text, now());
  const value = eventDate(t, epoch);
  if (wanted === null || value === null) return null;
  return value - (operator === '>' || operator === '<=' ? wanted.to : wanted.from);
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
