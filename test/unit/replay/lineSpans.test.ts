import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSpans } from '../../../src/replay/lineSpans.js';

interface Taken {
  readonly number: number;
  readonly text: string;
  readonly isValid: boolean;
}
const linesOf = (pieces: readonly Buffer[], max?: number): { taken: Taken[]; tooLong: number[] } => {
  const taken: Taken[] = [];
  const tooLong: number[] = [];
  const spans = new LineSpans(
    (buf, start, end, number, isValid) =>
      taken.push({ number, text: buf.toString('latin1', start, end), isValid }),
    (number) => tooLong.push(number),
    max,
  );
  for (const piece of pieces) spans.add(piece);
  spans.end();
  return { taken, tooLong };
};

describe('the lines of a capture', () => {
  it('are the same however small the pieces are that they come in', () => {
    const text = fc.array(fc.constantFrom('a', 'é', '\n', '\r\n', ' ', '{"x":1}', '\0'), { maxLength: 60 });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), (parts, size) => {
        const whole = Buffer.from(parts.join(''));
        const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
          whole.subarray(i * size, (i + 1) * size),
        );
        const expected = whole
          .toString('latin1')
          .split('\n')
          .map((line, i) => ({ number: i + 1, text: line.replace(/\r$/, ''), isValid: true }))
          .filter((line) => line.text.trim() !== '' || line.text.includes('\0'));
        expect(linesOf(pieces).taken).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it('leave out a BOM at the start, and say which line is not UTF-8', () => {
    const bytes = Buffer.concat([
      Buffer.from('\ufeff{}\n'),
      Buffer.from([0xff, 0x0a]),
      Buffer.from('\ufeffx'),
    ]);
    expect(linesOf([bytes]).taken.map((l) => [l.number, l.isValid, l.text.length])).toEqual([
      [1, true, 2],
      [2, false, 1],
      [3, true, 4],
    ]);
  });

  it('are told of and left out when they are longer than the bound, and only those', () => {
    const pieces = ['12345678\n', '123456', '789', '0', '\nend'].map((t) => Buffer.from(t));
    const { taken, tooLong } = linesOf(pieces, 9);
    expect(taken.map((l) => [l.number, l.text])).toEqual([
      [1, '12345678'],
      [3, 'end'],
    ]);
    expect(tooLong).toEqual([2]);
  });
});
