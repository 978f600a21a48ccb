// What an error says, and where its caret stands.
import { describe, expect, it } from 'vitest';
import { caret, KqlError, locate } from '../../../src/kql/error.js';
import { parseKql } from '../../../src/kql/parse.js';

function errorOf(query: string): KqlError {
  try {
    parseKql(query);
  } catch (error) {
    if (error instanceof KqlError) return error;
    throw error;
  }
  throw new Error(`${query} parsed`);
}

/** Code, message and the text that the span covers. */
function said(query: string): [string, string, string] {
  const { code, message, span } = errorOf(query);
  return [code, message, query.slice(span.start, span.end)];
}

describe('messages', () => {
  it('name what was opened and never closed, at its opening', () => {
    expect(said('a:(b or c')).toEqual(['unclosed_paren', 'this "(" is never closed; expected ")"', '(']);
    expect(said('p:{ a:1')).toEqual(['unclosed_brace', 'this "{" is never closed; expected "}"', '{']);
    expect(said('a:1 and b:"x')[0]).toBe('unclosed_quote');
    expect(errorOf('a:1 and b:"x').span.start).toBe(10);
    expect(errorOf('(a:1 and (b:2)').span.start).toBe(0);
  });

  it('a backslash before the last quote leaves it open', () =>
    expect(said(String.raw`f:"C:\dir\"`)[0]).toBe('unclosed_quote'));

  it('name what closes nothing', () => {
    expect(said('a:1)')).toEqual([
      'unopened',
      'this ")" closes nothing; expected "and", "or", or end of query',
      ')',
    ]);
    expect(said('a:1 }')[0]).toBe('unopened');
  });

  it('name the list that a condition stands in by mistake', () => {
    const [code, message, at] = said('a:1\nand b:(x or y\nand c:2');
    expect([code, at]).toEqual(['unexpected', ':']);
    expect(message).toContain('the list of values that "(" opens at 2:7; expected "and", "or", or ")"');
  });

  it('name the wrong closing', () => {
    const [code, message, at] = said('(a:1 }');
    expect([code, at]).toEqual(['unexpected', '}']);
    expect(message).toContain('expected "and", "or", or ")"');
  });

  it('say which space is missing', () => {
    expect(said('a:"x"or b:1')).toEqual(['unexpected', '"or" needs a space before it', 'or']);
    expect(said('(a:1)and b:1')).toEqual(['unexpected', '"and" needs a space before it', 'and']);
    expect(said('not(a:1)')).toEqual(['unexpected', '"not" needs a space after it', 'not']);
    expect(said('a:1 AND(b:2)')).toEqual(['unexpected', '"AND" needs a space after it', 'AND']);
    expect(said('a:"x" and(b:2)')).toEqual(['unexpected', '"and" needs a space after it', 'and']);
  });

  it('say that a word inside a value is an operator', () =>
    expect(said('f:cannot do')).toEqual([
      'unexpected',
      '"not" is read as an operator here; put the value in quotes',
      'not',
    ]));

  it('say what a dangling operator lacks', () => {
    expect(said('f:"1" and')).toEqual([
      'unexpected',
      'the query ends after "and"; expected a condition',
      'and',
    ]);
    expect(errorOf('f:1 and ').message).toContain('the query ends here');
    expect(errorOf('f:').expected).toEqual(['a value', '"("', '"{"']);
  });

  it('say how a backslash is written', () => {
    const [code, message, at] = said(String.raw`path:C\Windows`);
    expect([code, at]).toEqual(['bad_escape', '\\W']);
    expect(message).toContain('a backslash is written \\\\');
  });

  it('say where the first of two nots is', () => {
    const error = errorOf('a:1 and not not b:2');
    expect(error.code).toBe('not_twice');
    expect(error.span.start).toBe(12);
    expect(error.message).toContain('the first is at 1:9');
  });

  it('say that two values need an operator', () =>
    expect(said('f:"a" "b"')).toEqual([
      'unexpected',
      'a quoted value does not fit here; expected "and", "or", or end of query',
      '"',
    ]));
});

describe('places', () => {
  it('locate counts lines and columns from 1, whatever ends a line', () => {
    const text = 'ab\ncd\r\nef\rg';
    const at = (sign: string): [number, number] => {
      const { line, column } = locate(text, text.indexOf(sign));
      return [line, column];
    };
    expect(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(at)).toEqual([
      [1, 1],
      [1, 2],
      [2, 1],
      [2, 2],
      [3, 1],
      [3, 2],
      [4, 1],
    ]);
  });

  it('the caret stands under its character in a query of several lines', () => {
    const query = 'a:1\n  and b:(x or y)\n  and (c:2';
    expect(caret(query, errorOf(query).span)).toBe('  and (c:2\n      ^');
  });

  it('the same with CRLF', () => {
    const query = 'a:1\r\nand b:2)\r\nand c:3';
    expect(caret(query, errorOf(query).span)).toBe('and b:2)\n       ^');
  });

  it('tabs stay tabs under tabs', () => {
    const query = 'a:1 and\n\tb:\t)';
    expect(caret(query, errorOf(query).span)).toBe('\tb:\t)\n\t  \t^');
  });

  it('wide signs count for two columns, marks for none', () => {
    expect(caret('日本:"x" )', { start: 7, end: 8 })).toBe('日本:"x" )\n         ^');
    expect(caret('😀:)', { start: 3, end: 4 })).toBe('😀:)\n   ^');
    expect(caret('e\u0301:)', { start: 3, end: 4 })).toBe('e\u0301:)\n  ^');
  });

  it('a span of several characters gets as many carets, within its line', () => {
    expect(caret('a:1 and not', { start: 4, end: 7 })).toBe('a:1 and not\n    ^^^');
    expect(caret('ab\ncd', { start: 1, end: 5 })).toBe('ab\n ^');
  });

  it('the end of the query is right after its last character', () => {
    const query = 'a:1 and b:\n\n';
    expect(caret(query, errorOf(query).span)).toBe('a:1 and b:\n          ^');
  });
});
