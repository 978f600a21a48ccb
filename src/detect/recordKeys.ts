// Where the keys of a record itself, and those of its `event` map, start, as far as the walk has come by them: so that
// tags, which go to a few of them, need not skip over the record to find them. Known only of records that code was made
// for (shapeCode.ts); of others whoever needs them looks himself.

/** A record of more keys is walked, not followed (shapeStore.ts). */
const MAX_KEYS = 128;

export class RecordKeys {
  /** Offsets, in order. */
  readonly starts = new Int32Array(MAX_KEYS);
  /** How many of them: each key once; one that the walk passed in another way is not among them. */
  passed = 0;
  /** The same of the keys in its `event` map. */
  readonly eventStarts = new Int32Array(MAX_KEYS);
  eventPassed = 0;
  #buf: Buffer | null = null;
  #pos = -1;

  /** The record at `pos` is walked from its start. */
  begin(buf: Buffer, pos: number): void {
    this.#buf = buf;
    this.#pos = pos;
    this.passed = 0;
    this.eventPassed = 0;
  }

  /** Whether all keys of the record at `pos`, which has `count` pairs, are in `starts`: then no other way was taken. */
  areOf(buf: Buffer, pos: number, count: number): boolean {
    return this.#buf === buf && this.#pos === pos && this.passed === count;
  }
}
