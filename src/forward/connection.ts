// One accepted connection: handshake first if there is one, then frames in, acks out in the order of the frames.
// States: handshake → established → closed. Whatever goes wrong costs this connection and a log line.
import type { Socket } from 'node:net';
import type { InputConfig } from '../config/config.js';
import { encode } from '../msgpack/encode.js';
import { msgpackToJson } from '../msgpack/json.js';
import { AckWriter } from './ackWriter.js';
import type { Block } from './blocks.js';
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

/** What a frame that was given does to its connection when it is answered. */
interface Answers {
  hold(held: boolean): void;
  acked(): void;
  refused(given: Given, code: RejectCode, detail: string): void;
}

/** A frame that was given, until its ack is written: those before it go first. */
class Given implements FrameContext {
  readonly peer: string;
  readonly connectionId: number;
  /** Null: none was asked for. */
  readonly ackBytes: Buffer | null;
  isAcked = false;
  readonly #block: Block;
  readonly #answers: Answers;
  #isAnswered = false;
  #isFree = false;

  constructor({ peer, id }: Connection, ackBytes: Buffer | null, block: Block, answers: Answers) {
    this.peer = peer;
    this.connectionId = id;
    this.ackBytes = ackBytes;
    this.#block = block;
    this.#answers = answers;
    block.retain();
  }

  hold(held: boolean): void {
    this.#answers.hold(held);
  }

  free(): void {
    if (!this.#isFree) this.#block.release();
    this.#isFree = true;
  }

  ack(): void {
    this.#answer();
    this.isAcked = true;
    this.#answers.acked();
  }

  refuse(code: RejectCode, detail: string): void {
    this.#answer();
    this.#answers.refused(this, code, detail);
  }

  #answer(): void {
    if (this.#isAnswered) throw new Error('a frame was answered twice');
    this.#isAnswered = true;
    this.free();
  }
}

/** How long a refused peer has to take its acks and to close, ms. */
const LINGER_MS = 2000;
/** Bytes that a stranger may send before it has shaken hands; a PING has under 1 KiB. */
const MAX_PING = 16 * 1024;

/** Up to this size a byte at a time: a call for a copy costs more. */
const SHORT_ID = 64;

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
  readonly #given: Given[] = [];
  readonly #answers: Answers = {
    hold: (held) => {
      this.#held = held;
      this.#apply();
    },
    acked: () => this.#flush(),
    refused: (given, code, detail) => {
      // Nor is what came after it acked: the sender would take it for the answer to this one.
      const place = this.#given.indexOf(given);
      if (place !== -1) this.#given.length = place;
      this.reject(code, detail);
    },
  };
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
    return this.#given.length;
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
        if (this.#given.length === 0)
          this.reject('idle_timeout', `no byte for ${this.#config.idleTimeout} ms`);
      });
    }
  }

  #take(value: WholeValue): boolean {
    const { buffer } = value.block;
    if (!this.#established) return this.#greet(buffer, value.start, value.end);
    const frame = frameAt(buffer, value.start, value.end, value.elements);
    const given = new Given(this, this.#ackBytes(frame), value.block, this.#answers);
    this.#given.push(given);
    this.#hooks.onFrame(frame, given);
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

  /** In memory of its own: it may be written long after the frame's is let go. */
  #ackBytes({ buffer, option }: Frame): Buffer | null {
    const { chunkStart, chunkEnd } = option;
    if (chunkStart === -1) return null;
    if (this.#reader.speaksJson) return Buffer.from(`{"ack":${msgpackToJson(buffer, chunkStart)}}`);
    const ack = Buffer.allocUnsafe(ackKey.length + chunkEnd - chunkStart);
    ack.set(ackKey, 0);
    if (chunkEnd - chunkStart > SHORT_ID) buffer.copy(ack, ackKey.length, chunkStart, chunkEnd);
    else for (let from = chunkStart, to = ackKey.length; from < chunkEnd; ) ack[to++] = buffer[from++]!;
    return ack;
  }

  /** Acks go out in the order in which the frames came. */
  #flush(): void {
    while (this.#given[0]?.isAcked) {
      const { ackBytes } = this.#given.shift()!;
      if (ackBytes !== null && !this.#closed) this.#acks.write(ackBytes);
    }
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#given.length === 0 && (this.#ending || this.#socket.readableEnded)) this.#acks.end();
  }

  #apply(): void {
    if (this.#closed) return;
    const stops = this.#paused || this.#held || this.#backlog || this.#waits || this.#ending;
    if (this.#refused || !stops) this.#socket.resume();
    else this.#socket.pause();
  }
}
