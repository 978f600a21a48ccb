// A skip that stops and goes on, against itself in one piece and against the plain skip: the same length, the same
// elements, the same objections, wherever it was cut.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrayHeader, encode } from '../../../src/msgpack/encode.js';
import { ResumableSkip } from '../../../src/msgpack/resumableSkip.js';
import { skip, TRUNCATED } from '../../../src/msgpack/scan.js';
import { arbitraryValue } from '../../support/arbitraryRecord.js';

interface Skipped {
  readonly length: number;
  readonly elements: readonly number[];
}

/** Fed piece by piece; `cuts` are the offsets at which a piece ends. */
function inPieces(bytes: Buffer, cuts: readonly number[], maxDepth = 512): Skipped {
  const made = new ResumableSkip(maxDepth);
  for (const end of [...cuts, bytes.length]) {
    const length = made.advance(bytes, 0, end);
    if (length !== TRUNCATED || end === bytes.length) return { length, elements: [...made.elements] };
  }
  throw new Error('unreachable');
}
const everyByte = (bytes: Buffer): number[] => Array.from({ length: bytes.length }, (_, i) => i);

const arrayOf = (values: readonly Buffer[]): Buffer => Buffer.concat([arrayHeader(values.length), ...values]);
const arbitraryEntries = fc
  .array(fc.array(arbitraryValue, { maxLength: 3 }).map(arrayOf), { maxLength: 20 })
  .map(arrayOf);
/** Of anything, entries of Forward mode among it. */
const arbitraryMessage = fc.array(fc.oneof(arbitraryValue, arbitraryEntries), { maxLength: 10 }).map(arrayOf);

describe('a resumable skip', () => {
  it('finds the same length and elements in one piece and in many', () => {
    fc.assert(
      fc.property(arbitraryMessage, fc.array(fc.nat({ max: 200 }), { maxLength: 6 }), (message, cuts) => {
        const sorted = cuts.filter((c) => c < message.length).sort((a, b) => a - b);
        const whole = inPieces(message, []);
        expect(whole.length).toBe(skip(message, 0, message.length));
        expect(inPieces(message, sorted)).toEqual(whole);
        expect(inPieces(message, everyByte(message))).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  it('makes the same objection to broken and to too deep bytes, in one piece and in many', () => {
    fc.assert(
      fc.property(
        arbitraryMessage,
        fc.nat(),
        fc.nat(255),
        fc.integer({ min: 1, max: 4 }),
        (message, at, byte, depth) => {
          const broken = Buffer.from(message);
          broken[at % broken.length] = byte;
          const whole = inPieces(broken, [], depth);
          expect(inPieces(broken, everyByte(broken), depth).length).toBe(whole.length);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('leaves bytes of the next value alone, and starts anew after a reset', () => {
    const made = new ResumableSkip(512);
    const two = Buffer.concat([encode(['a', 1, { b: 2 }]), encode(['c'])]);
    const length = made.advance(two, 0, two.length);
    expect(length).toBe(encode(['a', 1, { b: 2 }]).length);
    made.reset();
    expect(made.advance(two, length, two.length)).toBe(3);
    expect(made.elements).toEqual([1]);
  });
});
