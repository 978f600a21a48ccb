// One accepted connection: handshake first if there is one, then frames in, acks out in the order of the frames.
// States: handshake → established → closed. Whatever goes wrong costs this connection and a log line.
import type { Socket } from 'node:net';
import type { InputConfig } from '../config/config.js';
import { encode } from '../msgpack/encode.js';
import { msgpackToJson } from '../msgpack/json.js';
import { AckWriter } from './ackWriter.js';
import { frameAt } from './frames.js';
import { ServerHandshake } from './handshakeServer.js';
import type { Frame, FrameContext, RejectCode } from './message.js';
import { Rejection } from './rejection.js';
import { readInto } from './socketReads.js';
import { type ReadMemory, ValueReader, type WholeValue } from './valueReader.js';

export interface ConnectionHooks {
  onFrame(frame: Frame, context: FrameContext): void;
  onReject(code: RejectCode, detail: string, peer: string): void;
  onClose(connection: Connection): void;
  random(bytes: number): Buffer;
}

interface Awaited {
  /** Null: no ack was asked for. */
  readonly ack: Buffer | null;
  done: boolean;
}

/** How long a refused peer has to take its acks and to close, ms. */
const LINGER_MS = 2000;
/** Bytes that a stranger may send before it has shaken hands; a PING has under 1 KiB. */
const MAX_PING = 16 * 1024;

const ackKey = Buffer.concat([Buffer.from([0x81]), encode('ack')]);

export class Connection {
  readonly id: number;
  readonly peer: string;
  readonly #hooks: ConnectionHooks;
  readonly #config: InputConfig;
  readonly #reader: ValueReader;
  readonly #socket: Socket;
  readonly #acks: AckWriter;
  readonly #handshake: ServerHandshake | null;
  #established: boolean;
  #timer: NodeJS.Timeout | null = null;
  /** Frames given and not yet acked, in order. */
  readonly #awaited: Awaited[] = [];
  #paused = false;
  /** By who takes its frames: it is behind with one of them. */
  #held = false;
  #backlog = false;
  /** For memory, in the middle of a large message. */
  #waits = false;
  /** No more frames are taken: by shutdown, by refusal. */
  #ending = false;
  #refused = false;
  #closed = false;

  constructor(
    id: number,
    accepted: Socket,
    config: InputConfig,
    memory: ReadMemory,
    hooks: ConnectionHooks,
    reads: 'blocks' | 'ordinary',
  ) {
    this.id = id;
    this.#config = config;
    this.#hooks = hooks;
    const address = accepted.remoteAddress ?? '';
    this.peer =
      config.listen.kind === 'unix' ? `unix:${config.listen.path}` : `${address}:${accepted.remotePort ?? 0}`;
    const security = config.security;
    this.#handshake = security ? new ServerHandshake(security, address, hooks.random) : null;
    this.#established = this.#handshake === null;
    const sizeLimit = (): number =>
      this.#established ? config.chunkSizeLimit : Math.min(config.chunkSizeLimit, MAX_PING);
    const limits = {
      get chunkSizeLimit() {
        return sizeLimit();
      },
      maxDepth: config.maxDepth,
    };
    this.#reader = new ValueReader(memory, limits, {
      onValue: (value) => this.#take(value),
      onReject: ({ code, message }) => {
        if (this.#established) this.reject(code, message);
        else this.reject('handshake_failed', code === 'frame_too_large' ? 'what came is no PING' : message);
      },
      onWait: (waits) => {
        this.#waits = waits;
        this.#apply();
      },
    });
    this.#socket = readInto(accepted, this.#reader, reads);
    this.#acks = new AckWriter(this.#socket, (waiting) => {
      this.#backlog = waiting;
      this.#apply();
    });
    this.#listen();
    if (this.#handshake) {
      this.#acks.write(this.#handshake.helo());
      this.#timer = setTimeout(
        () => this.reject('handshake_timeout', `no PING within ${config.handshakeTimeout} ms`),
        config.handshakeTimeout,
      );
    }
  }

  /** Frames given and not yet acked. */
  get waiting(): number {
    return this.#awaited.length;
  }

  /** Stops or goes on reading (back-pressure). */
  pause(paused: boolean): void {
    this.#paused = paused;
    this.#apply();
  }

  /** No more is read; closes once all frames are acked. */
  finish(): void {
    this.#ending = true;
    this.#apply();
    this.#closeIfDone();
  }

  /** Closes at once, without acks. */
  destroy(): void {
    this.#socket.destroy();
  }

  /**
   * Refuses what came: one line, one count, and the connection is closed. Frames before it stay accepted, and their
   * acks are still written. What the peer goes on sending is read and forgotten until it closes: a close over unread
   * bytes would be a reset, which takes away the acks that the peer has not read yet.
   */
  reject(code: RejectCode, detail: string): void {
    if (this.#closed || this.#refused) return;
    this.#refused = true;
    this.#ending = true;
    this.#hooks.onReject(code, detail, this.peer);
    this.#reader.close();
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    this.#apply();
    this.#closeIfDone();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.setNoDelay(true);
    socket.on('error', () => {
      // 'close' follows; a peer that resets is no news (heartbeats, probes and Fluentd's linger do).
    });
    socket.on('end', () => this.#closeIfDone());
    socket.once('close', () => {
      this.#closed = true;
      if (this.#timer) clearTimeout(this.#timer);
      this.#reader.gone();
      this.#hooks.onClose(this);
    });
    if (this.#config.idleTimeout > 0) {
      socket.setTimeout(this.#config.idleTimeout, () => {
        if (this.#awaited.length === 0)
          this.reject('idle_timeout', `no byte for ${this.#config.idleTimeout} ms`);
      });
    }
  }

  #take(value: WholeValue): boolean {
    const { buffer } = value.block;
    if (!this.#established) return this.#greet(buffer, value.start, value.end);
    const frame = frameAt(buffer, value.start, value.end, value.elements);
    const awaited: Awaited = { ack: frame.chunk === null ? null : this.#ackBytes(frame.chunk), done: false };
    this.#awaited.push(awaited);
    value.block.retain();
    let freed = false;
    const free = (): void => {
      if (!freed) value.block.release();
      freed = true;
    };
    let answered = false;
    const answer = (then: () => void): void => {
      if (answered) throw new Error('a frame was answered twice');
      answered = true;
      free();
      then();
    };
    this.#hooks.onFrame(frame, {
      peer: this.peer,
      connectionId: this.id,
      hold: (held) => {
        this.#held = held;
        this.#apply();
      },
      free,
      ack: () =>
        answer(() => {
          awaited.done = true;
          this.#flush();
        }),
      refuse: (code, detail) =>
        answer(() => {
          // Nor is what came after it acked: the sender would take it for the answer to this one.
          const place = this.#awaited.indexOf(awaited);
          if (place !== -1) this.#awaited.length = place;
          this.reject(code, detail);
        }),
    });
    return !this.#refused;
  }

  #greet(buffer: Buffer, start: number, end: number): boolean {
    const result = this.#handshake!.answer(buffer, start, end);
    this.#acks.write(result.pong);
    if (result.refused !== null) throw new Rejection('handshake_failed', result.refused);
    this.#established = true;
    if (this.#timer) clearTimeout(this.#timer);
    return true;
  }

  #ackBytes(chunk: Buffer): Buffer {
    if (this.#reader.speaksJson) return Buffer.from(`{"ack":${msgpackToJson(chunk, 0)}}`);
    return Buffer.concat([ackKey, chunk]);
  }

  /** Acks go out in the order in which the frames came. */
  #flush(): void {
    while (this.#awaited[0]?.done) {
      const { ack } = this.#awaited.shift()!;
      if (ack !== null && !this.#closed) this.#acks.write(ack);
    }
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#awaited.length === 0 && (this.#ending || this.#socket.readableEnded)) this.#acks.end();
  }

  #apply(): void {
    if (this.#closed) return;
    const stops = this.#paused || this.#held || this.#backlog || this.#waits || this.#ending;
    if (this.#refused || !stops) this.#socket.resume();
    else this.#socket.pause();
  }
}
