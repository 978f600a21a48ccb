// What is wrong with a query, and where: a code, a span, what was expected; and the caret under it.
import type { Span } from './span.js';

export type KqlErrorCode =
  | 'unexpected'
  | 'unclosed_quote'
  | 'unclosed_paren'
  | 'unclosed_brace'
  | 'unopened'
  | 'bad_escape'
  | 'not_twice'
  | 'null_value'
  | 'too_long'
  | 'too_deep'
  | 'too_many_leaves';

export class KqlError extends Error {
  readonly code: KqlErrorCode;
  readonly span: Span;
  /** What could stand there, in people's words: `a value`, `")"`, `end of query`. */
  readonly expected: readonly string[];

  constructor(code: KqlErrorCode, span: Span, message: string, expected: readonly string[] = []) {
    super(expected.length === 0 ? message : `${message}; expected ${listed(expected)}`);
    this.name = 'KqlError';
    this.code = code;
    this.span = span;
    this.expected = expected;
  }
}

/** `a, b, or c`. */
function listed(words: readonly string[]): string {
  if (words.length <= 2) return words.join(' or ');
  return `${words.slice(0, -1).join(', ')}, or ${words[words.length - 1]}`;
}

/** 1-based line and column (UTF-16 units) of an offset; `\r\n`, `\n` and a lone `\r` end a line. */
export function locate(text: string, offset: number): { readonly line: number; readonly column: number } {
  let line = 1;
  let lineStart = 0;
  for (let i = 0; i < offset && i < text.length; i += 1) {
    const c = text[i];
    if (c === '\n' || (c === '\r' && text[i + 1] !== '\n')) {
      line += 1;
      lineStart = i + 1;
    }
  }
  return { line, column: offset - lineStart + 1 };
}

/**
 * The line that `span` starts in, and carets under the span's part of it. Tabs stay tabs and wide signs (CJK, emoji)
 * count for two columns, so that the caret stands right under what it means on a terminal.
 */
export function caret(text: string, span: Span): string {
  const { column } = locate(text, span.start);
  const lineStart = span.start - (column - 1);
  const rest = text.slice(lineStart);
  const end = rest.search(/[\r\n]/);
  const line = end === -1 ? rest : rest.slice(0, end);
  const before = line.slice(0, column - 1);
  const under = line.slice(column - 1, Math.max(column, column - 1 + span.end - span.start));
  return `${line}\n${signs(before, ' ')}${signs(under, '^') || '^'}`;
}

const NO_WIDTH = /^[\p{M}\p{Cf}]$/u;
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;

/** As many columns of `sign` as the text takes; tabs stay. */
function signs(text: string, sign: string): string {
  let out = '';
  for (const c of text) {
    if (c === '\t') out += sign === ' ' ? c : sign;
    else if (WIDE.test(c)) out += sign.repeat(2);
    else if (!NO_WIDTH.test(c)) out += sign;
  }
  return out;
}
