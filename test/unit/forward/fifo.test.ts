import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fifo, Linked } from '../../../src/forward/fifo.js';

class Item extends Linked {
  readonly value: number;
  constructor(value: number) {
    super();
    this.value = value;
  }
}

describe('what is under way, in order', () => {
  it('is what a list says, whatever is added and deleted in whatever order', () => {
    const step = fc.oneof(
      fc.constant('add' as const),
      fc.record({ deletes: fc.nat() }),
      fc.record({ takes: fc.nat(30) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const fifo = new Fifo<Item>();
        let list: Item[] = [];
        let next = 0;
        for (const s of steps) {
          if (s === 'add') {
            const item = new Item(next++);
            list.push(item);
            fifo.add(item);
          } else if ('deletes' in s) {
            if (list.length === 0) continue;
            const [gone] = list.splice(s.deletes % list.length, 1);
            fifo.delete(gone!);
          } else {
            const found = list.find((one) => one.value % 31 === s.takes) ?? null;
            expect(fifo.take((one) => one.value % 31 === s.takes)).toBe(found);
            list = list.filter((one) => one !== found);
          }
          expect(fifo.all()).toEqual(list);
          expect(fifo.size).toBe(list.length);
          expect(fifo.first).toBe(list[0] ?? null);
        }
      }),
    );
  });

  it('is not kept by what has left it: a deleted item leads to no other', () => {
    const fifo = new Fifo<Item>();
    const items = [1, 2, 3].map((n) => new Item(n));
    for (const item of items) fifo.add(item);
    fifo.delete(items[1]!);
    expect(items[1]).toEqual(new Item(2));
  });
});
