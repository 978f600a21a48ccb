// A server on TCP that does what a test tells it to, message by message: for the client side of the Forward protocol.
import { createServer, type Server, type Socket } from 'node:net';
import { skip } from '../../src/msgpack/scan.js';

export interface Script {
  /** A connection was opened: the n-th, from 0. */
  readonly onOpen?: (socket: Socket, n: number) => void;
  /** A whole message came. */
  readonly onMessage?: (bytes: Buffer, socket: Socket, n: number) => void;
}

export class ScriptedServer {
  readonly messages: Buffer[] = [];
  connections = 0;
  port = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #waiting: (() => void)[] = [];

  private constructor(script: Script) {
    this.#server = createServer((socket) => {
      const n = this.connections;
      this.connections += 1;
      this.#sockets.add(socket);
      let rest: Buffer = Buffer.alloc(0);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('data', (bytes) => {
        rest = Buffer.concat([rest, bytes]);
        for (
          let end = skip(rest, 0, rest.length);
          end > 0 && rest.length > 0;
          end = skip(rest, 0, rest.length)
        ) {
          const message = rest.subarray(0, end);
          rest = rest.subarray(end);
          this.messages.push(message);
          script.onMessage?.(message, socket, n);
        }
        this.#wake();
      });
      script.onOpen?.(socket, n);
      this.#wake();
    });
  }

  static async start(script: Script): Promise<ScriptedServer> {
    const s = new ScriptedServer(script);
    await new Promise<void>((resolve) => s.#server.listen(0, '127.0.0.1', resolve));
    s.port = (s.#server.address() as { port: number }).port;
    return s;
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #wake(): void {
    for (const w of this.#waiting.splice(0)) w();
  }
}
