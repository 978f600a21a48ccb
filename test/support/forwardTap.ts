// A proxy between two Forward peers: passes every byte on, and keeps in one order what was sent and what was acked.
import { connect, createServer, type Server, type Socket } from 'node:net';
import { skip } from '../../src/msgpack/scan.js';
import { type Plain, unpack } from './wire.js';

/** One whole message that went through. */
export interface Passage {
  readonly chunk: string;
  /** Ids of its events (`ev-1`, …). */
  readonly ids: readonly string[];
  /** When it was seen, in steps of the order that all taps share. */
  readonly at: number;
  /** When its ack was seen; null: never, over this connection. */
  ackedAt: number | null;
  /** When its ack was seen or its connection ended. */
  endedAt: number | null;
}

let step = 0;
/** The next moment of that order. */
function now(): number {
  step += 1;
  return step;
}

/** Calls `whole` for each MessagePack value as soon as all of its bytes have come. */
function values(socket: Socket, whole: (bytes: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (let end = rest.length > 0 ? skip(rest, 0, rest.length) : 0; end > 0; ) {
      whole(rest.subarray(0, end));
      rest = rest.subarray(end);
      end = rest.length > 0 ? skip(rest, 0, rest.length) : 0;
    }
  });
}

export class ForwardTap {
  readonly passages: Passage[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  readonly #ackDelay: (connection: number) => number;
  #connections = 0;

  private constructor(to: number, ackDelay: (connection: number) => number) {
    this.#ackDelay = ackDelay;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#join(client, to));
  }

  /**
   * @param port where it listens. @param to the port on this machine that it passes on to.
   * @param ackDelay for how long what comes back on the n-th connection (from 0) is held, ms.
   */
  static async start(
    port: number,
    to: number,
    ackDelay: (connection: number) => number = () => 0,
  ): Promise<ForwardTap> {
    const tap = new ForwardTap(to, ackDelay);
    await new Promise<void>((resolve) => tap.#server.listen(port, '127.0.0.1', resolve));
    return tap;
  }

  /** The most events that waited for an ack at the same time. */
  get mostInFlight(): number {
    const changes = this.passages.flatMap((p) => [
      { at: p.at, by: p.ids.length },
      { at: p.endedAt ?? Number.POSITIVE_INFINITY, by: -p.ids.length },
    ]);
    let waiting = 0;
    let most = 0;
    for (const { by } of changes.sort((x, y) => x.at - y.at)) {
      waiting += by;
      most = Math.max(most, waiting);
    }
    return most;
  }

  /** Event id to its passages, in their order. */
  byEvent(): Map<string, Passage[]> {
    const all = new Map<string, Passage[]>();
    for (const p of this.passages)
      for (const id of p.ids) {
        const list = all.get(id);
        if (list) list.push(p);
        else all.set(id, [p]);
      }
    return all;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, to: number): void {
    const server = connect({ host: '127.0.0.1', port: to, allowHalfOpen: true, noDelay: true });
    client.setNoDelay(true);
    const waiting = new Map<string, Passage>();
    const delay = this.#ackDelay(this.#connections);
    this.#connections += 1;
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', (failed) => {
        this.#sockets.delete(socket);
        if (failed) other.destroy();
      });
    }
    // Read only once the peer is there: what nobody took was not sent.
    server.once('connect', () => {
      this.#keep(client, server, waiting);
      client.pipe(server);
      if (delay === 0) server.pipe(client);
      else server.on('data', (bytes) => setTimeout(() => client.write(bytes), delay));
    });
  }

  #keep(client: Socket, server: Socket, waiting: Map<string, Passage>): void {
    values(client, (bytes) => {
      const message = unpack(bytes) as unknown[];
      const { chunk } = (message.at(-1) ?? {}) as Plain;
      const ids = [...bytes.toString('latin1').matchAll(/ev-\d+/g)].map(([id]) => id);
      const passage: Passage = {
        chunk: String(chunk),
        ids: [...new Set(ids)],
        at: now(),
        ackedAt: null,
        endedAt: null,
      };
      this.passages.push(passage);
      waiting.set(passage.chunk, passage);
    });
    values(server, (bytes) => {
      const { ack } = unpack(bytes) as Plain;
      const passage = waiting.get(String(ack));
      if (!passage) return;
      passage.ackedAt ??= now();
      passage.endedAt ??= passage.ackedAt;
    });
    client.on('close', () => {
      for (const p of waiting.values()) p.endedAt ??= now();
    });
  }
}
