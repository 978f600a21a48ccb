// Sizes of msgpack values whose first byte says it all, as a table: one load instead of a row of comparisons.
// Layouts: msgpack spec, "Formats".

/** By first byte: size in bytes of nil, booleans, numbers, fixstr and fixext; 0: the first byte does not say. */
export const SCALAR_SIZE: Uint8Array = new Uint8Array(256);

const byFirstByte: readonly (readonly [size: number, ...first: number[]])[] = [
  [1, 0xc0, 0xc2, 0xc3],
  [2, 0xcc, 0xd0],
  [3, 0xcd, 0xd1, 0xd4],
  [4, 0xd5],
  [5, 0xca, 0xce, 0xd2],
  [6, 0xd6],
  [9, 0xcb, 0xcf, 0xd3],
  [10, 0xd7],
  [18, 0xd8],
];
SCALAR_SIZE.fill(1, 0x00, 0x80);
SCALAR_SIZE.fill(1, 0xe0, 0x100);
for (let n = 0; n < 32; n += 1) SCALAR_SIZE[0xa0 + n] = 1 + n;
for (const [size, ...first] of byFirstByte) for (const b of first) SCALAR_SIZE[b] = size;
