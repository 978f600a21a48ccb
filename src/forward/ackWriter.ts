// What a server writes on a connection, each in one write of its own: peers take one HELO, PONG or ack a read and do
// not put pieces together again (Fluentd recv(512), Fluent Bit's 512-byte buffer, fluent-logger's one 'data' event).
import type { Socket } from 'node:net';

/** Acks, and bytes of them (a chunk id may be long), that may wait on a peer that does not read, before it is no longer read. */
const MAX_WAITING_ACKS = 1024;
const MAX_WAITING_BYTES = 256 * 1024;

export class AckWriter {
  readonly #socket: Socket;
  readonly #onBacklog: (waiting: boolean) => void;
  readonly #queue: Buffer[] = [];
  #waitingBytes = 0;
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
    if (!this.#writing) this.#next();
  }

  /** Nothing more will be written: closes our side once all of it is out. */
  end(): void {
    this.#ending = true;
    if (!this.#writing) this.#socket.end();
  }

  #over(share: number): boolean {
    return this.#queue.length > MAX_WAITING_ACKS * share || this.#waitingBytes > MAX_WAITING_BYTES * share;
  }

  #next(): void {
    const bytes = this.#queue.shift();
    if (!bytes || this.#socket.destroyed) {
      this.#writing = false;
      if (this.#ending) this.#socket.end();
      return;
    }
    this.#writing = true;
    this.#waitingBytes -= bytes.length;
    if (this.#backlog && !this.#over(0.5)) {
      this.#backlog = false;
      this.#onBacklog(false);
    }
    // The next one only after this one is out: two in one segment would be read as one.
    this.#socket.write(bytes, () => this.#next());
  }
}
