// What a walk over a record found: at which offsets there are values that some rule may read, and which state of the
// key automaton each is in. Numbers only, reused for every record; what it means is worked out when it must be.
import { empty } from './empty.js';

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

/** The states of a record's values: most records have those of the one before, so what follows from them alone is kept. */
export class Sequence {
  #states = new Int32Array(256);
  #count = -1;

  /** Whether it is of these values too. */
  isOf({ states, count }: Found): boolean {
    if (count !== this.#count) return false;
    const own = this.#states;
    for (let i = 0; i < count; i += 1) if (states[i] !== own[i]) return false;
    return true;
  }

  take({ states, count }: Found): void {
    if (this.#states.length < count) this.#states = new Int32Array(states.length);
    for (let i = 0; i < count; i += 1) this.#states[i] = states[i]!;
    this.#count = count;
  }

  forget(): void {
    this.#count = -1;
  }
}

/** The same of a whole record: of its own bytes, and of the JSON text of its columns. */
export class Hits extends Found {
  /** The buffers that were walked. */
  readonly sources: Buffer[] = [];
  /** By source: the column whose JSON text it is; -1 for the record itself. */
  readonly columns: number[] = [];
  /** By source: the number of values up to its last. */
  readonly ends: number[] = [];

  clear(): void {
    this.count = 0;
    empty(this.sources);
    empty(this.columns);
    empty(this.ends);
  }

  /**
   * Adds what was found in `buf`.
   * @param column the column whose JSON text `buf` was; -1 for a record.
   */
  take(found: Found, buf: Buffer, column = -1): void {
    const { count, states, positions } = found;
    this.reserve(count);
    const from = this.count;
    for (let i = 0; i < count; i += 1) {
      this.states[from + i] = states[i]!;
      this.positions[from + i] = positions[i]!;
    }
    this.count = from + count;
    this.sources.push(buf);
    this.columns.push(column);
    this.ends.push(this.count);
  }

  /** The source of value `i`. */
  sourceOf(i: number): number {
    let source = 0;
    while (i >= this.ends[source]!) source += 1;
    return source;
  }
}

function wider(a: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const b = new Int32Array(a.length * 2);
  b.set(a);
  return b;
}
