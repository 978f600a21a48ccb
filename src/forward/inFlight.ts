// What was sent over one connection and is not confirmed yet, in the order in which it was sent.
import type { OutChunk } from '../sinks/output.js';
import { Fifo } from './fifo.js';

/** A chunk on its way: it keeps its id however often and wherever it is sent. */
export interface Outgoing {
  readonly sequence: number;
  readonly id: string;
  readonly chunk: OutChunk;
  readonly confirm: () => void;
  readonly fail: (cause: Error) => void;
}

interface Sent {
  readonly outgoing: Outgoing;
  /** Monotonic ms. */
  readonly sentAt: number;
}

/** Ids of confirmed chunks that are remembered, so that a server that acks twice is not mistaken for a broken one. */
const REMEMBERED = 1024;

export class InFlight {
  readonly #sent = new Fifo<Sent>();
  readonly #confirmed: string[] = [];
  #confirmedCount = 0;

  get size(): number {
    return this.#sent.size;
  }

  /** What has waited longest. */
  get oldest(): Sent | null {
    return this.#sent.first;
  }

  add(outgoing: Outgoing, sentAt: number): void {
    this.#sent.add({ outgoing, sentAt });
  }

  /** The chunk with this id, which is in flight no longer; null: none is. Servers ack in order, or nearly so. */
  confirm(id: string): Outgoing | null {
    const sent = this.#sent.take((s) => s.outgoing.id === id);
    if (sent === null) return null;
    this.#confirmed[this.#confirmedCount % REMEMBERED] = id;
    this.#confirmedCount += 1;
    return sent.outgoing;
  }

  /** Whether the chunk was among the last that were confirmed. */
  hasConfirmed(id: string): boolean {
    return this.#confirmed.includes(id);
  }

  /** In order. */
  all(): Outgoing[] {
    return this.#sent.all().map((s) => s.outgoing);
  }
}
