// Fields that are searched as text: which, by which words, and what quotes and stars mean there.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { patternTokens, segmentedTokens, standardTokens } from '../../../src/kql/analysis.js';
import { createFieldTypes } from '../../../src/kql/types.js';
import { holds } from './holds.js';

const script = (query: string, text: string): boolean =>
  holds(`powershell.file.script_block_text:${query}`, { powershell: { file: { script_block_text: text } } });

describe('message', () => {
  const message = 'Failed password for invalid user admin from 10.0.0.1 port 22';
  it.each([
    ['"failed password"', true, 'consecutive words, in any case'],
    ['"password failed"', false, 'not in another order'],
    ['"failed for"', false, 'not with a word between'],
    ['nothing admin', true, 'unquoted: any of the words'],
    ['nothing none', false, 'unquoted: none of the words'],
    ['fail', false, 'not a part of a word'],
    ['fail*', true, 'but a pattern of one'],
    ['FAIL*', true, 'in any case'],
    ['*word f*', true, 'several patterns, any of them'],
    ['zz* admin', true, 'a word beside a pattern'],
    ['zz* Admin-x', true, 'is analysed as well'],
    ['"fail*"', false, 'no star inside quotes'],
    ['"10.0.0.1 port"', true, 'a number with dots is one word'],
    ['""', false, 'no words, no match'],
    ['"..."', false, 'no words, no match'],
    ['*', true, 'exists'],
  ])('message:%s is %s: %s', (query, result) => expect(holds(`message:${query}`, { message })).toBe(result));

  it('error.message and every .text are the same', () => {
    expect(holds('error.message:TIMED', { error: { message: 'timed out' } })).toBe(true);
    expect(holds('process.command_line.text:"a b"', { process: { command_line: 'x A, B y' } })).toBe(true);
  });

  it('a field becomes text by declaration', () => {
    const fieldTypes = createFieldTypes({ 'my.*': 'text' });
    expect(holds('my.note:world', { my: { note: 'Hello, World!' } }, { fieldTypes })).toBe(true);
    expect(holds('your.note:world', { your: { note: 'Hello, World!' } }, { fieldTypes })).toBe(false);
  });
});

describe('powershell.file.script_block_text', () => {
  it.each([
    ['"[Convert]::FromBase64String"', '$x = [Convert]::FromBase64String($y)', true],
    ['"[Convert]::FromBase64String"', 'convert frombase64string', true],
    ['"FromBase64"', '[Convert]::FromBase64String($y)', false],
    ['*FromBase64*', '[Convert]::FromBase64String($y)', true],
    ['"Get-ADUser"', 'get-aduser -Filter *', true],
    ['"ADUser"', 'Get-ADUser', false],
    ['"System.Net"', 'New-Object System.Net.WebClient', true],
    ['(Invoke-Foo or "New-Object")', 'new-object x', true],
    ['New-Item Object', 'an object', true],
  ])('%s in %j is %s', (query, text, result) => expect(script(query, text)).toBe(result));
});

describe('the standard analyser', () => {
  it.each([
    ['The 2 QUICK-brown', ['the', '2', 'quick', 'brown']],
    ["don't O'Neil's", ["don't", "o'neil's"]],
    ['example.com 3.14 1,000 1;2', ['example.com', '3.14', '1,000', '1;2']],
    ['a:b a::b', ['a:b', 'a', 'b']],
    ['a.1 1.a', ['a', '1', '1', 'a']],
    ['snake_case __ _x', ['snake_case', '_x']],
    ['user@host', ['user', 'host']],
    ['Straße ÉTÉ', ['straße', 'été']],
    ['東京都 ひら', ['東', '京', '都', 'ひ', 'ら']],
    ['カタカナ 한국어', ['カタカナ', '한국어']],
    ['', []],
  ])('makes %j %j', (text, tokens) => expect(standardTokens(text)).toEqual(tokens));

  it('is the same by the short way as by the long one', () => {
    const sign = fc.constantFrom(...'aZ09_.:,;\'"-@/ \n');
    fc.assert(
      fc.property(fc.array(sign, { maxLength: 30 }), (signs) => {
        const text = signs.join('');
        expect(standardTokens(text)).toEqual(segmentedTokens(text));
      }),
      { numRuns: 500 },
    );
  });

  it('is the same piece by piece as in one go, whatever the signs', () => {
    const sign = fc.constantFrom(
      ...'aZ09_.:,\'"-@ \n\té日ひカ한א',
      ...['\u0301', '\u00a0', '\u202f', '\u3000', '\ufeff', '\u200d', '😀', '\u2028', '’'],
    );
    fc.assert(
      fc.property(fc.array(sign, { maxLength: 30 }), (signs) => {
        const text = signs.join('');
        expect(standardTokens(text)).toEqual(segmentedTokens(text));
      }),
      { numRuns: 1000 },
    );
  });

  it('takes a long text of any signs in time that is linear in its length', () => {
    // In one go the segmenter would take hours.
    expect(standardTokens('dé fgh '.repeat(30_000)).length).toBe(60_000);
    expect(standardTokens('日本'.repeat(10_000)).length).toBe(20_000);
    expect(standardTokens('😀'.repeat(10_000))).toEqual([]);
  });

  it('takes long runs of joining signs in one pass', () => {
    expect(standardTokens('_'.repeat(200_000))).toEqual([]);
    expect(standardTokens('.'.repeat(200_000))).toEqual([]);
  });
});

describe('the pattern analyser', () => {
  it('splits at all but ASCII letters, digits, _ and -', () =>
    expect(patternTokens('$a_b = Get-X;é[Y.Z]')).toEqual(['a_b', 'get-x', 'y', 'z']));
});
