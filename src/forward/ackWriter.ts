// What a server writes on a connection. A peer that waits for each answer gets it in a write of its own: such peers take
// one HELO, PONG or ack a read and do not put pieces together again (Fluentd recv(512), Fluent Bit's 512-byte buffer,
// fluent-logger's one 'data' event). Acks that come in one go, or while a write is not out, go together in the next one.
// Only a peer that sends on without waiting has more than one due, and that must read a stream whatever we do: TCP joins
// writes too. With one event a message a write for each ack was a quarter of all that an event costs.
import type { Socket } from 'node:net';

/** Acks, and bytes of them (a chunk id may be long), that may wait on a peer that does not read, before it is no longer read. */
const MAX_WAITING_ACKS = 1024;
const MAX_WAITING_BYTES = 256 * 1024;
/** Acks, and bytes of them, that are written together. */
const MAX_TOGETHER = 64;
const MAX_TOGETHER_BYTES = 16 * 1024;

export class AckWriter {
  readonly #socket: Socket;
  readonly #onBacklog: (waiting: boolean) => void;
  readonly #queue: Buffer[] = [];
  #waitingBytes = 0;
  /** A write is not out yet, or about to be made. */
  #writing = false;
  #ending = false;
  #backlog = false;

  /** @param onBacklog told when more than MAX_WAITING_ACKS or MAX_WAITING_BYTES wait, and when they no longer do. */
  constructor(socket: Socket, onBacklog: (waiting: boolean) => void) {
    this.#socket = socket;
    this.#onBacklog = onBacklog;
  }

  write(bytes: Buffer): void {
    this.#queue.push(bytes);
    this.#waitingBytes += bytes.length;
    if (!this.#backlog && this.#over(1)) {
      this.#backlog = true;
      this.#onBacklog(true);
    }
    if (this.#writing) return;
    this.#writing = true;
    process.nextTick(this.#next);
  }

  /** Nothing more will be written: closes our side once all of it is out. */
  end(): void {
    this.#ending = true;
    if (!this.#writing) this.#socket.end();
  }

  #over(share: number): boolean {
    return this.#queue.length > MAX_WAITING_ACKS * share || this.#waitingBytes > MAX_WAITING_BYTES * share;
  }

  readonly #next = (): void => {
    const { length } = this.#queue;
    if (length === 0 || this.#socket.destroyed) {
      this.#writing = false;
      if (this.#ending) this.#socket.end();
      return;
    }
    let count = 1;
    let bytes = this.#queue[0]!.length;
    while (
      count < Math.min(length, MAX_TOGETHER) &&
      bytes + this.#queue[count]!.length <= MAX_TOGETHER_BYTES
    ) {
      bytes += this.#queue[count]!.length;
      count += 1;
    }
    const taken = this.#queue.splice(0, count);
    this.#waitingBytes -= bytes;
    if (this.#backlog && !this.#over(0.5)) {
      this.#backlog = false;
      this.#onBacklog(false);
    }
    this.#socket.write(count === 1 ? taken[0]! : Buffer.concat(taken, bytes), this.#next);
  };
}
