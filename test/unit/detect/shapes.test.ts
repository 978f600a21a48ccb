// The short cut of learned shapes against its slow twin, the plain walk: the same offsets and findings, whatever comes.
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Found } from '../../../src/detect/found.js';
import { StateSet, type Want } from '../../../src/detect/paths.js';
import { Shapes } from '../../../src/detect/shapes.js';
import { Walker } from '../../../src/detect/walk.js';
import { type Encodable, encode } from '../../../src/msgpack/encode.js';
import { headerSize, kindOf, lengthAt, skip } from '../../../src/msgpack/scan.js';
import { arbitraryRecord } from '../../support/arbitraryRecord.js';

const paths = [
  'a',
  'b',
  'a.b',
  'a.user',
  'user.a',
  'source',
  'source.7',
  'message',
  'b.b.b',
  '__proto__',
  'x.y',
  'event.a',
];
const FIRST_MARK = paths.length;
const wants: Want[] = [...paths, 'message', 'records', 'a.records'].map((path, slot) => ({
  slot,
  path,
  keys: slot === 3 ? 'snake' : 'exact',
  deep: slot === 1,
}));

/** `keys`: where those of the record itself start, `eventKeys` those of its only `event` map; null: not known. */
type Walk = (
  buf: Buffer,
  pos: number,
  end: number,
) => { next: number; found: [number, number][]; keys: number[] | null; eventKeys: number[] | null };

function listOf(found: Found): [number, number][] {
  return Array.from({ length: found.count }, (_, i) => [found.states[i]!, found.positions[i]!]);
}

function keysOf(buf: Buffer, pos: number, end: number): number[] {
  let at = pos + headerSize(buf[pos]!);
  return Array.from({ length: Math.max(0, lengthAt(buf, pos)) }, () => {
    const key = at;
    at = skip(buf, skip(buf, at, end), end);
    return key;
  });
}

/** Where the value of the record's only key `event` lies, when that is a map; -1: there is no such value. */
function eventMapOf(buf: Buffer, keys: readonly number[]): number {
  const name = encode('event');
  const events = keys.filter((at) => buf.subarray(at, at + name.length).equals(name));
  const value = events[0]! + name.length;
  return events.length === 1 && kindOf(buf[value]!) === 'map' ? value : -1;
}

/** Both walks over one set of states, so that ids compare. */
function bothWalks(hot?: number): { quick: Walk; plain: Walk } {
  const states = new StateSet(wants);
  const quickFound = new Found();
  const shapes = new Shapes(quickFound, states, FIRST_MARK, hot);
  const plainFound = new Found();
  const walker = new Walker(plainFound, FIRST_MARK);
  return {
    quick(buf, pos, end) {
      shapes.over(buf, end);
      const next = shapes.walk(pos);
      const { keys } = shapes;
      const known = next >= 0 && keys.areOf(buf, pos, lengthAt(buf, pos));
      const starts = known ? [...keys.starts.slice(0, keys.passed)] : null;
      const event = starts === null ? -1 : eventMapOf(buf, starts);
      const isEventKnown = event !== -1 && keys.eventPassed === lengthAt(buf, event);
      const eventKeys = isEventKnown ? [...keys.eventStarts.slice(0, keys.eventPassed)] : null;
      return { next, found: listOf(quickFound), keys: starts, eventKeys };
    },
    plain(buf, pos, end) {
      walker.over(buf, new DataView(buf.buffer, buf.byteOffset, buf.length), end);
      plainFound.count = 0;
      const next = walker.value(states.root, pos, 0);
      const keys = next >= 0 ? keysOf(buf, pos, end) : null;
      const event = keys === null ? -1 : eventMapOf(buf, keys);
      const eventKeys = event === -1 ? null : keysOf(buf, event, end);
      return { next, found: listOf(plainFound), keys, eventKeys };
    },
  };
}

/** The record with room after it, as in a block: near a buffer's end the short cut is not taken. */
function roomy(record: Buffer): Buffer {
  return Buffer.concat([record, Buffer.alloc(5000, 0xa3)]);
}

function expectSame(walks: { quick: Walk; plain: Walk }, record: Buffer, end = record.length): void {
  for (const buf of [roomy(record), record]) {
    const quick = walks.quick(buf, 0, end);
    const plain = walks.plain(buf, 0, end);
    expect(quick.next).toBe(plain.next);
    if (plain.next >= 0) expect(quick.found).toEqual(plain.found);
    if (quick.keys !== null) expect(quick.keys).toEqual(plain.keys);
    if (quick.eventKeys !== null) expect(quick.eventKeys).toEqual(plain.eventKeys);
  }
}

describe.each([
  ['learned shapes', undefined],
  ['learned shapes with code of their own from the first repeat on', 1],
])('%s', (_, hot) => {
  it('find what the plain walk finds, in records of every shape, in any order', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryRecord, { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 30 }),
        (records, order) => {
          const walks = bothWalks(hot);
          for (const record of records) expectSame(walks, record);
          for (const n of order) expectSame(walks, records[n % records.length]!);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('see a key, a value or a count that differs in one byte from a shape that is known', () => {
    fc.assert(
      fc.property(
        arbitraryRecord,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 20 }),
        (record, edits) => {
          const walks = bothWalks(hot);
          expectSame(walks, record);
          for (const [at, byte] of edits) {
            const other = Buffer.from(record);
            other[at % other.length] = byte;
            expectSame(walks, other);
            expectSame(walks, record);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('say where a record is cut off, however much of it is known', () => {
    fc.assert(
      fc.property(arbitraryRecord, fc.nat(), (record, cut) => {
        const walks = bothWalks(hot);
        expectSame(walks, record);
        expectSame(walks, record, cut % record.length);
        expectSame(walks, record);
      }),
      { numRuns: 150 },
    );
  });

  it('stay right past all their bounds: shapes without number, then the first ones again', () => {
    const walks = bothWalks(hot);
    const record = (n: number): Buffer => {
      const made: { [key: string]: Encodable } = { a: { user: 'first' } };
      for (let bit = 0; bit < 12; bit += 1)
        if (n & (1 << bit)) made[`key${bit}`] = [n, { b: { b: { b: 'deep' } } }];
      return encode({ ...made, source: 'last' });
    };
    for (let n = 0; n < 4096; n += 1) expectSame(walks, record((n * 2654435761) & 4095));
    for (let n = 0; n < 100; n += 1) expectSame(walks, record(n));
  });

  it('are followed past strings of any length, to the end of the buffer', () => {
    const walks = bothWalks(hot);
    const record = (length: number): Buffer =>
      encode({ a: { user: 'x'.repeat(length), z: 1 }, other: 'y'.repeat(length), source: 'last' });
    for (const length of [3, 31, 32, 255, 256, 257, 300, 5000, 65_535, 65_536, 3])
      for (let twice = 0; twice < 2; twice += 1) expectSame(walks, record(length));
  });

  it('follow wide and deep records', () => {
    const walks = bothWalks(hot);
    let deep: Encodable = { a: 'x' };
    for (let i = 0; i < 60; i += 1) deep = { a: [deep, 'y'] };
    const wide = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, { user: i }]));
    for (const record of [deep, { a: deep, b: 1 }, wide, { ...wide, user: { a: 1 } }]) {
      for (let twice = 0; twice < 2; twice += 1) expectSame(walks, encode(record));
    }
  });
});

describe('a shape that many records have', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('gets code of its own after a while, once, and is followed without it where a process may not make any', () => {
    const made = vi.fn();
    vi.stubGlobal(
      'Function',
      class {
        constructor(...text: string[]) {
          made(text);
          throw new EvalError('Code generation from strings disallowed for this context');
        }
      },
    );
    const walks = bothWalks(10);
    const record = encode({ a: { user: 'x' }, source: 'last', more: [1, 2, { b: 3 }] });
    for (let n = 0; n < 4; n += 1) expectSame(walks, record);
    expect(made).not.toHaveBeenCalled();
    for (let n = 0; n < 100; n += 1) expectSame(walks, record);
    const times = made.mock.calls.length;
    expect(times).toBeGreaterThan(0);
    for (let n = 0; n < 100; n += 1) expectSame(walks, record);
    expect(made).toHaveBeenCalledTimes(times);
  });

  it('is followed by code that says where the keys of a record start, and nothing where it had to leave it', () => {
    const walks = bothWalks(10);
    const record = roomy(encode({ a: { user: 'x' }, source: 'last', more: [1, 2, { b: 3 }] }));
    for (let n = 0; n < 100; n += 1) walks.quick(record, 0, record.length);
    expect(walks.quick(record, 0, record.length).keys).toEqual(keysOf(record, 0, record.length));
    const other = roomy(encode({ a: { user: 'x' }, source: { b: 1 }, more: [1, 2, { b: 3 }] }));
    expect(walks.quick(other, 0, other.length).keys).toBeNull();
    expect(walks.quick(record, 0, record.length).keys).toEqual(keysOf(record, 0, record.length));
  });

  it('is followed by code that says where the keys of its event map start', () => {
    const walks = bothWalks(10);
    const record = roomy(
      encode({ a: 'x', event: { a: 'y', b: { c: [1] }, d: 2 }, source: { event: { a: 1 } } }),
    );
    for (let n = 0; n < 100; n += 1) walks.quick(record, 0, record.length);
    const { keys, eventKeys } = walks.quick(record, 0, record.length);
    expect(eventKeys).toEqual(keysOf(record, eventMapOf(record, keys!), record.length));
  });

  it('puts no text of a record into its code', () => {
    const texts: string[] = [];
    const { Function: real } = globalThis;
    vi.stubGlobal('Function', function stub(...text: string[]) {
      texts.push(...text);
      return Reflect.construct(real, text) as unknown;
    });
    const walks = bothWalks(1);
    const record = encode({ a: { user: 'evil()', 'evil()': ['evil()'] }, 'evil();//': { b: 'evil()' } });
    for (let n = 0; n < 3; n += 1) expectSame(walks, record);
    expect(texts.length).toBeGreaterThan(0);
    const words = new Set(texts.join('\n').match(/[a-z]\w*/gi));
    expect([...words].filter((w) => !known.has(w))).toEqual([]);
  });
});

/** All words that the code of a shape may have. */
const known = new Set(
  (
    'sizes return buf view pos states positions reached count const let if else limit length b at size ' +
    'getInt32 true keys keyCount eventKeys eventCount x1f xe0 xa0 xd9 xda xc0'
  ).split(' '),
);
