// Random msgpack records for property tests: every kind and every header width, shortest or not.
import fc from 'fast-check';

const head = (first: number, ...rest: number[]): Buffer => Buffer.from([first, ...rest]);
const u16 = (n: number): number[] => [n >>> 8, n & 0xff];
const u32 = (n: number): number[] => [(n >>> 24) & 0xff, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff];

/** Header of a container or text in one of the widths that can hold `n`. */
function sized(
  n: number,
  width: number,
  fix: number | null,
  fixMax: number,
  w8: number | null,
  w16: number,
): Buffer {
  if (width === 0 && fix !== null && n <= fixMax) return head(fix | n);
  if (width <= 1 && w8 !== null && n < 0x100) return head(w8, n);
  if (width <= 2) return head(w16, ...u16(n));
  return head(w16 + 1, ...u32(n));
}

const width = fc.integer({ min: 0, max: 3 });
export const arbitraryStr = (text: fc.Arbitrary<string>): fc.Arbitrary<Buffer> =>
  fc.tuple(text, width).map(([s, w]) => {
    const body = Buffer.from(s, 'utf8');
    return Buffer.concat([sized(body.length, w, 0xa0, 31, 0xd9, 0xda), body]);
  });

const numbers: fc.Arbitrary<Buffer> = fc.oneof(
  fc.integer({ min: 0, max: 127 }).map((n) => head(n)),
  fc.integer({ min: -32, max: -1 }).map((n) => head(n & 0xff)),
  fc
    .constantFrom(0xca, 0xce, 0xd2)
    .chain((t) => fc.uint8Array({ minLength: 4, maxLength: 4 }).map((b) => Buffer.concat([head(t), b]))),
  fc
    .constantFrom(0xcb, 0xcf, 0xd3)
    .chain((t) => fc.uint8Array({ minLength: 8, maxLength: 8 }).map((b) => Buffer.concat([head(t), b]))),
);
const others: fc.Arbitrary<Buffer> = fc.oneof(
  fc.constantFrom(head(0xc0), head(0xc2), head(0xc3)),
  fc.tuple(fc.uint8Array({ maxLength: 40 }), width).map(([b, w]) => {
    // bin, and invalid UTF-8 in a str.
    const bin = w < 2;
    return Buffer.concat([bin ? head(0xc4, b.length) : head(0xd9, b.length), b]);
  }),
  fc.uint8Array({ minLength: 8, maxLength: 8 }).map((b) => Buffer.concat([head(0xd7, 0), b])),
  fc.uint8Array({ maxLength: 20 }).map((b) => Buffer.concat([head(0xc7, b.length, 5), b])),
);

export const arbitraryKey: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('a', 'b', 'user', 'source', 'message', '__proto__', 'constructor', '7'),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 40 }).map((s) => s.replaceAll('.', '_')) },
);

/** Keys as no library writes them: bin, numbers, nil, ext, invalid UTF-8, containers. */
export const arbitraryOddKey: fc.Arbitrary<Buffer> = fc.oneof(
  numbers,
  others,
  fc.constantFrom('event', 'rule', 'x').map((s) => Buffer.concat([head(0xc4, s.length), Buffer.from(s)])),
  fc.constant(Buffer.from([0x91, 0x01])),
  fc.constant(Buffer.from([0x81, 0x01, 0xc0])),
);

/** A msgpack value of any kind. */
export const arbitraryValue: fc.Arbitrary<Buffer> = fc.letrec<{ value: Buffer; map: Buffer; array: Buffer }>(
  (tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      arbitraryStr(fc.string({ maxLength: 60 })),
      numbers,
      others,
      tie('map'),
      tie('array'),
    ),
    map: arbitraryMap(arbitraryKey, tie('value')),
    array: fc
      .tuple(fc.array(tie('value'), { maxLength: 4 }), width)
      .map(([items, w]) => Buffer.concat([sized(items.length, w, 0x90, 15, null, 0xdc), ...items])),
  }),
).value;

/** A map with keys of `key` and values of `value`, in any header width, duplicates possible. */
export function arbitraryMap(key: fc.Arbitrary<string>, value: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  return arbitraryMapOf(arbitraryStr(key), value);
}

/** The same with keys that are msgpack values themselves, of any kind. */
export function arbitraryMapOf(
  key: fc.Arbitrary<Buffer>,
  value: fc.Arbitrary<Buffer>,
  most = 20,
): fc.Arbitrary<Buffer> {
  return fc
    .tuple(fc.array(fc.tuple(key, value), { maxLength: most }), width)
    .map(([pairs, w]) => Buffer.concat([sized(pairs.length, w, 0x80, 15, null, 0xde), ...pairs.flat()]));
}

/** A whole record. */
export const arbitraryRecord: fc.Arbitrary<Buffer> = arbitraryMap(arbitraryKey, arbitraryValue);
