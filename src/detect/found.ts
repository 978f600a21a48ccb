// What a walk over a record found: at which offsets there are values that some rule may read, and which state of the
// key automaton each is in. Numbers only, reused for every record; what it means is worked out when it must be.
import { kindOf } from '../msgpack/scan.js';
import type { PathState } from './paths.js';

/** Values in document order: the state's id, and the offset of the value in the buffer that was walked. */
export class Found {
  states = new Int32Array(256);
  positions = new Int32Array(256);
  count = 0;

  /** Makes room for `more` values. */
  reserve(more: number): void {
    while (this.count + more > this.states.length) {
      this.states = wider(this.states);
      this.positions = wider(this.positions);
    }
  }

  add(state: number, position: number): void {
    const i = this.count;
    if (i === this.states.length) this.reserve(1);
    this.states[i] = state;
    this.positions[i] = position;
    this.count = i + 1;
  }
}

/** The same by slot: slot, source buffer (index into `sources`) and offset. */
export class Hits {
  slots = new Int32Array(256);
  positions = new Int32Array(256);
  from = new Int32Array(256);
  count = 0;
  readonly sources: Buffer[] = [];
  /** By source: the column whose JSON text it is; -1 for the record itself. */
  readonly columns: number[] = [];

  clear(): void {
    this.count = 0;
    if (this.sources.length === 0) return;
    this.sources.length = 0;
    this.columns.length = 0;
  }

  /**
   * Adds what was found in `buf`. Arrays and maps are reported under marks only: the slots from `firstMark` on.
   * @param column the column whose JSON text `buf` was; -1 for a record.
   */
  take(found: Found, buf: Buffer, states: readonly PathState[], firstMark: number, column = -1): void {
    const source = this.sources.push(buf) - 1;
    this.columns.push(column);
    for (let i = 0; i < found.count; i += 1) {
      const { slots } = states[found.states[i]!]!;
      const pos = found.positions[i]!;
      const isContainer = kindOf(buf[pos]!) === 'array' || kindOf(buf[pos]!) === 'map';
      for (let s = 0; s < slots.length; s += 1) {
        if (!isContainer || slots[s]! >= firstMark) this.#add(slots[s]!, pos, source);
      }
    }
  }

  #add(slot: number, position: number, source: number): void {
    const i = this.count;
    if (i === this.slots.length) {
      this.slots = wider(this.slots);
      this.positions = wider(this.positions);
      this.from = wider(this.from);
    }
    this.slots[i] = slot;
    this.positions[i] = position;
    this.from[i] = source;
    this.count = i + 1;
  }
}

function wider(a: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const b = new Int32Array(a.length * 2);
  b.set(a);
  return b;
}
