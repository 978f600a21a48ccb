// `<`, `<=`, `>`, `>=`: what is compared with what; addresses, networks and dates on the way.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dateRange, eventDate, queryDate } from '../../../src/kql/dates.js';
import { addressKey, networkTest } from '../../../src/kql/ip.js';
import { compareNumbers, truncated } from '../../../src/kql/numbers.js';
import { holds, holdsAs } from './holds.js';

const NOW = Date.UTC(2026, 10, 20, 12, 34, 56, 789);
const at = (query: string, f: unknown): boolean => holds(query, { f }, { now: () => NOW });
const iso = (ms: number | undefined): string => new Date(ms ?? Number.NaN).toISOString();

describe('ranges', () => {
  it.each([
    ['f > 9', 10, true, 'numbers by value'],
    ['f > 9', '10', true, 'a numeric string counts'],
    ['f > "9"', 10, true, 'a quoted number counts'],
    ['f >= 10', 10, true, 'the bound itself'],
    ['f > 10', 10, false, 'not the bound itself'],
    ['f <= -1.5', -1.5, true, 'negative decimals'],
    ['f < 1e3', 999, true, 'exponents'],
    ['f > 9007199254740992', 9007199254740993n, true, 'past the doubles'],
    ['f > 9', 'ten', false, 'a word is no number'],
    ['f > a', 'b', true, 'texts by their characters'],
    ['f > b', 'a', false, 'texts by their characters'],
    ['f > B', 'a', true, 'case counts'],
    ['f > a', '10', false, 'a number is no text'],
    ['f > a', true, true, 'a boolean is its text'],
    ['f > 10.0.0.9', '10.0.0.10', true, 'addresses in their order'],
    ['f < "::1"', '::', true, 'addresses in their order'],
    ['f > 10.0.0.9', 'b', false, 'a word is no address'],
    ['f > a', '10.0.0.1', false, 'an address is no text'],
    ['f > "2026-01-01"', '2026-01-02T00:00:00Z', true, 'dates in their order'],
    ['f > "2026-01-01"', '2026-01-01T23:59:59.999Z', false, 'after the day is after its end'],
    ['f >= "2026-01-01"', '2026-01-01T00:00:00Z', true, 'from the day is from its start'],
    ['f <= "2026-01-01"', '2026-01-01T23:59:59.999Z', true, 'up to the day is up to its end'],
    ['f < "2026-01-01"', '2026-01-01T00:00:00Z', false, 'before the day is before its start'],
    ['f > now-5m', '2026-11-20T12:30:00Z', true, 'the present'],
    ['f > now-5m', '2026-11-20T12:29:00Z', false, 'the present'],
    ['f >= "2026-01-01"', Date.UTC(2026, 0, 1), true, 'epoch milliseconds are a date'],
    ['f > 1767225599999', '2026-01-01T00:00:00Z', true, 'on either side'],
    ['f > *', 'a', true, 'a star is a star'],
  ] as [string, unknown, boolean, string][])('%s against %s is %s: %s', (query, value, result) =>
    expect(at(query, value)).toBe(result),
  );

  it('"now" is asked each time', () => {
    let now = NOW;
    const record = { f: new Date(NOW).toISOString() };
    const options = { now: () => now };
    expect(holds('f >= now-1h', record, options)).toBe(true);
    now += 3_600_001;
    expect(holds('f >= now-1h', record, options)).toBe(false);
  });

  it('.caseless compares lower-case texts', () => expect(at('f.caseless > B', 'a')).toBe(false));
});

describe('addresses and networks', () => {
  it.each([
    ['f:"::1"', '0:0:0:0:0:0:0:1', true],
    ['f:"2001:DB8::a"', '2001:db8:0::A', true],
    ['f:10.0.0.1', '::ffff:10.0.0.1', true],
    ['f:10.0.0.1', '10.0.0.10', false],
    ['f:"10.0.0.0/8"', '10.255.255.255', true],
    ['f:"10.1.2.3/8"', '10.9.9.9', true],
    ['f:10.0.0.0/8', '11.0.0.0', false],
    ['f:"10.0.0.0/8"', '::ffff:10.1.1.1', true],
    ['f:"fe80::/10"', 'febf::1', true],
    ['f:"fe80::/10"', 'fec0::1', false],
    ['f:"fe80::/10"', 'fe80::1%eth0', true],
    ['f:"0.0.0.0/0"', '1.2.3.4', true],
    ['f:"0.0.0.0/0"', '::1', false],
    ['f:"::/0"', '1.2.3.4', true],
    ['f:"192.168.1.1/32"', '192.168.1.1', true],
    ['f:"192.168.1.1/32"', '192.168.1.0', false],
    ['f:"192.168.1.128/25"', '192.168.1.127', false],
    ['f:"10.0.0.0/8"', '10.0.0.0/8', true],
    ['f:"10.0.0.0/33"', '10.0.0.1', false],
    ['f:"10.0.0.0/33"', '10.0.0.0/33', true],
    ['f:"10.0.0.0/8"', 'not an address', false],
  ])('%s against %s is %s', (query, value, result) => {
    expect(at(query, value)).toBe(result);
    expect(holds(query.replace('f:', 'source.ip:'), { source: { ip: value } })).toBe(result);
  });

  it('ranges of an ip field are address ranges', () => {
    expect(holds('source.ip >= "10.0.0.0" and source.ip < "11.0.0.0"', { 'source.ip': '10.20.0.1' })).toBe(
      true,
    );
    expect(holds('source.ip > "10.0.0.0"', { 'source.ip': 'x' })).toBe(false);
  });

  it('a key is 16 bytes, or null for what is no address', () => {
    expect(addressKey('1.2.3.4')).toBe('00000000000000000000ffff01020304');
    expect(addressKey('::1.2.3.4')).toBe('00000000000000000000000001020304');
    expect(addressKey('::')).toBe('0'.repeat(32));
    expect(addressKey('1:2:3:4:5:6:7:8')).toBe('00010002000300040005000600070008');
    for (const text of ['', '1.2.3', '01.2.3.4', '1:2', ':::', '1.2.3.4/8', 'g::'])
      expect(addressKey(text)).toBeNull();
  });

  it('every spelling of an address has one key', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const key = addressKey(text);
        expect(key).toMatch(/^[0-9a-f]{32}$/);
        expect(addressKey(text.toUpperCase())).toBe(key);
        expect(addressKey(key!.match(/.{4}/g)!.join(':'))).toBe(key);
      }),
    );
  });

  it('a network of any width holds its own addresses and not their neighbours', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 1, max: 32 }), (address, width) => {
        const bits = address.split('.').reduce((n, part) => n * 256 + Number(part), 0);
        const flipped = (bits ^ (1 << (32 - width))) >>> 0;
        const other = [24, 16, 8, 0].map((s) => (flipped >>> s) & 255).join('.');
        const inNetwork = networkTest(`${address}/${width}`)!;
        expect(inNetwork(address)).toBe(true);
        expect(inNetwork(other)).toBe(false);
      }),
    );
  });
});

describe('dates', () => {
  it.each([
    ['2026', '2026-01-01T00:00:00.000Z', '2026-12-31T23:59:59.999Z'],
    ['2026-02', '2026-02-01T00:00:00.000Z', '2026-02-28T23:59:59.999Z'],
    ['2026-02-03', '2026-02-03T00:00:00.000Z', '2026-02-03T23:59:59.999Z'],
    ['2026-02-03T04', '2026-02-03T04:00:00.000Z', '2026-02-03T04:59:59.999Z'],
    ['2026-02-03T04:05', '2026-02-03T04:05:00.000Z', '2026-02-03T04:05:59.999Z'],
    ['2026-02-03T04:05:06', '2026-02-03T04:05:06.000Z', '2026-02-03T04:05:06.999Z'],
    ['2026-02-03T04:05:06.57Z', '2026-02-03T04:05:06.570Z', '2026-02-03T04:05:06.570Z'],
    ['2026-02-03T04:05:06.123456789Z', '2026-02-03T04:05:06.123Z', '2026-02-03T04:05:06.123Z'],
    ['2026-02-03T04:05:06+02:00', '2026-02-03T02:05:06.000Z', '2026-02-03T02:05:06.999Z'],
    ['2026-02-03T04:05:06-0530', '2026-02-03T09:35:06.000Z', '2026-02-03T09:35:06.999Z'],
  ])('%s is from %s to %s', (text, from, to) => {
    const range = dateRange(text);
    expect([iso(range?.from), iso(range?.to)]).toEqual([from, to]);
  });

  it.each([
    '',
    '202',
    '2026-13',
    '2026-00-01',
    '2026-02-30',
    '2026-02-03T24:00',
    '2026-02-03T10:60',
    'now',
    '2026-1',
  ])('%j is no date', (text) => expect(dateRange(text)).toBeNull());

  it.each([
    ['now', '2026-11-20T12:34:56.789Z', '2026-11-20T12:34:56.789Z'],
    ['now-5m', '2026-11-20T12:29:56.789Z', '2026-11-20T12:29:56.789Z'],
    ['now-30d/d', '2026-10-21T00:00:00.000Z', '2026-10-21T23:59:59.999Z'],
    ['now/w', '2026-11-16T00:00:00.000Z', '2026-11-22T23:59:59.999Z'],
    ['now/M', '2026-11-01T00:00:00.000Z', '2026-11-30T23:59:59.999Z'],
    ['now/y', '2026-01-01T00:00:00.000Z', '2026-12-31T23:59:59.999Z'],
    ['now/h', '2026-11-20T12:00:00.000Z', '2026-11-20T12:59:59.999Z'],
    ['now/m', '2026-11-20T12:34:00.000Z', '2026-11-20T12:34:59.999Z'],
    ['now/s', '2026-11-20T12:34:56.000Z', '2026-11-20T12:34:56.999Z'],
    ['now+1h-1s', '2026-11-20T13:34:55.789Z', '2026-11-20T13:34:55.789Z'],
    ['now+w', '2026-11-27T12:34:56.789Z', '2026-11-27T12:34:56.789Z'],
    ['2026-01-31||+1M', '2026-02-28T00:00:00.000Z', '2026-02-28T23:59:59.999Z'],
    ['2024-02-29T00:00:00.000Z||+1y', '2025-02-28T00:00:00.000Z', '2025-02-28T00:00:00.000Z'],
    ['1767225600000', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'],
  ])('a query means by %s from %s to %s', (text, from, to) => {
    const range = queryDate(text, NOW);
    expect([iso(range?.from), iso(range?.to)]).toEqual([from, to]);
  });

  it.each(['nowhere', 'now-5', 'now-5q', 'now/', 'now||+1d', 'x||+1d'])('%s is no date of a query', (text) =>
    expect(queryDate(text, NOW)).toBeNull(),
  );

  it('an event may write ISO text or epoch milliseconds; four digits are a year', () => {
    expect(eventDate('1767225600000')).toBe(Date.UTC(2026, 0));
    expect(eventDate('2026')).toBe(Date.UTC(2026, 0));
    expect(eventDate('-1')).toBe(-1);
    expect(eventDate('yesterday')).toBeNull();
  });

  it.each([
    ['f:"2026-04-03"', '2026-04-03T10:00:00Z', true],
    ['f:"2026-04-03"', '2026-04-04T00:00:00Z', false],
    ['f:2026-04', Date.UTC(2026, 3, 30), true],
    ['f:now', 'now', false],
  ] as [string, unknown, boolean][])('a date field: %s against %s is %s', (query, value, result) =>
    expect(holdsAs('date', query, value)).toBe(result),
  );

  it('@timestamp is a date, and an undeclared field with a date in it is text when it comes to equality', () => {
    expect(holds('@timestamp:"2026-04-03"', { '@timestamp': '2026-04-03T10:00:00Z' })).toBe(true);
    expect(at('f:"2026-04-03"', '2026-04-03T10:00:00Z')).toBe(false);
  });
});

describe('numbers as text', () => {
  it('are ordered as their values, whatever their form', () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e100, max: 1e100 });
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(Math.sign(compareNumbers(String(a), String(b))!) + 0).toBe(a === b ? 0 : a < b ? -1 : 1);
      }),
    );
  });

  it('are ordered beyond the doubles', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt(), (a, b) => {
        const order = compareNumbers(String(a), `${b}.0`)!;
        expect([order < 0, order > 0]).toEqual([a < b, a > b]);
      }),
    );
  });

  it.each([
    ['5.9', '5'],
    ['-5.9', '-5'],
    ['12345678901234567890.5', '12345678901234567890'],
    ['1.5e1', '15'],
    ['x', null],
  ])('%s has the integer part %s', (text, whole) => expect(truncated(text)).toBe(whole));
});
