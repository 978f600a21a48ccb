import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fifo, type FifoNode } from '../../../src/forward/fifo.js';

describe('what is under way, in order', () => {
  it('is what a list says, whatever is added and deleted in whatever order', () => {
    const step = fc.oneof(
      fc.constant('add' as const),
      fc.record({ deletes: fc.nat() }),
      fc.record({ takes: fc.nat(30) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const fifo = new Fifo<number>();
        let list: { value: number; node: FifoNode<number> }[] = [];
        let next = 0;
        for (const s of steps) {
          if (s === 'add') {
            list.push({ value: next, node: fifo.add(next) });
            next += 1;
          } else if ('deletes' in s) {
            if (list.length === 0) continue;
            const [gone] = list.splice(s.deletes % list.length, 1);
            fifo.delete(gone!.node);
          } else {
            const found = list.find((one) => one.value % 31 === s.takes)?.value ?? null;
            expect(fifo.take((value) => value % 31 === s.takes)).toBe(found);
            list = list.filter((one) => one.value !== found);
          }
          expect(fifo.all()).toEqual(list.map((one) => one.value));
          expect(fifo.size).toBe(list.length);
          expect(fifo.first).toBe(list[0]?.value ?? null);
        }
      }),
    );
  });

  it('is not kept by what has left it: a deleted node leads to no other', () => {
    const fifo = new Fifo<string>();
    const first = fifo.add('first');
    fifo.add('second');
    fifo.delete(first);
    expect(Object.values(first).filter((value) => value !== null)).toEqual(['first']);
  });
});
