// A Forward receiver for tests: keeps what arrived byte for byte, and acks as it is told.
import { createServer, type Server, type Socket } from 'node:net';
import { headerSize, skip } from '../../src/msgpack/scan.js';
import { type Arrived, eventsOf, type Plain, pack, unpack } from './wire.js';

export interface DownstreamOptions {
  /** Whether a message is acked, `later`: with the next `release`; by default always and at once. */
  readonly acks?: (message: Received) => boolean | 'later';
}

export interface Received {
  readonly tag: string;
  readonly payload: Buffer;
  readonly option: Plain;
}

export class Downstream {
  readonly messages: Received[] = [];
  readonly #options: DownstreamOptions;
  readonly #sockets = new Set<Socket>();
  readonly #held: (() => void)[] = [];
  #server: Server;
  #waiting: (() => void)[] = [];
  port = 0;

  private constructor(options: DownstreamOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#read(socket));
  }

  static async start(options: DownstreamOptions = {}, port = 0): Promise<Downstream> {
    const d = new Downstream(options);
    await new Promise<void>((resolve) => d.#server.listen(port, '127.0.0.1', resolve));
    d.port = (d.#server.address() as { port: number }).port;
    return d;
  }

  get events(): Arrived[] {
    return this.messages.flatMap((m) => eventsOf([m.tag, m.payload]));
  }

  /** Resolves when `n` messages have come. */
  async received(n: number): Promise<void> {
    while (this.messages.length < n) await this.#next();
  }

  /** Resolves when `n` events have come. */
  async receivedEvents(n: number): Promise<void> {
    while (this.events.length < n) await this.#next();
  }

  /** Acks what was held. */
  release(): void {
    for (const ack of this.#held.splice(0)) ack();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #read(socket: Socket): void {
    let rest: Buffer = Buffer.alloc(0);
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      for (let end = skip(rest, 0, rest.length); end > 0; end = skip(rest, 0, rest.length)) {
        this.#take(rest.subarray(0, end), socket);
        rest = rest.subarray(end);
        if (rest.length === 0) break;
      }
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  /** `[tag, str|bin, option]`: the payload may be a str of any bytes, as Fluentd writes it. */
  #take(bytes: Buffer, socket: Socket): void {
    const payload = skip(bytes, 1, bytes.length);
    const option = skip(bytes, payload, bytes.length);
    const message = {
      tag: unpack(bytes.subarray(1, payload)) as string,
      payload: bytes.subarray(payload + headerSize(bytes[payload]!), option),
      option: option < bytes.length ? (unpack(bytes.subarray(option)) as Plain) : {},
    };
    this.messages.push(message);
    const { chunk } = message.option;
    if (chunk === undefined) return;
    const when = this.#options.acks?.(message) ?? true;
    if (when === 'later') this.#held.push(() => socket.write(pack({ ack: chunk })));
    else if (when) socket.write(pack({ ack: chunk }));
  }
}
