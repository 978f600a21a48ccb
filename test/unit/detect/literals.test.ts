import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LiteralTable } from '../../../src/detect/literals.js';
import { dataView } from '../../../src/msgpack/dataView.js';

/** Short, of few letters, so that texts come again, share lengths and differ in one place only. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', 'ü'), maxLength: 6 }),
  fc
    .tuple(fc.nat(60), fc.nat(60))
    .map(([length, at]) => `${'x'.repeat(Math.min(at, length))}y${'x'.repeat(length)}`),
);

describe('a table of literals', () => {
  it('finds by the bytes of a value the literal with just these, wherever they lie', () => {
    fc.assert(
      fc.property(
        fc.array(text, { maxLength: 60 }),
        fc.array(text),
        fc.nat(5),
        (literals, others, before) => {
          const table = new LiteralTable();
          const atoms = new Map<string, number>();
          for (const literal of literals) {
            if (!atoms.has(literal)) atoms.set(literal, atoms.size);
            table.add(literal, atoms.get(literal)!);
          }
          expect(table.size).toBe(atoms.size);
          for (const value of [...literals, ...others]) {
            const wanted = atoms.get(value) ?? -1;
            const buf = Buffer.from(`${'-'.repeat(before)}${value}`);
            expect(table.findBytes(buf, before, buf.length)).toBe(wanted);
            expect(table.findText(value)).toBe(wanted);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('the view of a buffer', () => {
  it('is of its own bytes, however many buffers take turns', () => {
    const memory = Buffer.from('abcdefgh');
    const parts = [memory.subarray(0, 2), memory.subarray(2, 4), memory.subarray(4), Buffer.from('i')];
    for (const n of [0, 1, 0, 1, 2, 3, 0, 0, 2, 1, 3, 2]) {
      const part = parts[n]!;
      const view = dataView(part);
      expect(view.byteLength).toBe(part.length);
      expect(view.getUint8(0)).toBe(part[0]);
      expect(dataView(part)).toBe(view);
    }
  });
});
