// Every bound of the parser, at it and one past it; and that hostile text costs no more than its length.
import { describe, expect, it } from 'vitest';
import { KqlError } from '../../../src/kql/error.js';
import { defaultKqlLimits, type KqlLimits, parseKql } from '../../../src/kql/parse.js';

function codeOf(query: string, limits: Partial<KqlLimits> = {}): string | null {
  try {
    parseKql(query, limits);
    return null;
  } catch (error) {
    if (error instanceof KqlError) return error.code;
    throw error;
  }
}

describe('limits', () => {
  it('maxLength is the longest query', () => {
    expect(codeOf('a:12345', { maxLength: 7 })).toBeNull();
    expect(codeOf('a:123456', { maxLength: 7 })).toBe('too_long');
  });

  it('maxDepth counts parentheses, lists, braces and not', () => {
    expect(codeOf('((a:1))', { maxDepth: 2 })).toBeNull();
    expect(codeOf('(((a:1)))', { maxDepth: 2 })).toBe('too_deep');
    expect(codeOf('p:{a:(1)}', { maxDepth: 2 })).toBeNull();
    expect(codeOf('p:{a:((1))}', { maxDepth: 2 })).toBe('too_deep');
    expect(codeOf('not (a:1)', { maxDepth: 2 })).toBeNull();
    expect(codeOf('not (not a:1)', { maxDepth: 2 })).toBe('too_deep');
  });

  it('maxDepth does not count what stands side by side', () => {
    const wide = Array.from({ length: 500 }, () => '(a:1)').join(' and ');
    expect(codeOf(wide, { maxDepth: 1 })).toBeNull();
  });

  it('maxLeaves counts every value of a list', () => {
    expect(codeOf('a:(1 or 2) and b', { maxLeaves: 3 })).toBeNull();
    expect(codeOf('a:(1 or 2) and b and c > 1', { maxLeaves: 3 })).toBe('too_many_leaves');
  });

  it('the defaults hold without being asked for', () => {
    const { maxDepth, maxLength, maxLeaves } = defaultKqlLimits;
    expect(codeOf(`${'('.repeat(maxDepth)}a:1${')'.repeat(maxDepth)}`)).toBeNull();
    expect(codeOf(`${'('.repeat(maxDepth + 1)}a:1${')'.repeat(maxDepth + 1)}`)).toBe('too_deep');
    expect(codeOf('a'.repeat(maxLength))).toBeNull();
    expect(codeOf('a'.repeat(maxLength + 1))).toBe('too_long');
    expect(codeOf(`f:(${'1 or '.repeat(maxLeaves - 1)}1)`)).toBeNull();
    expect(codeOf(`f:(${'1 or '.repeat(maxLeaves)}1)`)).toBe('too_many_leaves');
  });

  it.each([
    ['spaces inside a value', `f:a${' '.repeat(200_000)}b`],
    ['many short runs of spaces', `f:${'a  '.repeat(80_000)}b`],
    ['stars', `f:${'*'.repeat(200_000)}`],
    ['the letters of keywords', `f:${'orandno'.repeat(30_000)}`],
    ['escapes', `f:${'\\*'.repeat(100_000)}`],
  ])('%s are read in one pass', (_, query) => expect(codeOf(query)).toBeNull());

  it('after a refused query the next one is read as ever', () => {
    expect(codeOf('((((', {})).toBe('unclosed_paren');
    expect(codeOf('a:1')).toBeNull();
  });
});
