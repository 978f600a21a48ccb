// The new body of a chunk, put together from slices of the old one and of our own bytes. Slices are not copied; but of
// very many short ones, which a sender can provoke (a broken entry beside every good one), each run is put together
// into one: a slice of a few bytes takes more than a hundred bytes of memory, and a write of its own. Long ones stay:
// the constant bytes of a tag are one piece of memory for all events that share them.

/** Slices in a run, and bytes of it below which it is put together. */
const RUN = 1024;
const SHORT_RUN = RUN * 256;

export class Slices {
  readonly #done: Buffer[] = [];
  #run: Buffer[] = [];
  #runBytes = 0;
  #copied = 0;

  add(slice: Buffer): void {
    this.#run.push(slice);
    this.#runBytes += slice.length;
    if (this.#run.length < RUN) return;
    if (this.#runBytes < SHORT_RUN) {
      this.#done.push(Buffer.concat(this.#run));
      this.#copied += this.#runBytes;
    } else this.#done.push(...this.#run);
    this.#run = [];
    this.#runBytes = 0;
  }

  get all(): Buffer[] {
    return [...this.#done, ...this.#run];
  }

  /** Bytes that were copied, and take memory of their own. */
  get copied(): number {
    return this.#copied;
  }
}
