// What a server writes on a connection, each in one write of its own: peers take one HELO, PONG or ack a read and do
// not put pieces together again (Fluentd recv(512), Fluent Bit's 512-byte buffer, fluent-logger's one 'data' event).
import type { Socket } from 'node:net';

/** Acks that may wait on a peer that does not read them, before its connection is no longer read. */
const MAX_WAITING_ACKS = 1024;

export class AckWriter {
  readonly #socket: Socket;
  readonly #onBacklog: (waiting: boolean) => void;
  readonly #queue: Buffer[] = [];
  #writing = false;
  #backlog = false;

  /** @param onBacklog told when more than MAX_WAITING_ACKS wait, and when they no longer do. */
  constructor(socket: Socket, onBacklog: (waiting: boolean) => void) {
    this.#socket = socket;
    this.#onBacklog = onBacklog;
  }

  write(bytes: Buffer): void {
    this.#queue.push(bytes);
    if (!this.#backlog && this.#queue.length > MAX_WAITING_ACKS) {
      this.#backlog = true;
      this.#onBacklog(true);
    }
    if (!this.#writing) this.#next();
  }

  /** True when everything has been handed to the kernel. */
  get idle(): boolean {
    return !this.#writing;
  }

  #next(): void {
    const bytes = this.#queue.shift();
    if (!bytes || this.#socket.destroyed) {
      this.#writing = false;
      return;
    }
    this.#writing = true;
    if (this.#backlog && this.#queue.length <= MAX_WAITING_ACKS / 2) {
      this.#backlog = false;
      this.#onBacklog(false);
    }
    // The next one only after this one is out: two in one segment would be read as one.
    this.#socket.write(bytes, () => this.#next());
  }
}
