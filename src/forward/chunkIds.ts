// Ids of chunks as Fluentd makes them: 16 random bytes in base64. Random bytes are asked for by the page: a call a
// chunk was a tenth of the cost of a small one.

const ID_BYTES = 16;
const PAGE = 4096;

export class ChunkIds {
  readonly #random: (bytes: number) => Buffer;
  #page: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(random: (bytes: number) => Buffer) {
    this.#random = random;
  }

  next(): string {
    if (this.#at + ID_BYTES > this.#page.length) {
      this.#page = this.#random(PAGE);
      this.#at = 0;
    }
    this.#at += ID_BYTES;
    return this.#page.toString('base64', this.#at - ID_BYTES, this.#at);
  }
}
