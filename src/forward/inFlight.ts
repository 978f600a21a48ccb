// What was sent over one connection and is not confirmed yet, in the order in which it was sent.
import type { OutChunk } from '../sinks/output.js';
import { Fifo } from './fifo.js';

/** A chunk on its way: it keeps its id however often and wherever it is sent. */
export interface Outgoing {
  readonly sequence: number;
  readonly id: string;
  readonly chunk: OutChunk;
  /** The last time; monotonic ms. */
  sentAt: number;
  confirm(): void;
  fail(cause: Error): void;
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
    const isFirst = first !== null && isIdAt(first.id, buf, from, to);
    const outgoing = isFirst ? this.#sent.shift() : this.#sent.take((o) => isIdAt(o.id, buf, from, to));
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
