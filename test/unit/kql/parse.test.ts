// The grammar: precedence, keywords, literals and escapes, as Kibana reads them. Titles are queries.
import { describe, expect, it } from 'vitest';
import type { KqlNode, Literal } from '../../../src/kql/ast.js';
import { KqlError } from '../../../src/kql/error.js';
import { parseKql } from '../../../src/kql/parse.js';

const word = ({ text, quoted, wildcard }: Literal): string =>
  quoted ? JSON.stringify(text) : wildcard ? `~${wildcard.join('*')}` : text;

/** The tree as a line: `(and f:a (not g:b))`. */
function shape(node: KqlNode): string {
  switch (node.kind) {
    case 'all':
      return 'all';
    case 'and':
    case 'or':
      return `(${node.kind} ${node.of.map(shape).join(' ')})`;
    case 'not':
      return `(not ${shape(node.of)})`;
    case 'is':
      return `${word(node.field)}:${word(node.value)}`;
    case 'range':
      return `${word(node.field)}${node.operator}${word(node.value)}`;
    case 'nested':
      return `${word(node.field)}{${shape(node.of)}}`;
    case 'bare':
      return `?:${word(node.value)}`;
  }
}

function value(query: string): string {
  const node = parseKql(query);
  if (node.kind !== 'is') throw new Error(`${query} is no single condition but ${shape(node)}`);
  return node.value.text;
}

function codeOf(query: string): string | null {
  try {
    parseKql(query);
    return null;
  } catch (error) {
    if (error instanceof KqlError) return error.code;
    throw error;
  }
}

describe('operators', () => {
  it.each([
    ['a:1 or b:2 and c:3', '(or a:1 (and b:2 c:3))', 'and binds tighter than or'],
    ['a:1 and b:2 or c:3', '(or (and a:1 b:2) c:3)', 'on either side'],
    ['(a:1 or b:2) and c:3', '(and (or a:1 b:2) c:3)', 'parentheses bind tightest'],
    ['not a:1 and b:2', '(and (not a:1) b:2)', 'not binds tighter than and'],
    ['not (a:1 and b:2)', '(not (and a:1 b:2))', 'not of a group'],
    ['not (not a:1)', '(not (not a:1))', 'not of not needs parentheses'],
    ['a:1 and b:2 and c:3', '(and a:1 b:2 c:3)', 'one level is flat'],
    ['a:1 AnD b:2 oR NoT c:3', '(or (and a:1 b:2) (not c:3))', 'in any case of letters'],
    ['a:1\n\tand\r\n b:2\u00a0or\u00a0c:3', '(or (and a:1 b:2) c:3)', 'space is also tab, CR, LF and NBSP'],
    ['  a:1  ', 'a:1', 'space at both ends'],
    ['a : 1', 'a:1', 'space around the colon'],
    ['((a:1))', 'a:1', 'parentheses leave no node'],
  ])('%j is %s: %s', (query, tree) => expect(shape(parseKql(query))).toBe(tree));

  it.each(['', '   ', '\n\t'])('the blank query %j is every event', (query) =>
    expect(shape(parseKql(query))).toBe('all'),
  );

  it('"not not a:1" is refused: not applies once', () => expect(codeOf('not not a:1')).toBe('not_twice'));
  it('"f:(not not a)" is refused as well', () => expect(codeOf('f:(not not a)')).toBe('not_twice'));

  it.each([
    'a:"x"or b:1',
    'not(a:1)',
    'a:1 and(b:2)',
    'f: not x',
    'f:1 and ',
    'f:cannot do',
    'f:"a" "b"',
    'f:"a" b',
    'f:',
    'f:)',
    ':x',
    'a < ',
    'a < (1 or 2)',
    'f:()',
    '()',
    'p:{}',
    'f:a]:(b',
  ])('%j is no query', (query) => expect(codeOf(query)).not.toBeNull());
});

describe('value lists', () => {
  it.each([
    ['f:(a or b)', '(or f:a f:b)'],
    ['f:(a and not b)', '(and f:a (not f:b))'],
    ['f:(a or (b and c) or "d e")', '(or f:a (and f:b f:c) f:"d e")'],
    ['f:( a )', 'f:a'],
    ['f:(not a)', '(not f:a)'],
    ['f:(1,2)', 'f:1,2'],
    ['f:(foo bar or x*)', '(or f:foo bar f:~x*)'],
    ['f:(a OR NOT b)', '(or f:a (not f:b))'],
  ])('%j is %s', (query, tree) => expect(shape(parseKql(query))).toBe(tree));
});

describe('keywords inside values', () => {
  it.each([
    ['f:foo bar', 'foo bar', 'words beside one another are one value'],
    ['f:1 and', '1 and', 'no space after it, no operator'],
    ['f:or', 'or', 'no space before it'],
    ['f:orange', 'orange', 'part of a word'],
    ['f:a android', 'a android', 'the beginning of a word'],
    ['f:not', 'not', 'not at the end'],
    ['f:a \\and b', 'a and b', 'escaped'],
    ['f:a \\OR b', 'a OR b', 'escaped, its letters kept'],
    ['f:\\not', 'ot', '\\n is a newline first, and is trimmed away'],
    ['f:x\\not y', 'x\not y', 'the same in the middle'],
  ])('%j has the value %j: %s', (query, text) => expect(value(query)).toBe(text));

  it('"and a:1" asks the field "and a"', () => expect(shape(parseKql('and a:1'))).toBe('and a:1'));
  it('"a:1 and or b:2" asks the field "or b"', () =>
    expect(shape(parseKql('a:1 and or b:2'))).toBe('(and a:1 or b:2)'));
});

describe('quoted values', () => {
  it.each([
    [String.raw`f:"a\"b"`, 'a"b'],
    [String.raw`f:"a\\b"`, 'a\\b'],
    [String.raw`f:"C:\Win"`, 'C:\\Win'],
    [String.raw`f:"C:\new"`, 'C:\new'],
    [String.raw`f:"\u0041\u00e9"`, 'Aé'],
    [String.raw`f:"\u0000"`, '\0'],
    [String.raw`f:"\u00g0"`, '\\u00g0'],
    [String.raw`f:"\t\r\n"`, '\t\r\n'],
    ['f:"a\nb"', 'a\nb'],
    ['f:" a "', ' a '],
    ['f:""', ''],
    ['f:"a and b"', 'a and b'],
    ["f:'a'", "'a'"],
  ])('%s has the value %j', (query, text) => expect(value(query)).toBe(text));

  it('holds no wildcard', () => expect(shape(parseKql('f:"a*"'))).toBe('f:"a*"'));
});

describe('unquoted values', () => {
  it.each([
    [String.raw`f:\(\)\:\<\>\"\{\}\\`, '():<>"{}\\'],
    [String.raw`f:a\*`, 'a*'],
    [String.raw`f:\u0041b`, 'Ab'],
    [String.raw`f:\ta\n`, 'a'],
    [String.raw`f:a\tb`, 'a\tb'],
    ['f:070', '070'],
    ['f:1e3', '1e3'],
    ['f:-0', '-0'],
    ['f:3.', '3.'],
    ['f:日本 語', '日本 語'],
    ['f:a=b&c|d', 'a=b&c|d'],
  ])('%s has the value %j', (query, text) => expect(value(query)).toBe(text));

  it.each([
    ['f:*', ['', '']],
    ['f:**', ['', '', '']],
    ['f:a*b', ['a', 'b']],
    [String.raw`f:*\**`, ['', '*', '']],
    ['f: * ', ['', '']],
    [String.raw`f:*\t`, ['', '']],
  ])('%s is the pattern %j', (query, pieces) => {
    const node = parseKql(query);
    expect(node.kind === 'is' && node.value.wildcard).toEqual(pieces);
  });

  it.each([String.raw`f:C\Win`, 'f:a\\', String.raw`f:\u12`])(
    '%s has a backslash that escapes nothing',
    (q) => expect(codeOf(q)).toBe('bad_escape'),
  );
});

describe('fields, ranges, nested, bare', () => {
  it.each([
    ['"a b":1', '"a b":1'],
    ['a b:1', 'a b:1'],
    ['a.*.c:1', '~a.*.c:1'],
    ['"a.*":1', '"a.*":1'],
    [String.raw`a\:b:1`, 'a:b:1'],
    ['a>=1 and b < "2" and c <=3 and d>4', '(and a>=1 b<"2" c<=3 d>4)'],
    ['p:{a:1 and q:{b:2}}', 'p{(and a:1 q{b:2})}'],
    ['p : { a:1 }', 'p{a:1}'],
    ['not p:{ not a:1 }', '(not p{(not a:1)})'],
    ['foo and "bar baz" or *', '(or (and ?:foo ?:"bar baz") ?:~*)'],
    ['(foo)', '?:foo'],
    ['*:*', '~*:~*'],
  ])('%s is %s', (query, tree) => expect(shape(parseKql(query))).toBe(tree));

  it('spans are the text of each part', () => {
    const query = 'a:1 and  not (b : "x y" )';
    const node = parseKql(query);
    const text = (n: KqlNode): string => query.slice(n.span.start, n.span.end);
    if (node.kind !== 'and') throw new Error(shape(node));
    const [first, second] = node.of;
    expect(text(node)).toBe(query);
    expect(text(first!)).toBe('a:1');
    expect(text(second!)).toBe('not (b : "x y" )');
    expect(second?.kind === 'not' && text(second.of)).toBe('b : "x y"');
  });

  it('spans leave out the space that a value is trimmed of', () => {
    const node = parseKql('f:(foo   or bar )');
    expect(node.kind === 'or' && node.of.map((n) => [n.span.start, n.span.end])).toEqual([
      [0, 6],
      [0, 15],
    ]);
  });
});
