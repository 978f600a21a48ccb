// Where a query finds its values in a record: spellings, arrays, existence, nested objects, wildcard names.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldValues, leafValues, objectsAt } from '../../../src/kql/evaluate.js';
import { createFieldTypes } from '../../../src/kql/types.js';
import { holds } from './holds.js';

const texts = (record: unknown, path: string): string[] => fieldValues(record, path).map((v) => v.text);

describe('spellings', () => {
  it.each([
    ['nested', { a: { b: { c: 'x' } } }],
    ['dotted', { 'a.b.c': 'x' }],
    ['mixed', { a: { 'b.c': 'x' } }],
    ['mixed the other way', { 'a.b': { c: 'x' } }],
    ['a Map', new Map([['a', new Map([['b.c', 'x']])]])],
    ['without a prototype', Object.assign(Object.create(null), { 'a.b': { c: 'x' } })],
  ])('%s: a.b.c:x holds', (_, record) => {
    expect(holds('a.b.c:x', record)).toBe(true);
    expect(holds('a.b.c:*', record)).toBe(true);
    expect(holds('a:*', record)).toBe(true);
    expect(holds('a.b.c.d:*', record)).toBe(false);
    expect(holds('b.c:x', record)).toBe(false);
  });

  it('both at once are two values', () =>
    expect(texts({ a: { b: 1 }, 'a.b': 2 }, 'a.b').sort()).toEqual(['1', '2']));

  it('a scalar and an object at one path are both seen', () => {
    const record = { a: 'x', 'a.b': 'y' };
    expect(holds('a:x and a.b:y', record)).toBe(true);
  });

  it('names are case-sensitive', () => expect(holds('A.b:1', { a: { b: 1 } })).toBe(false));

  it('every split of a path into keys is the same field', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), (joins) => {
        const keys = ['a'];
        ['b', 'c', 'd'].forEach((k, i) => {
          if (joins[i]) keys[keys.length - 1] += `.${k}`;
          else keys.push(k);
        });
        const record = keys.reduceRight<unknown>((value, key) => ({ [key]: value }), 'x');
        expect(texts(record, 'a.b.c.d')).toEqual(['x']);
        expect(leafValues(record)).toEqual([{ path: 'a.b.c.d', text: 'x', kind: 'string' }]);
      }),
    );
  });
});

describe('arrays', () => {
  it.each([
    ['f:a', ['a', 'b'], true, 'any of the values'],
    ['f:(a and b)', ['a', 'b'], true, 'both are there'],
    ['f:(a and c)', ['a', 'b'], false, 'one is not'],
    ['not f:a', ['a', 'b'], false, 'none of the values'],
    ['not f:c', ['a', 'b'], true, 'none is c'],
    ['f:(a and not b)', ['a', 'b'], false, 'b is there'],
    ['f >= 5 and f < 10', [1, 20], true, 'each comparison looks for its own value'],
    ['f:b', [['a'], [['b']]], true, 'arrays in arrays flatten'],
    ['f:*', [], false, 'an empty one is no value'],
    ['f:*', [null], false, 'nor is one of null'],
    ['f:*', [[], [{}]], false, 'nor one of empties'],
    ['f:0', ['x'], false, 'an index is no field'],
    ['f.0:x', ['x'], false, 'an index is no key'],
    ['f.length:*', ['x'], false, 'length is none either'],
  ] as [string, unknown, boolean, string][])('%s against %j is %s: %s', (query, f, result) =>
    expect(holds(query, { f })).toBe(result),
  );

  it('arrays of objects lose which value stood beside which', () =>
    expect(holds('a.b:1 and a.c:2', { a: [{ b: 1 }, { c: 2 }] })).toBe(true));
});

describe('existence', () => {
  it.each([
    ['', true],
    [0, true],
    [false, true],
    ['-', true],
    [null, false],
    [{}, false],
    [{ g: {} }, false],
    [{ g: null }, false],
    [{ g: [{ h: 1 }] }, true],
    [{ g: [{ h: null }] }, false],
  ])('f:* on %j is %s', (f, result) => {
    expect(holds('f:*', { f })).toBe(result);
    expect(holds('not f:*', { f })).toBe(!result);
  });

  it('a missing field satisfies every not', () =>
    expect(holds('not f:x and not f > 1 and not f:*', {})).toBe(true));

  it.each(['*', '*:*', '', 'not not_there:*'])('%j holds for every event', (query) => {
    expect(holds(query, {})).toBe(true);
    expect(holds(query, { a: 1 })).toBe(true);
  });
});

describe('names from a prototype', () => {
  const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'a.constructor', 'a.__proto__.x'];
  it.each(names)('%s:* is not there unless the event has it', (name) => {
    expect(holds(`${name}:*`, { a: 'x' })).toBe(false);
    expect(holds(`${name}:*`, { a: {} })).toBe(false);
    expect(holds(`${name}:*`, new Map())).toBe(false);
  });

  it('an event may have them', () => {
    const record: unknown = JSON.parse('{"__proto__":{"x":"y"},"constructor":"z"}');
    expect(holds('__proto__.x:y and constructor:z', record)).toBe(true);
    expect(holds('x:y', record)).toBe(false);
  });
});

describe('wildcard names', () => {
  const record = { a: { b: { c: 'x' }, c: 'y' }, 'z.c': 'w', n: [{ c: 'v' }] };
  it.each([
    ['a.*.c:x', true],
    ['a.*.c:y', false],
    ['a.*:y', true],
    ['*.c:w', true],
    ['n.*:v', true],
    ['*c:x', true],
    ['A.*:x', false],
    ['not a.*:w', true],
    ['not a.*:x', false],
    ['a.*:*', true],
    ['q.*:*', false],
    ['"a.*":*', false],
    ['*:v', true],
    ['*:nothing', false],
  ])('%s is %s', (query, result) => expect(holds(query, record)).toBe(result));

  it('an escaped star in a name is a star', () => {
    expect(holds(String.raw`a\**:x`, { 'a*b': 'x' })).toBe(true);
    expect(holds(String.raw`a\**:x`, { ab: 'x' })).toBe(false);
  });

  it('each field is tested by its own class', () => {
    expect(holds('error.*:"timed out"', { error: { message: 'It timed out.' } })).toBe(true);
    expect(holds('error.*:"timed out"', { error: { code: 'It timed out.' } })).toBe(false);
    expect(holds('destination.*:443', { destination: { port: '0443' } })).toBe(true);
    const fieldTypes = createFieldTypes({ 'my.flag': 'boolean' });
    expect(holds('my.*:false', { my: { flag: '' } }, { fieldTypes })).toBe(true);
    expect(holds('my.*:false', { my: { other: '' } }, { fieldTypes })).toBe(false);
  });

  it('a multi-field of many names is taken off each of them', () =>
    expect(holds('process.*.caseless:CMD.exe', { process: { parent: { name: 'cmd.EXE' } } })).toBe(true));
});

describe('nested objects', () => {
  it.each([
    ['p:{ a:1 and b:2 }', [{ a: 1 }, { b: 2 }], false, 'not in one object'],
    ['p:{ a:1 and b:2 }', [{ a: 1 }, { a: 1, b: 2 }], true, 'in the second'],
    ['p:{ a:1 and b:2 }', { a: 1, b: 2 }, true, 'a single object counts as one'],
    ['p.a:1 and p.b:2', [{ a: 1 }, { b: 2 }], true, 'outside of braces they flatten'],
    ['p:{ not a:1 }', [{ a: 1 }, { a: 2 }], true, 'some object fails it'],
    ['p:{ not a:1 }', [], false, 'no object, none fails'],
    ['not p:{ a:1 }', [{ a: 2 }], true, 'no object has it'],
    ['not p:{ a:1 }', undefined, true, 'nor is there one'],
    ['p:{ a:1 }', 'a', false, 'a scalar is no object'],
    ['p:{ q:{ a:1 and b:2 } }', [{ q: [{ a: 1 }] }, { q: [{ b: 2 }] }], false, 'they compose'],
    ['p:{ q:{ a:1 and b:2 } }', [{ q: [{ a: 1, b: 2 }] }], true, 'they compose'],
    ['p:{ a.b:1 }', [{ 'a.b': 1 }], true, 'names inside are relative'],
    ['p:{ * }', [{}], true, 'an empty object is one'],
    ['p:{ a:1 }', [[{ a: 1 }]], true, 'arrays in arrays flatten'],
  ] as [string, unknown, boolean, string][])('%s against %j is %s: %s', (query, p, result) =>
    expect(holds(query, { p })).toBe(result),
  );

  it('one object may be spelled with dots', () => {
    expect(holds('p:{ a:1 and b:2 }', { 'p.a': 1, 'p.b': 2 })).toBe(true);
    expect(holds('p:{ a:1 and b:2 }', { 'p.a': 1, p: { b: 2 } })).toBe(true);
    expect(holds('o.p:{ a:1 and b.c:2 }', { 'o.p.a': 1, o: { p: { b: { c: 2 } } } })).toBe(true);
    expect(holds('p:{ a:1 and b:2 }', { 'p.a': 1, p: [{ b: 2 }] })).toBe(false);
    expect(holds('p:{ a.b:(1 and 2) }', { p: [{ 'a.b': 1, a: { b: 2 } }] })).toBe(true);
  });

  it('classes go by the whole name', () => {
    expect(holds('source:{ ip:"10.0.0.0/8" }', { source: [{ ip: '10.1.1.1' }] })).toBe(true);
    expect(holds('error:{ message:"not found" }', { error: { message: 'File not found!' } })).toBe(true);
  });

  it('objectsAt gives each object with its fields', () =>
    expect(objectsAt({ p: [{ a: { b: 1 } }], 'p.c': 2 }, 'p').map((m) => Object.fromEntries(m))).toEqual([
      { c: 2 },
      { 'a.b': 1 },
    ]));
});

describe('bare values', () => {
  it.each([
    ['x', true],
    ['"x"', true],
    ['47', true],
    ['X', false],
    ['x*', true],
    ['*e*', true],
    ['nothing', false],
    ['not x', false],
    ['10.0.0.0/8', true],
  ])('%s is %s', (query, result) =>
    expect(holds(query, { a: { b: ['w', 'x'] }, n: 47, t: true, i: '10.2.3.4' })).toBe(result),
  );

  it('a name of a field is no value', () => expect(holds('a', { a: 'x' })).toBe(false));
});
