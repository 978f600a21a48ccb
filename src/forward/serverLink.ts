// One downstream server: a kept connection, what was sent over it and not yet acked, and trying again when it breaks.
// States: down → connecting → (greeting) → up → down. A connection that misbehaves in any way is thrown away with all
// that it knows; no ack is believed that did not come over the connection that the chunk went out on.
import type { Socket } from 'node:net';
import type { ForwardClientOptions, OutputServer } from '../config/config.js';
import { headerSize, lengthAt } from '../msgpack/scan.js';
import { ackIdAt, BadReply, ReplyReader } from './ackReader.js';
import { dial, openEvent } from './dial.js';
import { ClientHandshake } from './handshakeClient.js';
import { Heartbeat } from './heartbeat.js';
import { InFlight, type Outgoing } from './inFlight.js';
import { OutBlocks } from './outBlocks.js';
import { outMessage } from './outMessage.js';

export interface LinkEvents {
  onUp(link: ServerLink): void;
  /** The connection is gone; these were sent and not confirmed, in order. */
  onDown(link: ServerLink, unconfirmed: readonly Outgoing[], why: string): void;
}

export interface LinkDeps {
  readonly random: (bytes: number) => Buffer;
  /** 0 to 1, for jitter. */
  readonly chance: () => number;
  readonly now: () => number;
}

export class ServerLink {
  readonly server: OutputServer;
  readonly #options: ForwardClientOptions;
  readonly #events: LinkEvents;
  readonly #deps: LinkDeps;
  #socket: Socket | null = null;
  #heartbeat: Heartbeat | null = null;
  /** The connection is open and greeted; without heartbeats it is not used all the same. */
  #greeted = false;
  #closed = false;
  /** Once it could be dialed: what fails from then on passes. */
  #dialed = false;
  #failures = 0;
  #retry: NodeJS.Timeout | null = null;
  #ackTimer: NodeJS.Timeout | null = null;
  #inFlight = new InFlight();
  /** Of the open connection: short messages, and those for which no ack is asked, until they are written. */
  #out: OutBlocks | null = null;
  #unsaid: Outgoing[] = [];

  constructor(server: OutputServer, options: ForwardClientOptions, events: LinkEvents, deps: LinkDeps) {
    this.server = server;
    this.#options = options;
    this.#events = events;
    this.#deps = deps;
  }

  get name(): string {
    const { host, port } = this.server;
    return `forward://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  get up(): boolean {
    return this.#greeted && this.#heartbeat?.alive !== false;
  }

  get unconfirmed(): number {
    return this.#inFlight.size;
  }

  open(): void {
    if (this.#closed || this.#socket) return;
    if (this.#options.heartbeatType !== 'none') {
      this.#heartbeat ??= new Heartbeat(this.server, this.#options, this.#deps.now, (alive) =>
        this.#beats(alive),
      );
    }
    const replies = new ReplyReader();
    const socket = this.#dial((bytes) => {
      if (this.#socket !== socket) return;
      try {
        replies.take(bytes, take);
      } catch (error) {
        if (!(error instanceof BadReply)) throw error;
        this.#drop(socket!, error.message);
      }
    });
    if (!socket) return;
    this.#socket = socket;
    this.#out = new OutBlocks((bytes, written) => socket.write(bytes, written));
    this.#unsaid = [];
    const handshake = this.server.security
      ? new ClientHandshake(this.server.security, this.#deps.random)
      : null;
    let greeted = handshake === null;
    const timer = setTimeout(
      () => this.#drop(socket, `no connection within ${this.#options.connectTimeout} ms`),
      this.#options.connectTimeout,
    );
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 30_000);
    socket.once(openEvent(this.server), () => {
      if (greeted) this.#ready(timer);
    });
    const take = (buf: Buffer, start: number, end: number): void => {
      if (this.#socket !== socket) return;
      if (greeted) {
        this.#takeAck(buf, start, end);
        return;
      }
      // A copy: what it holds is kept for longer than the bytes are there.
      const answer = answerTo(handshake!, Buffer.from(buf.subarray(start, end)));
      if (answer !== 'welcome') socket.write(answer);
      else {
        greeted = true;
        this.#ready(timer);
      }
    };
    socket.on('error', (error: NodeJS.ErrnoException) => this.#drop(socket, problem(error)));
    socket.once('close', () => {
      clearTimeout(timer);
      this.#drop(socket, 'the server closed the connection');
    });
  }

  /** Null: not even begun, because a file of the TLS config cannot be read; tried again. At the start that is thrown. */
  #dial(onBytes: (bytes: Buffer) => void): Socket | null {
    try {
      const socket = dial(this.server, onBytes);
      this.#dialed = true;
      return socket;
    } catch (error) {
      if (!this.#dialed) throw error;
      this.#failures += 1;
      this.#retry = setTimeout(() => this.open(), this.#delay());
      this.#events.onDown(this, [], (error as Error).message);
      return null;
    }
  }

  /** Writes a chunk; only while `up`. */
  send(outgoing: Outgoing): void {
    const socket = this.#socket!;
    const { requireAckResponse } = this.#options;
    this.#inFlight.add(outgoing, this.#deps.now());
    if (requireAckResponse) this.#armAckTimer();
    this.#cork(socket);
    const id = requireAckResponse ? outgoing.id : null;
    if (this.#out!.put(outgoing.chunk, id)) {
      if (id === null) this.#unsaid.push(outgoing);
      return;
    }
    this.#flush();
    const parts = outMessage(outgoing.chunk, id);
    for (let i = 0; i < parts.length - 1; i += 1) socket.write(parts[i]!);
    const last = parts[parts.length - 1]!;
    if (id !== null) socket.write(last);
    else socket.write(last, (error) => this.#written(socket, [outgoing], error));
  }

  /** Whatever is written in this turn goes out in one write. */
  #cork(socket: Socket): void {
    if (socket.writableCorked > 0) return;
    socket.cork();
    process.nextTick(() => {
      if (this.#socket === socket) this.#flush();
      socket.uncork();
    });
  }

  #flush(): void {
    const socket = this.#socket!;
    if (this.#unsaid.length === 0) {
      this.#out!.flush();
      return;
    }
    const all = this.#unsaid;
    this.#unsaid = [];
    this.#out!.flush((error) => this.#written(socket, all, error));
  }

  /** Without acks, that is all that is known of them. */
  #written(socket: Socket, all: readonly Outgoing[], error?: Error | null): void {
    if (error) return;
    for (const outgoing of all)
      if (this.#socket === socket && this.#inFlight.settle(outgoing)) outgoing.confirm();
  }

  close(): void {
    this.#closed = true;
    if (this.#retry) clearTimeout(this.#retry);
    if (this.#ackTimer) clearTimeout(this.#ackTimer);
    this.#greeted = false;
    this.#heartbeat?.stop();
    // What was sent goes out; a peer that does not close is not waited for.
    if (this.#socket) this.#flush();
    this.#socket?.destroySoon();
  }

  #beats(alive: boolean): void {
    if (alive && this.up) this.#events.onUp(this);
    if (!alive && this.#socket) {
      this.#drop(
        this.#socket,
        `no answer to heartbeats within ${this.#options.hardTimeout} ms (hard_timeout)`,
      );
    }
  }

  #ready(timer: NodeJS.Timeout): void {
    clearTimeout(timer);
    this.#greeted = true;
    this.#failures = 0;
    if (this.up) this.#events.onUp(this);
  }

  #takeAck(buf: Buffer, start: number, end: number): void {
    const id = ackIdAt(buf, start, end);
    if (id === -1) throw new BadReply('the server wrote something that is no ack');
    const from = id + headerSize(buf[id]!);
    const to = from + lengthAt(buf, id);
    const outgoing = this.#inFlight.confirm(buf, from, to);
    if (outgoing !== null) outgoing.confirm();
    else if (!this.#inFlight.hasConfirmed(buf.toString('latin1', from, to)))
      throw new BadReply('the server acked a chunk that was not sent over this connection');
  }

  #armAckTimer(): void {
    if (this.#ackTimer) return;
    const { oldest } = this.#inFlight;
    if (oldest === null) return;
    const left = oldest.sentAt + this.#options.ackResponseTimeout - this.#deps.now();
    this.#ackTimer = setTimeout(() => this.#checkAcks(), Math.max(left, 1));
  }

  #checkAcks(): void {
    this.#ackTimer = null;
    const { oldest } = this.#inFlight;
    if (oldest === null) return;
    const { ackResponseTimeout } = this.#options;
    if (this.#deps.now() - oldest.sentAt >= ackResponseTimeout && this.#socket) {
      this.#drop(this.#socket, `no ack within ${ackResponseTimeout} ms (ack_response_timeout)`);
    } else this.#armAckTimer();
  }

  #drop(socket: Socket, why: string): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    this.#greeted = false;
    if (this.#ackTimer) clearTimeout(this.#ackTimer);
    this.#ackTimer = null;
    socket.destroy();
    const unconfirmed = this.#inFlight.all();
    this.#inFlight = new InFlight();
    this.#failures += 1;
    if (!this.#closed) this.#retry = setTimeout(() => this.open(), this.#delay());
    this.#events.onDown(this, unconfirmed, why);
  }

  /** Exponential from retry_wait to retry_max_interval, with a jitter of ±12.5 % (Fluentd's retry_randomize). */
  #delay(): number {
    const { retryWait, retryMaxInterval } = this.#options;
    const base = Math.min(retryMaxInterval, retryWait * 2 ** Math.min(this.#failures - 1, 20));
    return base * (0.875 + this.#deps.chance() * 0.25);
  }
}

/** @throws BadReply with the reason why the server is not taken, or does not take us. */
function answerTo(handshake: ClientHandshake, value: Buffer): Buffer | 'welcome' {
  try {
    return handshake.take(value);
  } catch (error) {
    throw new BadReply((error as Error).message);
  }
}

function problem(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'nobody listens there (connection refused)';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the server reset the connection';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name is not known';
    default:
      return error.message;
  }
}
