// What the compiler warns of, what it refuses, and where it points.
import { describe, expect, it } from 'vitest';
import { compileKql } from '../../../src/kql/compile.js';
import { KqlError } from '../../../src/kql/error.js';
import { createFieldTypes } from '../../../src/kql/types.js';

const fieldTypes = createFieldTypes({ n: 'long', d: 'date', b: 'boolean', i: 'ip', k: 'keyword', t: 'text' });

function warned(query: string): [string, string][] {
  return compileKql(query, { fieldTypes }).warnings.map((w) => [
    w.code,
    query.slice(w.span.start, w.span.end),
  ]);
}

describe('warnings', () => {
  it.each([
    ['f:*a', 'leading_wildcard', '*a'],
    ['foo', 'bare_value', 'foo'],
    ['f:"a*"', 'quoted_wildcard', '"a*"'],
    ['f:a?*', 'question_mark', 'a?*'],
    ['process.command_line:a b*', 'split_pattern', 'a b*'],
    ['f > a*', 'wildcard_in_range', 'a*'],
    ['f:1 and', 'operator_in_value', '1 and'],
    ['x:1 and or f:2', 'operator_in_value', 'or f'],
    ['f:"10.0.0.0/8"', 'cidr_on_keyword', '"10.0.0.0/8"'],
    ['source.ip:home', 'wrong_class', 'home'],
    ['source.port:http', 'wrong_class', 'http'],
    ['tls.established:yes', 'wrong_class', 'yes'],
    ['@timestamp > yesterday', 'wrong_class', 'yesterday'],
    ['n:abc', 'never_holds', 'abc'],
    ['n > abc', 'never_holds', 'abc'],
    ['b:True', 'never_holds', 'True'],
    ['d:yesterday', 'never_holds', 'yesterday'],
    ['i:home', 'never_holds', 'home'],
    ['f:a and not f:a', 'never_holds', 'f:a'],
    ['not f:* and f:a', 'never_holds', 'f:a'],
    ['f > 1 and not f:*', 'never_holds', 'f > 1'],
    ['f:(a and not a)', 'never_holds', 'f:(a'],
    ['f:a and (g:b and not (f:a or h:c))', 'never_holds', 'f:a'],
    ['f:abc and not f:a*', 'never_holds', 'f:abc'],
    ['f:abc and not f:(x or a*)', 'never_holds', 'f:abc'],
    ['g:b and not *:*', 'never_holds', 'not *:*'],
    ['p*:{ a:1 }', 'never_holds', 'p*'],
  ])('%s: %s at %s', (query, code, text) => expect(warned(query)).toEqual([[code, text]]));

  it.each([
    'f:a',
    'f:a*',
    'f:*',
    '*',
    '*:*',
    'f:a and f:b',
    'f:a and not f:b',
    'f:* and not f:a',
    'f:a or not f:a',
    'f:abc and not f:b*',
    'f:a* and not f:abc',
    'f:a and not (f:a and g:b)',
    't:abc and not t:a*',
    'f >= 5 and f < 3',
    'f:a and not "f":a',
    'f:or',
    'f:"1 and"',
    'source.ip:"10.0.0.0/8"',
    'i:"10.0.0.0/8"',
    'k:"10.0.0.0/8"',
    'n:47 and n:"47" and n >= 1.5',
    'b:"true"',
    'd:2026-01 and d > now-5m/d',
    't:"a*"',
    'process.args:a b*',
  ])('%s is fine', (query) => expect(warned(query)).toEqual([]));

  it('each place has its own', () =>
    expect(warned('f:(*a or *b)').map(([, text]) => text)).toEqual(['*a', '*b']));

  it('the classes inside braces are those of the whole names', () =>
    expect(warned('source:{ ip:home }')).toEqual([['wrong_class', 'home']]));
});

describe('null', () => {
  it.each(['f:null', 'f:(a or null)', 'f > null', 'null', 'p:{ f:null }'])(
    '%s is refused, with the cure',
    (query) => {
      let error: unknown;
      try {
        compileKql(query);
      } catch (e) {
        error = e;
      }
      if (!(error instanceof KqlError)) throw new Error(`${query} compiled`);
      expect(error.code).toBe('null_value');
      expect(query.slice(error.span.start, error.span.end)).toBe('null');
      expect(error.message).toContain('not field:*');
    },
  );

  it.each(['f:"null"', 'f:Null', 'f:nullable'])('%s is a text', (query) =>
    expect(compileKql(query).predicate.kind).toBe('leaf'),
  );
});

describe('field types', () => {
  it.each([
    ['host.name', 'keyword'],
    ['message', 'text'],
    ['powershell.file.script_block_text', 'pattern_text'],
    ['process.command_line', 'wildcard'],
    ['process.parent.command_line', 'wildcard'],
    ['url.path', 'wildcard'],
    ['source.ip', 'ip'],
    ['related.ip', 'ip'],
    ['destination.port', 'long'],
    ['source.as.number', 'long'],
    ['process.code_signature.trusted', 'boolean'],
    ['volume.removable', 'boolean'],
    ['@timestamp', 'date'],
    ['message.text', 'text'],
    ['x.caseless', 'keyword'],
    ['ip', 'keyword'],
    ['x.skip', 'keyword'],
  ])('%s is %s', (field, fieldClass) => expect(createFieldTypes().classOf(field)).toBe(fieldClass));

  it('declarations go before the built-in table, names before patterns', () => {
    const types = createFieldTypes({ 'a.*': 'ip', 'a.*.b': 'long', 'a.x': 'date', message: 'keyword' });
    expect(types.classOf('a.x')).toBe('date');
    expect(types.classOf('a.y.b')).toBe('ip');
    expect(types.classOf('message')).toBe('keyword');
    expect(types.classOf('error.message')).toBe('text');
    expect(types.resolve('a.name.caseless')).toMatchObject({ name: 'a.name', caseless: true });
  });
});
