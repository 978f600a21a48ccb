// KQL text to its syntax tree: recursive descent, one function a production, as Kibana's grammar has them.
import type { KqlNode, Literal, RangeOperator } from './ast.js';
import { KqlError, locate } from './error.js';
import { isSpace, literalAt, notAt, operatorAt, skipSpace } from './scan.js';
import type { Span } from './span.js';

export interface KqlLimits {
  /** UTF-16 units of query text. */
  readonly maxLength: number;
  /** Parentheses, braces and `not` inside one another. */
  readonly maxDepth: number;
  /** `field:value` pairs, value lists spelled out. */
  readonly maxLeaves: number;
}
/** The longest published rule has 357 leaves and 20,000 characters. */
export const defaultKqlLimits: KqlLimits = { maxLength: 262_144, maxDepth: 100, maxLeaves: 10_000 };

/** @throws KqlError with the span of what is wrong. */
export function parseKql(text: string, limits: Partial<KqlLimits> = {}): KqlNode {
  const bounds = { ...defaultKqlLimits, ...limits };
  if (text.length > bounds.maxLength) {
    const span = { start: bounds.maxLength, end: text.length };
    throw new KqlError(
      'too_long',
      span,
      `the query is over ${bounds.maxLength} characters; split the rule in two`,
    );
  }
  return new Parser(text, bounds).query();
}

const RANGE_OPERATORS: readonly RangeOperator[] = ['<=', '>=', '<', '>'];

class Parser {
  readonly #text: string;
  readonly #limits: KqlLimits;
  #at = 0;
  #depth = 0;
  #leaves = 0;
  /** Where the list of values around here was opened; -1: none. */
  #list = -1;

  constructor(text: string, limits: KqlLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  /** start = Space* OrQuery? Space* end */
  query(): KqlNode {
    this.#space();
    if (this.#at === this.#text.length) return { kind: 'all', span: { start: 0, end: 0 } };
    const node = this.#or();
    this.#space();
    if (this.#at < this.#text.length) throw this.#unexpected(['"and"', '"or"', 'end of query']);
    return node;
  }

  /** OrQuery = AndQuery (Or AndQuery)* */
  #or(): KqlNode {
    return this.#chain('or', () => this.#and());
  }

  /** AndQuery = NotQuery (And NotQuery)* */
  #and(): KqlNode {
    return this.#chain('and', () => this.#not());
  }

  #chain(word: 'and' | 'or', operand: () => KqlNode): KqlNode {
    const start = this.#at;
    const of = [operand()];
    for (;;) {
      const past = operatorAt(this.#text, this.#at, word);
      if (past === -1) break;
      this.#at = past;
      of.push(operand());
    }
    return of.length === 1 ? of[0]! : { kind: word, of, span: { start, end: this.#at } };
  }

  /** NotQuery = Not SubQuery / SubQuery */
  #not(): KqlNode {
    const start = this.#at;
    const past = notAt(this.#text, start);
    if (past === -1) return this.#sub();
    this.#at = past;
    this.#notAgain(start);
    return this.#deeper(start, () => {
      const of = this.#sub();
      return { kind: 'not', of, span: { start, end: this.#at } };
    });
  }

  #notAgain(first: number): void {
    if (notAt(this.#text, this.#at) === -1) return;
    const span = { start: this.#at, end: this.#at + 3 };
    const { line, column } = locate(this.#text, first);
    throw new KqlError('not_twice', span, `a second "not" (the first is at ${line}:${column})`, [
      '"("',
      'a field',
    ]);
  }

  /** SubQuery = '(' Space* OrQuery Space* ')' / NestedQuery */
  #sub(): KqlNode {
    if (this.#text[this.#at] !== '(') return this.#expression();
    return this.#enclosed('(', ')', () => this.#or());
  }

  #enclosed(open: '(' | '{', close: ')' | '}', inner: () => KqlNode): KqlNode {
    const start = this.#at;
    return this.#deeper(start, () => {
      this.#at += 1;
      this.#space();
      if (this.#at === this.#text.length) throw this.#neverClosed(open, start);
      const node = inner();
      this.#space();
      if (this.#text[this.#at] === close) {
        this.#at += 1;
        return node;
      }
      if (this.#at === this.#text.length) throw this.#neverClosed(open, start);
      throw this.#unexpected(['"and"', '"or"', `"${close}"`]);
    });
  }

  /**
   * NestedQuery = Field Space* ':' Space* '{' Space* OrQuery Space* '}' / Expression
   * Expression = Field Space* RangeOperator Space* Literal / Field Space* ':' Space* ListOfValues / Value
   */
  #expression(): KqlNode {
    const start = this.#at;
    const field = this.#literal(['a field', 'a value', '"("', '"not"']);
    const end = this.#at;
    this.#space();
    const operator = RANGE_OPERATORS.find((o) => this.#text.startsWith(o, this.#at));
    if (operator) {
      this.#at += operator.length;
      this.#space();
      const value = this.#literal(['a value']);
      return this.#leaf({ kind: 'range', field, operator, value, span: { start, end: value.span.end } });
    }
    if (this.#text[this.#at] !== ':') {
      // A bare value: the space after it belongs to what follows.
      this.#at = end;
      return this.#leaf({ kind: 'bare', value: field, span: field.span });
    }
    this.#at += 1;
    this.#space();
    if (this.#text[this.#at] === '{') {
      const of = this.#enclosed('{', '}', () => this.#or());
      return { kind: 'nested', field, of, span: { start, end: this.#at } };
    }
    return this.#listOfValues(field);
  }

  /** ListOfValues = '(' Space* OrListOfValues Space* ')' / Value; each value becomes a leaf of its own. */
  #listOfValues(field: Literal): KqlNode {
    if (this.#text[this.#at] === '(') {
      const outer = this.#list;
      this.#list = this.#at;
      const values = this.#enclosed('(', ')', () => this.#orValues(field));
      this.#list = outer;
      return values;
    }
    const value = this.#literal(['a value', '"("', '"{"']);
    return this.#leaf({ kind: 'is', field, value, span: { start: field.span.start, end: value.span.end } });
  }

  /** OrListOfValues = AndListOfValues (Or AndListOfValues)* */
  #orValues(field: Literal): KqlNode {
    return this.#chain('or', () => this.#chain('and', () => this.#notValues(field)));
  }

  /** NotListOfValues = Not ListOfValues / ListOfValues */
  #notValues(field: Literal): KqlNode {
    const start = this.#at;
    const past = notAt(this.#text, start);
    if (past === -1) return this.#listOfValues(field);
    this.#at = past;
    this.#notAgain(start);
    return this.#deeper(start, () => {
      const of = this.#listOfValues(field);
      return { kind: 'not', of, span: { start, end: this.#at } };
    });
  }

  #literal(expected: readonly string[]): Literal {
    const found = literalAt(this.#text, this.#at);
    if (!found) throw this.#unexpected(expected);
    this.#at = found.past;
    return found.literal;
  }

  #leaf(node: KqlNode): KqlNode {
    this.#leaves += 1;
    if (this.#leaves > this.#limits.maxLeaves) {
      throw new KqlError(
        'too_many_leaves',
        node.span,
        `the query has over ${this.#limits.maxLeaves} conditions; split the rule in two`,
      );
    }
    return node;
  }

  #deeper(start: number, inner: () => KqlNode): KqlNode {
    this.#depth += 1;
    if (this.#depth > this.#limits.maxDepth) {
      const span = { start, end: start + 1 };
      throw new KqlError(
        'too_deep',
        span,
        `nested more than ${this.#limits.maxDepth} deep; take away parentheses`,
      );
    }
    const node = inner();
    this.#depth -= 1;
    return node;
  }

  #space(): void {
    this.#at = skipSpace(this.#text, this.#at);
  }

  #neverClosed(open: '(' | '{', start: number): KqlError {
    const code = open === '(' ? 'unclosed_paren' : 'unclosed_brace';
    const close = open === '(' ? '")"' : '"}"';
    return new KqlError(code, { start, end: start + 1 }, `this "${open}" is never closed`, [close]);
  }

  /** What stands here instead of what was expected, said as helpfully as it can be. */
  #unexpected(expected: readonly string[]): KqlError {
    const text = this.#text;
    const at = skipSpace(text, this.#at);
    const c = text[at];
    const span: Span = { start: at, end: at + 1 };
    if (c === undefined) {
      const end = text.trimEnd().length;
      return new KqlError('unexpected', { start: end, end: end + 1 }, 'the query ends here', expected);
    }
    if (c === ')' || c === '}') {
      if (this.#depth === 0) return new KqlError('unopened', span, `this "${c}" closes nothing`, expected);
      return new KqlError('unexpected', span, `"${c}" does not fit here`, expected);
    }
    if (c === '\\') {
      const end = Math.min(at + 2, text.length);
      const message = `"${text.slice(at, end)}" is no escape; outside quotes a backslash is written \\\\`;
      return new KqlError('bad_escape', { start: at, end }, message);
    }
    const word = /^(and|or|not)\b/i.exec(text.slice(at, at + 4))?.[0];
    if (word) return this.#misplaced(word, at, expected);
    const before = /(?:^|[\s)}"])(and|or|not)$/i.exec(text.slice(Math.max(0, at - 4), at))?.[1];
    if (before && c === '(') {
      const wordSpan = { start: at - before.length, end: at };
      return new KqlError('unexpected', wordSpan, `"${before}" needs a space after it`);
    }
    if (c === ':' && this.#list !== -1) {
      const { line, column } = locate(text, this.#list);
      const message = `":" does not fit into the list of values that "(" opens at ${line}:${column}`;
      return new KqlError('unexpected', span, message, expected);
    }
    if (c === '"') return new KqlError('unexpected', span, 'a quoted value does not fit here', expected);
    return new KqlError('unexpected', span, `"${c}" does not fit here`, expected);
  }

  /** An operator's word where no operator can be. */
  #misplaced(word: string, at: number, expected: readonly string[]): KqlError {
    const text = this.#text;
    const error = (message: string, wanted: readonly string[] = []): KqlError =>
      new KqlError('unexpected', { start: at, end: at + word.length }, message, wanted);
    const before = text[at - 1];
    if (at === this.#at && before !== undefined && /[\p{L}\p{N}]/u.test(before)) {
      return error(`"${word}" is read as an operator here; put the value in quotes`);
    }
    if (at === this.#at && (before === '"' || before === ')' || before === '}')) {
      return error(`"${word}" needs a space before it`);
    }
    const after = text[at + word.length];
    if (after === undefined) return error(`the query ends after "${word}"`, ['a condition']);
    if (!isSpace(after)) return error(`"${word}" needs a space after it`);
    return error(`"${word}" does not fit here`, expected);
  }
}
