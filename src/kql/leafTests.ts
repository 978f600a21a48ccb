// The test of one value that a leaf of a query stands for, by the class of its field. Rules S1 to S18 of the
// stream semantics: keyword equality unless a type says otherwise, and nothing lost in doubles. No test ever throws.
import type { Literal, RangeOperator } from './ast.js';
import { eventDate, isQueryDate, queryDate } from './dates.js';
import { addressKey, networkTest } from './ip.js';
import { compareNumbers, isNumeric, isPlainDecimal, truncated } from './numbers.js';
import type { LeafTest } from './predicate.js';
import { patternTest, standardTest, wildcardTest } from './textTests.js';
import type { ResolvedField } from './types.js';

/** Epoch ms. */
export type Clock = () => number;

/** What a test needs to know of its field. */
export type TestedField = Pick<ResolvedField, 'class' | 'caseless' | 'declared'>;

export const existsTest: LeafTest = { op: 'exists', exact: null, matches: () => true };
const neverTest: LeafTest = { op: 'equals', exact: null, matches: () => false };

/** `field:value`, the value not being a lone `*`. */
export function isTest(field: TestedField, value: Literal, now: Clock): LeafTest {
  if (field.class === 'text') return standardTest(value);
  if (field.class === 'pattern_text') return patternTest(value);
  if (value.wildcard) return wildcardTest(value.wildcard, field.caseless, field.class === 'wildcard');
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
      return booleanTest(text);
    case 'date':
      return dateTest(text, now);
    case 'ip':
      return addressTest(text) ?? neverTest;
    case 'keyword':
    case 'wildcard':
      return (field.declared ? null : addressTest(text)) ?? keywordTest(text);
  }
}

/** Whole value, case-sensitive; a number also when the literal is a plain decimal of the same value. */
function keywordTest(text: string): LeafTest {
  if (!isPlainDecimal(text)) return { op: 'equals', exact: text, matches: (t) => t === text };
  return {
    op: 'equals',
    exact: text,
    matches: (t, kind) => t === text || (kind === 'number' && compareNumbers(t, text) === 0),
  };
}

/** For a literal that is an address or a network; null: it is neither. */
function addressTest(text: string): LeafTest | null {
  const inNetwork = networkTest(text);
  if (inNetwork) return { op: 'ip', exact: null, matches: (t) => t === text || inNetwork(t) };
  const key = addressKey(text);
  if (key === null) return null;
  return { op: 'ip', exact: null, matches: (t) => t === text || addressKey(t) === key };
}

/** Strings that are numbers count; an integer field keeps the integer part only. */
function numberTest(text: string, integer: boolean): LeafTest {
  const matches = (t: string): boolean => {
    const value = integer ? truncated(t) : t;
    return value !== null && compareNumbers(value, text) === 0;
  };
  return { op: 'equals', exact: null, matches };
}

/** The empty string is false, as Elasticsearch reads it. */
function booleanTest(text: string): LeafTest {
  if (text === 'true') return { op: 'equals', exact: 'true', matches: (t) => t === 'true' };
  if (text !== 'false') return neverTest;
  return { op: 'equals', exact: null, matches: (t) => t === 'false' || t === '' };
}

/** The precision written: `2026-04` is all of April. */
function dateTest(text: string, now: Clock): LeafTest {
  const matches = (t: string): boolean => {
    const wanted = queryDate(text, now());
    const value = eventDate(t);
    return wanted !== null && value !== null && value >= wanted.from && value <= wanted.to;
  };
  return { op: 'equals', exact: null, matches };
}

/** `field < value` and its kin: numbers, addresses, dates, else plain text, whichever both sides are. */
export function rangeTest(field: TestedField, operator: RangeOperator, value: Literal, now: Clock): LeafTest {
  const compare = comparison(field, operator, value.text, now);
  return { op: 'range', exact: null, matches: (t) => holds(operator, compare(t)) };
}

function holds(operator: RangeOperator, order: number | null): boolean {
  if (order === null) return false;
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

/** Order of an event's value against the literal; null: they cannot be compared, so no range holds. */
type Comparison = (t: string) => number | null;

function comparison(field: TestedField, operator: RangeOperator, text: string, now: Clock): Comparison {
  const numbers: Comparison = (t) => compareNumbers(t, text);
  const key = addressKey(text);
  const addresses: Comparison = (t) => {
    const other = addressKey(t);
    return key === null || other === null ? null : compareText(other, key);
  };
  const dates: Comparison = (t) => compareDates(t, text, operator, now);
  switch (field.class) {
    case 'long':
      return (t) => {
        const value = truncated(t);
        return value === null ? null : compareNumbers(value, text);
      };
    case 'double':
      return numbers;
    case 'ip':
      return addresses;
    case 'date':
      return dates;
    case 'keyword':
    case 'wildcard':
    case 'text':
    case 'pattern_text':
    case 'boolean':
      break;
  }
  if (field.caseless) return (t) => compareText(t.toLowerCase(), text.toLowerCase());
  if (field.declared) return (t) => compareText(t, text);
  if (isNumeric(text)) return (t) => (isNumeric(t) ? numbers(t) : /^\d{5,16}$/.test(text) ? dates(t) : null);
  if (key !== null) return addresses;
  if (isQueryDate(text)) return dates;
  return (t) => (isPlainText(t) ? compareText(t, text) : null);
}

function isPlainText(t: string): boolean {
  return !isNumeric(t) && addressKey(t) === null && eventDate(t) === null;
}

/** Rounding: up for `>` and `<=`, down for `<` and `>=`, as Elasticsearch's range query does. */
function compareDates(t: string, text: string, operator: RangeOperator, now: Clock): number | null {
  const wanted = queryDate(text, now());
  const value = eventDate(t);
  if (wanted === null || value === null) return null;
  return value - (operator === '>' || operator === '<=' ? wanted.to : wanted.from);
}

/** Order of UTF-16 code units; the same as Elasticsearch's byte order up to U+D7FF. */
function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
