// What was sent over one connection and is not confirmed yet, in the order in which it was sent.
import type { Fate, OutChunk } from '../sinks/output.js';
import { Fifo, Linked } from './fifo.js';

/** A chunk on its way, until a server has acked it or the output is closed: it keeps its id however often it is sent. */
export class Outgoing extends Linked {
  readonly sequence: number;
  readonly id: string;
  readonly chunk: OutChunk;
  /** The last time; monotonic ms. */
  sentAt = 0;
  readonly #fate: Fate;
  readonly #count: number;
  readonly #ended: (count: number) => void;

  /** @param count of chunks that are in it. @param ended is told of it once their fate is told. */
  constructor(
    sequence: number,
    id: string,
    chunk: OutChunk,
    fate: Fate,
    count: number,
    ended: (count: number) => void,
  ) {
    super();
    this.sequence = sequence;
    this.id = id;
    this.chunk = chunk;
    this.#fate = fate;
    this.#count = count;
    this.#ended = ended;
  }

  confirm(): void {
    this.#fate.confirm();
    this.#ended(this.#count);
  }

  fail(cause: Error): void {
    this.#fate.fail(cause);
    this.#ended(this.#count);
  }
}

/** Ids of confirmed chunks that are remembered, so that a server that acks twice is not mistaken for a broken one. */
const REMEMBERED = 1024;

export class InFlight {
  readonly #sent = new Fifo<Outgoing>();
  readonly #confirmed: string[] = [];
  #confirmedCount = 0;

  get size(): number {
    return this.#sent.size;
  }

  /** What has waited longest. */
  get oldest(): Outgoing | null {
    return this.#sent.first;
  }

  add(outgoing: Outgoing, sentAt: number): void {
    outgoing.sentAt = sentAt;
    this.#sent.add(outgoing);
  }

  /**
   * The chunk whose id stands in `[from, to)`, which is in flight no longer; null: none is. Servers ack in order, or
   * nearly so.
   */
  confirm(buf: Buffer, from: number, to: number): Outgoing | null {
    const { first } = this.#sent;
    if (first !== null && isIdAt(first.id, buf, from, to)) {
      this.#sent.delete(first);
      this.#remember(first.id);
      return first;
    }
    const outgoing = this.#sent.take((o) => isIdAt(o.id, buf, from, to));
    if (outgoing !== null) this.#remember(outgoing.id);
    return outgoing;
  }

  /** A chunk is in flight no longer; false: it was not. */
  settle(outgoing: Outgoing): boolean {
    if (this.#sent.take((o) => o === outgoing) === null) return false;
    this.#remember(outgoing.id);
    return true;
  }

  #remember(id: string): void {
    this.#confirmed[this.#confirmedCount % REMEMBERED] = id;
    this.#confirmedCount += 1;
  }

  /** Whether the chunk was among the last that were confirmed. */
  hasConfirmed(id: string): boolean {
    return this.#confirmed.includes(id);
  }

  /** In order. */
  all(): Outgoing[] {
    return this.#sent.all();
  }
}

/** Ids are ASCII. */
function isIdAt(id: string, buf: Buffer, from: number, to: number): boolean {
  if (to - from !== id.length) return false;
  for (let i = 0; i < id.length; i += 1) if (buf[from + i] !== id.charCodeAt(i)) return false;
  return true;
}
