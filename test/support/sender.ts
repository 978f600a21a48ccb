// A raw Forward client for tests: writes bytes as they are, collects what comes back.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { decodeMulti } from '@msgpack/msgpack';

export class Sender {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #closed = false;
  #waiting: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    const wake = (): void => {
      for (const w of this.#waiting.splice(0)) w();
    };
    socket.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
      wake();
    });
  }

  /** @param allowHalfOpen whether it may close its own side alone. */
  static async to(port: number, allowHalfOpen = false): Promise<Sender> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen });
    await once(socket, 'connect');
    return new Sender(socket);
  }

  write(...parts: readonly Uint8Array[]): void {
    for (const part of parts) this.socket.write(part);
  }

  get received(): Buffer {
    return this.#received;
  }
  get closed(): boolean {
    return this.#closed;
  }

  /** The chunk ids acked so far. */
  get acks(): unknown[] {
    try {
      return [...decodeMulti(this.#received)].map((v) => (v as { ack: unknown }).ack);
    } catch {
      return [];
    }
  }

  /** Resolves when `n` acks have come. */
  async acked(n: number): Promise<void> {
    while (this.acks.length < n && !this.#closed) await this.#next();
    if (this.acks.length < n) throw new Error(`closed after ${this.acks.length} acks of ${n}`);
  }

  /** Resolves when the peer has closed. */
  async ended(): Promise<void> {
    while (!this.#closed) await this.#next();
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.ended();
  }

  #next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
