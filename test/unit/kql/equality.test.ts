// What `field:value` means for the classes of field that are not analysed.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileKql } from '../../../src/kql/compile.js';
import { createFieldTypes } from '../../../src/kql/types.js';
import { holds, holdsAs } from './holds.js';

const at = (query: string, f: unknown): boolean => holds(query, { f });

describe('a keyword, which every field is unless something says otherwise', () => {
  it.each([
    ['f:abc', 'abc', true],
    ['f:"abc"', 'abc', true],
    ['f:abc', 'Abc', false],
    ['f:abc', 'abc ', false],
    ['f:abc', 'xabc', false],
    ['f:straße', 'strasse', false],
    ['f:é', 'e\u0301', false],
    ['f:""', '', true],
    ['f:"a b"', 'a b', true],
    ['f:a b', 'a b', true],
    ['f:a b', 'a', false],
    ['f:"-"', '-', true],
    [String.raw`f:"\u0000"`, '\0', true],
  ])('%s against %j is %s', (query, value, result) => expect(at(query, value)).toBe(result));

  it.each([
    ['f:47', 47, true, 'a number by its text'],
    ['f:"47"', 47, true, 'quoted or not'],
    ['f:47', '47', true, 'and a string of it'],
    ['f:47.0', 47, true, 'a decimal of the same value'],
    ['f:047', 47, true, 'leading zeros and all'],
    ['f:-1.50', -1.5, true, 'with a sign'],
    ['f:047', '47', false, 'but strings by text only'],
    ['f:1.1', '1.10', false, 'strings by text only'],
    ['f:1e3', 1000, false, 'an exponent is no plain decimal'],
    ['f:1000', '1e3', false, 'nor in a string'],
    ['f:12345678901234567890', 12345678901234567891n, false, 'nothing is lost in doubles'],
    ['f:12345678901234567891', 12345678901234567891n, true, 'to the last digit'],
    ['f:1', true, false, 'a boolean is no number'],
    ['f:0', false, false, 'nor is false'],
    ['f:0', '', false, 'nor is the empty string'],
  ] as [string, unknown, boolean, string][])('%s against %s is %s: %s', (query, value, result) =>
    expect(at(query, value)).toBe(result),
  );

  it.each([
    ['f:true', true, true],
    ['f:"true"', true, true],
    ['f:true', 'true', true],
    ['f:false', false, true],
    ['f:true', 1, false],
    ['f:false', 0, false],
    ['f:false', '', false],
    ['f:True', true, false],
    ['f:True', 'True', true],
  ])('%s against %j is %s', (query, value, result) => expect(at(query, value)).toBe(result));

  it('bytes are read as UTF-8 text', () => expect(at('f:é', Buffer.from('é'))).toBe(true));

  it.each([null, undefined, [], {}, [null], Symbol('f'), () => 'f', new Date(0)])(
    'f:* and f:f have nothing to see in value %#',
    (value) => {
      expect(at('f:*', value)).toBe(false);
      expect(at('not f:f', value)).toBe(true);
    },
  );

  it('a declared keyword is text only, whatever it looks like', () => {
    expect(holdsAs('keyword', 'f:"10.0.0.0/8"', '10.1.2.3')).toBe(false);
    expect(holdsAs('keyword', 'f:"::1"', '0:0:0:0:0:0:0:1')).toBe(false);
    expect(holdsAs('keyword', 'f >= 10', '9')).toBe(true);
  });
});

describe('the exact text of a test', () => {
  const types = createFieldTypes({ n: 'long', w: 'wildcard', t: 'text', d: 'date', b: 'boolean' });
  const exactOf = (query: string): string | null => {
    const { predicate } = compileKql(query, { fieldTypes: types });
    if (predicate.kind !== 'leaf') throw new Error(query);
    return predicate.test.exact;
  };

  it.each([
    ['f:abc', 'abc'],
    ['f:47', '47'],
    ['f:true', 'true'],
    ['w:"a*"', 'a*'],
    ['b:true', 'true'],
    ['f:a*', null],
    ['f:*', null],
    ['f:10.0.0.1', null],
    ['f:"10.0.0.0/8"', null],
    ['f.caseless:a', null],
    ['f > a', null],
    ['n:1', null],
    ['t:a', null],
    ['d:2026', null],
    ['b:false', null],
  ])('of %s is %j', (query, exact) => expect(exactOf(query)).toBe(exact));

  it('is matched by that string and by no other', () => {
    const literal = fc.oneof(
      fc.string({ maxLength: 6 }),
      fc.constantFrom('47', '047', '1.5', 'true', '10.0.0.1', '::1', '::', '10.0.0.0/8', '2026-01-01', 'now'),
    );
    const field = fc.constantFrom('f', 'n', 'w', 'd', 'b', 'source.ip', 'x.port');
    fc.assert(
      fc.property(field, literal, literal, (name, wanted, other) => {
        const { predicate } = compileKql(`${name}:"${wanted.replace(/[\\"]/g, '\\$&')}"`, {
          fieldTypes: types,
        });
        if (predicate.kind !== 'leaf' || predicate.test.exact === null) return;
        expect(predicate.test.matches(predicate.test.exact, 'string')).toBe(true);
        expect(predicate.test.matches(other, 'string')).toBe(other === predicate.test.exact);
      }),
    );
  });
});

describe('numbers', () => {
  it.each([
    ['f:47', '047', true, 'a string is read as a number'],
    ['f:5', 5.9, true, 'a decimal loses its fraction'],
    ['f:-5', '-5.9', true, 'towards zero'],
    ['f:5.9', 5.9, false, 'so a decimal literal never holds'],
    ['f:1000', '1e3', true, 'an exponent counts'],
    ['f:5', 'five', false, 'a word is no number'],
    ['f:5', '', false, 'the empty string is none either'],
    ['f:9223372036854775807', 9223372036854775806n, false, 'to the last digit'],
    ['f > 5', 5.9, false, 'ranges see the integer as well'],
  ] as [string, unknown, boolean, string][])(
    'an integer field: %s against %s is %s, %s',
    (query, value, result) => expect(holdsAs('long', query, value)).toBe(result),
  );

  it('a decimal field keeps its fraction', () => {
    expect(holdsAs('double', 'f:5.9', '5.90')).toBe(true);
    expect(holdsAs('double', 'f:5', 5.9)).toBe(false);
  });

  it('ports, sizes and status codes are integers by their names', () => {
    expect(holds('destination.port:443', { destination: { port: '443.0' } })).toBe(true);
    expect(holds('http.response.status_code >= 500', { http: { response: { status_code: '503' } } })).toBe(
      true,
    );
  });

  it('a value that does not fit the class guessed from a name is compared as text', () =>
    expect(holds('azure.x.status_code:Accepted', { azure: { x: { status_code: 'Accepted' } } })).toBe(true));

  it('a value that does not fit a declared class never holds', () =>
    expect(holdsAs('long', 'f:Accepted', 'Accepted')).toBe(false));
});

describe('booleans', () => {
  it.each([
    ['f:true', true, true],
    ['f:"true"', 'true', true],
    ['f:false', '', true],
    ['f:false', false, true],
    ['f:true', 1, false],
    ['f:True', 'True', false],
  ])('a boolean field: %s against %j is %s', (query, value, result) =>
    expect(holdsAs('boolean', query, value)).toBe(result),
  );
});

describe('wildcards', () => {
  it.each([
    ['f:a*', 'abc', true],
    ['f:a*', 'a', true],
    ['f:a*', 'ba', false],
    ['f:*c', 'abc', true],
    ['f:a*c', 'abc', true],
    ['f:a*c', 'abcd', false],
    ['f:a*a', 'a', false],
    ['f:*b*', 'abc', true],
    ['f:*B*', 'abc', false],
    ['f:a*', 'a/b\\c.d\ne', true],
    ['f:*a b*', 'xa by', true],
    ['f:*a b*', 'xa', false],
    ['f:a?c*', 'abcd', false],
    ['f:a?c*', 'a?cd', true],
    [String.raw`f:*\**`, 'a*b', true],
    [String.raw`f:*\**`, 'ab', false],
    ['f:"a*"', 'abc', false],
    ['f:"a*"', 'a*', true],
    ['f:4*', 47, true],
    ['f:t*', true, true],
    ['f:**', '', true],
    ['f:a.c*', 'abc', false],
    ['f:[a-z]*', 'abc', false],
  ])('%s against %j is %s', (query, value, result) => expect(at(query, value)).toBe(result));

  it('a pattern with spaces is several patterns where Elasticsearch would split it', () => {
    expect(holds('process.command_line:*foo bar*', { 'process.command_line': 'bar baz' })).toBe(true);
    expect(holds('process.command_line:*foo bar*', { 'process.command_line': 'a foo' })).toBe(true);
    expect(holds('process.args:*foo bar*', { 'process.args': 'bar baz' })).toBe(false);
    expect(holds('process.args:*foo bar*', { 'process.args': 'a foo bar' })).toBe(true);
  });

  it('the text of a wildcard field is compared whole when the value has no star', () => {
    expect(holds('process.command_line:foo bar', { 'process.command_line': 'foo bar' })).toBe(true);
    expect(holds('process.command_line:foo bar', { 'process.command_line': 'foo' })).toBe(false);
  });

  it('many stars cost no more than the length of the value', () => {
    const value = 'a'.repeat(100_000);
    expect(at(`f:${'*a'.repeat(500)}*b`, value)).toBe(false);
    expect(at(`f:${'a*'.repeat(5000)}`, value)).toBe(true);
    expect(at(`f:${'*aab'.repeat(1000)}*`, value)).toBe(false);
  });

  it('are what a regular expression of them would be', () => {
    const letter = fc.constantFrom('a', 'b', '*', '.', '\n');
    const text = fc.array(letter, { maxLength: 8 }).map((p) => p.join(''));
    fc.assert(
      fc.property(text, text, (pattern, value) => {
        const query = `f:x${pattern.replaceAll('\n', '\\n')}y`;
        const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*');
        const expected = new RegExp(`^x${source}y$`, 's');
        expect(at(query, `x${value}y`)).toBe(expected.test(`x${value}y`));
      }),
    );
  });
});

describe('multi-fields of the mapping', () => {
  it('.caseless reads the field itself, in any case of letters', () => {
    const record = { process: { name: 'PowerShell.EXE' } };
    expect(holds('process.name.caseless:powershell.exe', record)).toBe(true);
    expect(holds('process.name.caseless:"POWERSHELL.exe"', record)).toBe(true);
    expect(holds('process.name.caseless:Power*', record)).toBe(true);
    expect(holds('process.name.caseless:*', record)).toBe(true);
    expect(holds('process.name:powershell.exe', record)).toBe(false);
  });

  it('.text reads the field itself, analysed', () =>
    expect(holds('process.name.text:"quick brown"', { process: { name: 'The Quick, Brown fox' } })).toBe(
      true,
    ));

  it('a field that is called text or caseless is read as it is', () => {
    expect(holds('text:a', { text: 'a' })).toBe(true);
    expect(holds('p:{ text:a }', { p: { text: 'a' } })).toBe(true);
    expect(holds('p:{ caseless:A }', { p: { caseless: 'a' } })).toBe(false);
  });

  it('a declared name stands for itself', () => {
    const fieldTypes = createFieldTypes({ 'a.text': 'keyword' });
    expect(holds('a.text:x', { a: { text: 'x' } }, { fieldTypes })).toBe(true);
    expect(holds('b.text:x', { b: { text: 'x' } }, { fieldTypes })).toBe(false);
  });
});
