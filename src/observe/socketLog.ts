// Log lines to a socket (`tcp://HOST:PORT`, `unix:///PATH`), one JSON object a line, for a process whose stderr nobody
// keeps: Fluentd's in_tcp and in_unix-like sources, a collector. While nobody listens lines wait, bounded; then the
// oldest are dropped and counted. It never holds the program up, and never keeps it alive but to send what it has.
import { connect, type Socket } from 'node:net';

/** Lines that wait for a listener. */
const MAX_LINES = 1000;
/** Bytes handed to the kernel and not yet taken, past which lines wait here. */
const MAX_UNSENT = 2 ** 20;
const RETRY_MS = 1000;
const CONNECT_MS = 2000;

export class SocketLog {
  readonly #to: { readonly host: string; readonly port: number } | { readonly path: string };
  #lines: string[] = [];
  #dropped = 0;
  #socket: Socket | null = null;
  #isConnected = false;
  #retry: NodeJS.Timeout | null = null;

  /** @throws TypeError when `url` is neither tcp://HOST:PORT nor unix:///PATH. */
  constructor(url: string) {
    const { protocol, hostname, port, pathname } = new URL(url);
    if (protocol === 'unix:' && pathname.length > 1) this.#to = { path: decodeURIComponent(pathname) };
    else if (protocol === 'tcp:' && hostname !== '' && port !== '')
      this.#to = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
    else throw new TypeError(`${url}: a log socket is tcp://HOST:PORT or unix:///PATH`);
  }

  write(line: string): void {
    if (this.#lines.length >= MAX_LINES) {
      this.#lines.shift();
      this.#dropped += 1;
    }
    this.#lines.push(line);
    if (this.#isConnected) this.#send();
    else this.#connect();
  }

  #connect(): void {
    if (this.#socket !== null || this.#retry !== null) return;
    const socket = connect({ ...this.#to });
    this.#socket = socket;
    socket.setTimeout(CONNECT_MS, () => {
      if (!this.#isConnected) socket.destroy();
    });
    socket.on('connect', () => {
      this.#isConnected = true;
      socket.setTimeout(0);
      this.#send();
    });
    socket.on('drain', () => this.#send());
    // What the other side says is of no interest, but its end is.
    socket.resume();
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#socket = null;
      this.#isConnected = false;
      this.#retry = setTimeout(() => {
        this.#retry = null;
        if (this.#lines.length > 0) this.#connect();
      }, RETRY_MS);
      this.#retry.unref();
    });
  }

  #send(): void {
    const socket = this.#socket!;
    if (socket.writableLength > MAX_UNSENT) return;
    let text = this.#lines.join('');
    if (this.#dropped > 0)
      text = `{"level":"warn","msg":"${this.#dropped} log lines were dropped: nobody took them"}\n${text}`;
    this.#lines = [];
    this.#dropped = 0;
    socket.ref();
    socket.write(text, () => {
      if (socket.writableLength === 0) socket.unref();
    });
  }
}
