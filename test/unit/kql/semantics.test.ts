// The rules of KQL's meaning as Elastic's detection engine applies them, one by one, by what they make of an event; and
// what a stream without index mappings decides where Elasticsearch would ask the mapping. Titles are the rules.
import { describe, expect, it } from 'vitest';
import { Engine } from '../../../src/detect/engine.js';
import { compileKql } from '../../../src/kql/compile.js';
import { KqlError } from '../../../src/kql/error.js';
import { evaluate } from '../../../src/kql/evaluate.js';
import { createFieldTypes, type FieldClass } from '../../../src/kql/types.js';
import { type Encodable, encode } from '../../../src/msgpack/encode.js';
import { makeRule, ruleSetOf } from '../../support/makeRule.js';

const NOW = Date.UTC(2026, 10, 20, 12, 34, 56, 789);

type Row = [query: string, event: Encodable, holds: boolean];

/** By the reference evaluator and by the index over bytes. */
function holds(query: string, event: Encodable, types: Record<string, FieldClass> = {}): boolean {
  const { predicate } = compileKql(query, { fieldTypes: createFieldTypes(types), now: () => NOW });
  const engine = new Engine(ruleSetOf(makeRule({ query, predicate })), { mappings: [] });
  const bytes = encode(event);
  engine.match(bytes, 0, bytes.length, NOW);
  const found = engine.matches.some((m) => m.path === null);
  expect(evaluate(predicate, event)).toBe(found);
  return found;
}
function refused(query: string): string | null {
  try {
    compileKql(query);
    return null;
  } catch (error) {
    if (error instanceof KqlError) return error.code;
    throw error;
  }
}
const rule = (title: string, rows: readonly Row[], types: Record<string, FieldClass> = {}): void =>
  it(title, () => {
    expect(rows.map(([query, event]) => [query, event, holds(query, event, types)])).toEqual(rows);
  });

describe('the language', () => {
  rule('and binds tighter than or, not tighter than both (A1)', [
    ['a:1 or b:1 and c:1', { a: 1 }, true],
    ['(a:1 or b:1) and c:1', { a: 1 }, false],
    ['not a:1 and b:1', { b: 1 }, true],
    ['not (a:1 and b:1)', { b: 1 }, true],
  ]);
  rule(
    'operators are read in any case of letters, with space, tab, line ends and NBSP around them (A2, A4)',
    [
      ['a:1 aNd b:1', { a: 1, b: 1 }, true],
      ['a:1\r\n\tOR\u00a0b:1', { b: 1 }, true],
      ['\u00a0NOT\u00a0a\u00a0:\u00a01\u00a0', { a: 2 }, true],
    ],
  );
  it.each(['a:"x"or b:1', 'not(a:1)', 'a:1 and(b:2)', 'not not a:1', 'a: not x', 'f:1 and ', 'f:cannot do'])(
    '%s is refused: operators need their space, not applies once, negated values need a list (A3, A5, A6, A12)',
    (query) => expect(refused(query)).not.toBeNull(),
  );
  rule('a value list is a condition for each value (A8)', [
    ['f:(a and b)', { f: ['a', 'b'] }, true],
    ['f:(a and b)', { f: 'a' }, false],
    ['f:(a or (b and not c))', { f: ['b', 'c'] }, false],
    ['f:(not a)', {}, true],
  ]);
  rule('there are no comma lists, intervals, && or regular expressions: they are text (A9)', [
    ['f:(1,2)', { f: '1,2' }, true],
    ['f:(1,2)', { f: 1 }, false],
    ['f:a && b', { f: 'a && b' }, true],
    ['f:/a.*/', { f: 'ab' }, false],
    ['f:a~1', { f: 'a~1' }, true],
  ]);
  rule('words side by side are one value (A10)', [
    ['f:foo bar', { f: 'foo bar' }, true],
    ['f:foo bar', { f: 'foo' }, false],
  ]);
  rule('field names may be quoted, spaced and escaped, and are case-sensitive (A11)', [
    ['"a b":1', { 'a b': 1 }, true],
    ['a b:1', { 'a b': 1 }, true],
    ['a\\:b:1', { 'a:b': 1 }, true],
    ['"a*":1', { ab: 1 }, false],
    ['"a*":1', { 'a*': 1 }, true],
    ['A:1', { a: 1 }, false],
  ]);
  rule('a keyword at the end or the start of a value is part of it (A12)', [
    ['f:1 and', { f: '1 and' }, true],
    ['f:or', { f: 'or' }, true],
    ['and a:1', { 'and a': 1 }, true],
  ]);
  rule(
    'in quotes only \\" \\\\ \\t \\r \\n and \\uXXXX are escapes, nothing is a wildcard, line ends may stand (A13, S18)',
    [
      [String.raw`f:"C:\Win"`, { f: 'C:\\Win' }, true],
      [String.raw`f:"C:\new"`, { f: 'C:\new' }, true],
      [String.raw`f:"\"\\\t"`, { f: '"\\\t' }, true],
      [String.raw`f:"\u0041\u00"`, { f: 'A\\u00' }, true],
      ['f:"a\nb"', { f: 'a\nb' }, true],
      ['f:"a*"', { f: 'ab' }, false],
      ["f:'a'", { f: "'a'" }, true],
    ],
  );
  rule('outside quotes \\and and \\or are escaped, \\not is a newline and "ot" and so "ot" (A14, A15, A16)', [
    [String.raw`f:a \and b`, { f: 'a and b' }, true],
    [String.raw`f:\not x`, { f: 'ot x' }, true],
    [String.raw`f:\(a\:b\)\{\}\<\>\"\*\\`, { f: '(a:b){}<>"*\\' }, true],
    [String.raw`f:\t a \n`, { f: 'a' }, true],
    ['f:" a "', { f: 'a' }, false],
  ]);
  it.each([String.raw`f:C\Windows`, String.raw`f:\u12`, 'f:a\\'])(
    '%s is refused: no such escape (A14)',
    (query) => expect(refused(query)).toBe('bad_escape'),
  );
  rule('digits are text: nothing is normalised (A17, S2)', [
    ['f:070', { f: '070' }, true],
    ['f:070', { f: '70' }, false],
    ['f:1e3', { f: 1000 }, false],
    ['f:3.', { f: '3.' }, true],
    ['f:-0', { f: '-0' }, true],
  ]);
  rule('only * unescaped and outside quotes is a wildcard, ? never is (A18)', [
    [String.raw`f:*\**`, { f: 'a*b' }, true],
    [String.raw`f:*\**`, { f: 'ab' }, false],
    ['f:a?c', { f: 'abc' }, false],
    ['f:a?c', { f: 'a?c' }, true],
    ['f:a?c*', { f: 'abcd' }, false],
  ]);
  rule('field:* asks for existence, ** for any text, * and *:* and nothing for every event (A7, A19, A20)', [
    ['f: *', { f: '' }, true],
    ['f:*', { f: null }, false],
    ['f:**', { f: 'x' }, true],
    ['f:**', {}, false],
    ['*', {}, true],
    ['*:*', {}, true],
    ['', {}, true],
    ['f:*x', { f: 'yx' }, true],
  ]);
});

describe('what a condition becomes', () => {
  rule('equality is of the whole value, case-sensitive, without trimming or folding (A22, S1)', [
    ['f:abc', { f: 'ABC' }, false],
    ['f:abc', { f: ' abc' }, false],
    ['f:é', { f: 'e\u0301' }, false],
    ['f:strasse', { f: 'straße' }, false],
  ]);
  rule('a pattern with spaces is one pattern on a keyword, several on wildcard and text fields (A23, S8)', [
    ['f: *foo bar*', { f: 'a foo bar b' }, true],
    ['f: *foo bar*', { f: 'a foo' }, false],
    ['process.command_line: *foo bar*', { process: { command_line: 'a foo' } }, true],
    ['process.command_line: *foo bar*', { process: { command_line: 'bar b' } }, true],
    ['process.command_line: *foo bar*', { process: { command_line: 'x bar b' } }, false],
  ]);
  rule('* spans everything, anchored at both ends (A24)', [
    ['f:a*c', { f: 'a/b\\.\nc' }, true],
    ['f:a*c', { f: 'xac' }, false],
    ['f:a*c', { f: 'ac' }, true],
    ['f:*a*a*', { f: 'a' }, false],
  ]);
  rule('not holds when the field is missing (A25)', [
    ['not f:a', {}, true],
    ['not f:a', { f: null }, true],
    ['not f:a', { f: ['b', 'a'] }, false],
  ]);
  rule('each bound of a range is a condition of its own: an array may satisfy them with two values (A26)', [
    ['a >= 5 and a < 10', { a: [1, 20] }, true],
    ['a >= 5 and a < 10', { a: 20 }, false],
    ['a >= "5"', { a: 5 }, true],
  ]);
  it('a range takes no list (A26)', () => expect(refused('a > (1 or 2)')).not.toBeNull());
  rule('a nested condition holds within one object, and composes (A27, S13)', [
    ['p:{ a:1 and b:2 }', { p: [{ a: 1, b: 2 }] }, true],
    ['p:{ a:1 and b:2 }', { p: [{ a: 1 }, { b: 2 }] }, false],
    ['p:{ a:1 and b:2 }', { p: { a: 1, b: 2 } }, true],
    ['p.a:1 and p.b:2', { p: [{ a: 1 }, { b: 2 }] }, true],
    ['p:{ a:1 }', { p: 1 }, false],
    ['p:{ q:{ a:1 and b:2 } }', { p: [{ q: [{ a: 1 }, { a: 1, b: 2 }] }] }, true],
    ['p:{ q:{ a:1 and b:2 } }', { p: [{ q: [{ a: 1 }] }, { q: { b: 2 } }] }, false],
    ['not p:{ a:1 }', { p: [{ a: 2 }, { a: 1 }] }, false],
    ['not p:{ a:1 }', {}, true],
    ['p:{ not a:1 }', { p: [{ a: 1 }, { a: 2 }] }, true],
    ['p:{ not a:1 }', { p: [{ a: 1 }] }, false],
    ['p:{ not a:1 }', {}, false],
    ['p:{ a:1 } and p:{ b:2 }', { p: [{ a: 1 }, { b: 2 }] }, true],
    ['p:{ a:1 or (b:2 and not c:*) }', { p: [{ b: 2, c: 3 }, { b: 2 }] }, true],
    ['p:{ *:1 }', { p: [{ a: 1 }] }, true],
    ['x.p:{ a:1 and b:2 }', { x: { 'p.a': 1, p: { b: 2 } } }, true],
  ]);
  rule('a wildcard field is any of the event’s fields, across dots; not is none of them (A28, S10)', [
    ['a.*.c:x', { a: { b: { d: { c: 'x' } } } }, true],
    ['a.*.c:x', { a: { c: 'x' } }, false],
    ['a.*:x', { 'a.b': ['y', 'x'] }, true],
    ['not a.*:x', { a: { b: 'x', c: 'y' } }, false],
    ['not a.*:x', { b: 'x' }, true],
    ['A.*:x', { a: { b: 'x' } }, false],
    ['a.*:*', { a: { b: null } }, false],
    ['*.ip:10.0.0.0/8', { source: { ip: '10.1.1.1' } }, true],
  ]);
  rule('a bare value is looked for in every field, never in names (A29, S12)', [
    ['abc', { a: { b: ['x', 'abc'] } }, true],
    ['ab*', { a: 'abc' }, true],
    ['"ab*"', { a: 'abc' }, false],
    ['a', { a: 'x' }, false],
    ['5', { a: 5 }, true],
  ]);
  it.each(['f:null', 'f:(a or null)', 'f >= null', 'null'])(
    '%s is refused: there is no null value (A30, S14)',
    (query) => expect(refused(query)).toBe('null_value'),
  );
});

describe('values in events', () => {
  rule('arrays are any-of, arrays of arrays and of objects are flattened (A31, A32)', [
    ['f:b', { f: ['a', ['b', ['c']]] }, true],
    ['not f:b', { f: ['a', ['b']] }, false],
    ['a.b:1 and a.c:2', { a: [{ b: 1 }, { c: 2 }] }, true],
    ['a.b:2', { a: [[{ b: 1 }], [{ b: [2] }]] }, true],
  ]);
  rule('dotted, nested and mixed spellings are one field, both at once two values (A33, S16)', [
    ['a.b.c:1', { 'a.b.c': 1 }, true],
    ['a.b.c:1', { 'a.b': { c: 1 } }, true],
    ['a.b.c:1', { a: { 'b.c': 1 } }, true],
    ['a.b:1 and a.b:2', { 'a.b': 1, a: { b: 2 } }, true],
    ['a:1 and a.b:2', { a: 1, 'a.b': 2 }, true],
  ]);
  rule('null, [], {} and missing are no value; "", 0, false and "-" are (A34, S11)', [
    ...[null, [], {}, [null], { b: null }, { b: [] }].map((a): Row => ['a:*', { a }, false]),
    ...['', 0, false, '-', [null, 'x'], { b: 0 }].map((a): Row => ['a:*', { a }, true]),
    ['not a:*', {}, true],
  ]);
  rule(
    'numbers and booleans are their text, decimals of one value are equal, long numbers keep every digit (A36, S2, S3)',
    [
      ['f:47', { f: 47 }, true],
      ['f:"47"', { f: 47 }, true],
      ['f:47', { f: '047' }, false],
      ['f:1.10', { f: 1.1 }, true],
      ['f:1.10', { f: '1.1' }, false],
      ['f:12345678901234567891', { f: 12345678901234567891n }, true],
      ['f:12345678901234567890', { f: 12345678901234567891n }, false],
      ['f:"true"', { f: true }, true],
      ['f:true', { f: 'true' }, true],
      ['f:true', { f: 1 }, false],
      ['f:True', { f: true }, false],
      ['f:tr*', { f: true }, true],
      ['f:4*', { f: 47 }, true],
    ],
  );
  rule(
    'a field that is declared a number takes numbers as text and keeps the integer part only (A37)',
    [
      ['n:47', { n: '047' }, true],
      ['n:5', { n: 5.9 }, true],
      ['n > 5', { n: '5.9' }, false],
      ['d:5', { d: 5.9 }, false],
      ['n:5', { n: 'five' }, false],
    ],
    { n: 'long', d: 'double' },
  );
  rule(
    'a field that is declared boolean reads "" as false (A38)',
    [
      ['b:false', { b: '' }, true],
      ['b:true', { b: 'true' }, true],
    ],
    {
      b: 'boolean',
    },
  );
  rule('addresses are equal by value, networks ignore host bits, IPv4 is mapped into IPv6 (A39, S5, S6)', [
    ['source.ip:"::1"', { source: { ip: '0:0:0:0:0:0:0:1' } }, true],
    ['source.ip:"2001:DB8::A"', { source: { ip: '2001:db8::a' } }, true],
    ['source.ip:"10.1.2.3/8"', { source: { ip: '10.9.9.9' } }, true],
    ['source.ip:10.0.0.0/8', { source: { ip: '::ffff:10.0.0.1' } }, true],
    ['source.ip:"fe80::/10"', { source: { ip: 'febf::1' } }, true],
    ['source.ip >= "10.0.0.9" and source.ip <= "10.0.0.11"', { source: { ip: '10.0.0.10' } }, true],
    ['f:10.0.0.0/8', { f: '10.0.0.0/8' }, true],
    ['f:10.0.0.0/8', { f: '10.2.3.4' }, true],
  ]);
  rule(
    'a field that is declared a keyword compares a network as text (A39)',
    [['f:10.0.0.0/8', { f: '10.2.3.4' }, false]],
    {
      f: 'keyword',
    },
  );
  rule('a date covers the precision written; math rounds up for > and <=, down for < and >= (A40)', [
    ['@timestamp:"2026-11-20"', { '@timestamp': '2026-11-20T23:59:59.999Z' }, true],
    ['@timestamp:"2026-11"', { '@timestamp': '2026-11-30T00:00:00Z' }, true],
    ['@timestamp > "2026-11-20"', { '@timestamp': '2026-11-20T23:59:59Z' }, false],
    ['@timestamp <= "2026-11-20"', { '@timestamp': '2026-11-20T23:59:59Z' }, true],
    ['@timestamp >= now-5m', { '@timestamp': '2026-11-20T12:30:00Z' }, true],
    ['@timestamp >= now/d', { '@timestamp': '2026-11-20T00:00:00Z' }, true],
    ['@timestamp > now/d', { '@timestamp': '2026-11-20T13:00:00Z' }, false],
    ['@timestamp < now-1d/d', { '@timestamp': '2026-11-18T23:59:59.999Z' }, true],
    ['@timestamp >= 1763640000000', { '@timestamp': '2026-11-20T12:00:00Z' }, true],
    ['@timestamp >= "2026-11-20T13:00:00+01:00"', { '@timestamp': '2026-11-20T12:00:00Z' }, true],
  ]);
  rule('ranges compare numbers, addresses, dates or plain text, and nothing across them (A41, S4)', [
    ['f >= 10', { f: 9 }, false],
    ['f >= 10', { f: '9' }, false],
    ['f > a', { f: 'b' }, true],
    ['f > a', { f: 10 }, false],
    ['f > 10', { f: 'b' }, false],
    ['f > 9007199254740992', { f: 9007199254740993n }, true],
    ['f < 0.3', { f: '0.29999999999999999999' }, true],
  ]);
  rule('a field that is declared a keyword is ordered by its text (A41)', [['f >= 10', { f: '9' }, true]], {
    f: 'keyword',
  });
  rule(
    'analysed text: quoted is a phrase, unquoted any word, a pattern is tested on words, lower-cased (A42)',
    [
      ['message:"Failed Login"', { message: 'a failed, LOGIN for x' }, true],
      ['message:"login failed"', { message: 'a failed login' }, false],
      ['message:failed nothing', { message: 'It FAILED.' }, true],
      ['message:FAIL*', { message: 'it failed' }, true],
      ['message:"fail*"', { message: 'it failed' }, false],
      ['message:"fail*"', { message: 'a fail!' }, true],
      ['message:übung', { message: 'ÜBUNG macht' }, true],
      ['message:"日本"', { message: '日本語' }, true],
      ['error.message:"can’t"', { error: { message: 'you Can’t go' } }, true],
      ['message:"a.b"', { message: 'x a.b y' }, true],
      ['message:*', { message: '' }, true],
    ],
  );
  rule('script blocks are split at all but ASCII letters, digits, _ and - (A43)', [
    [
      'powershell.file.script_block_text:"[Convert]::FromBase64String"',
      { powershell: { file: { script_block_text: '$x = [convert]::frombase64string("a")' } } },
      true,
    ],
    [
      'powershell.file.script_block_text:"Invoke-Mimi"',
      { powershell: { file: { script_block_text: 'invoke-mimikatz' } } },
      false,
    ],
    [
      'powershell.file.script_block_text:Invoke-Mimi*',
      { powershell: { file: { script_block_text: 'x;Invoke-Mimikatz -y' } } },
      true,
    ],
  ]);
  rule('.caseless and .text read the field itself (A44)', [
    ['process.name.caseless:CMD.exe', { process: { name: 'cmd.EXE' } }, true],
    ['process.name.caseless:*.EXE', { process: { name: 'cmd.exe' } }, true],
    ['process.name.caseless:(a or CMD.exe)', { process: { name: ['x', 'CMD.EXE'] } }, true],
    ['process.name.text:Exe', { process: { name: 'the exe file' } }, true],
    ['process.name.caseless:*', { process: { name: '' } }, true],
    ['p:{ name.caseless:A }', { p: [{ name: 'a' }] }, true],
  ]);
});

describe('what JavaScript would do by itself, and must not (S17)', () => {
  rule('names of prototypes are fields like any other', [
    ['constructor:*', {}, false],
    ['__proto__:*', {}, false],
    ['f.length:*', { f: 'abc' }, false],
    ['f.length:3', { f: [1, 2, 3] }, false],
    ['f.0:a', { f: ['a'] }, false],
    ['toString:x', { toString: 'x' }, true],
    ['*:x', { constructor: 'x' }, true],
  ]);
  rule('what is special in regular expressions is text', [
    ['f:a.c*', { f: 'abcd' }, false],
    ['f:[a]+*', { f: '[a]+x' }, true],
    ['f:$^|*', { f: '$^|' }, true],
  ]);
  it('many stars on a long value are found in one pass, not by trying all ways', () =>
    expect(holds(`f:${'*a'.repeat(200)}*b`, { f: 'a'.repeat(100_000) })).toBe(false));
});
