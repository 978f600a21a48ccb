// The Forward output: chunks to one or more servers, balanced by weight as out_forward does, sent again until acked.
// Order is kept on each server; a chunk whose connection broke goes before those that came after it.
import { randomBytes } from 'node:crypto';
import type { ForwardClientOptions, OutputServer } from '../config/config.js';
import type { OutChunk, Output } from '../sinks/output.js';
import { Balancer } from './balance.js';
import { ChunkIds } from './chunkIds.js';
import { Gathering } from './gathering.js';
import type { Outgoing } from './inFlight.js';
import { ServerLink } from './serverLink.js';

export interface ForwardOutputDeps {
  readonly random?: (bytes: number) => Buffer;
  readonly chance?: () => number;
  readonly now?: () => number;
  /** A server went away or came back, for the log. */
  readonly onLink?: (server: string, up: boolean, why: string) => void;
}

export class ForwardOutput implements Output {
  readonly name: string;
  readonly #links: readonly ServerLink[];
  readonly #balancer: Balancer<ServerLink>;
  /** Chunks that no server has taken yet, in order. */
  #waiting: Outgoing[] = [];
  readonly #gathering = new Gathering();
  #turn: NodeJS.Immediate | null = null;
  readonly #ids: ChunkIds;
  #sequence = 0;
  #held = 0;
  #closed = false;
  readonly #idle: (() => void)[] = [];

  constructor(servers: readonly OutputServer[], options: ForwardClientOptions, deps: ForwardOutputDeps = {}) {
    const random = deps.random ?? randomBytes;
    this.#ids = new ChunkIds(random);
    const linkDeps = {
      random,
      chance: deps.chance ?? Math.random,
      now: deps.now ?? (() => performance.now()),
    };
    const events = {
      onUp: (link: ServerLink): void => {
        deps.onLink?.(link.name, true, '');
        this.#sendWaiting();
      },
      onDown: (link: ServerLink, unconfirmed: readonly Outgoing[], why: string): void => {
        if (this.#closed) {
          for (const outgoing of unconfirmed) outgoing.fail(new Error('the output was closed'));
          return;
        }
        deps.onLink?.(link.name, false, why);
        this.#waiting = [...unconfirmed, ...this.#waiting].sort((a, b) => a.sequence - b.sequence);
        this.#sendWaiting();
      },
    };
    this.#links = servers.map((server) => new ServerLink(server, options, events, linkDeps));
    this.#balancer = new Balancer(this.#links);
    this.name = this.#links.map((l) => l.name).join(',');
    for (const link of this.#links) link.open();
  }

  get ready(): boolean {
    return this.#links.some((l) => l.up);
  }

  write(chunk: OutChunk): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('the output is closed'));
    this.#held += 1;
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.#held -= 1;
        if (this.#held === 0) for (const wake of this.#idle.splice(0)) wake();
      };
      const now = this.#gathering.add(chunk, {
        confirm: () => {
          resolve();
          done();
        },
        fail: (cause) => {
          reject(cause);
          done();
        },
      });
      if (now) this.#endTurn();
      else this.#turn ??= setImmediate(() => this.#endTurn());
    });
  }

  /** What was gathered goes out. */
  #endTurn(): void {
    if (this.#turn) clearImmediate(this.#turn);
    this.#turn = null;
    for (const { chunk, waiters } of this.#gathering.take()) {
      this.#waiting.push({
        sequence: this.#sequence++,
        id: this.#ids.next(),
        chunk,
        confirm: () => {
          for (const w of waiters) w.confirm();
        },
        fail: (cause) => {
          for (const w of waiters) w.fail(cause);
        },
      });
    }
    this.#sendWaiting();
  }

  async close(timeoutMs: number): Promise<number> {
    this.#endTurn();
    if (this.#held > 0 && timeoutMs > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#idle.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    const left = this.#held;
    this.#closed = true;
    for (const link of this.#links) link.close();
    for (const outgoing of this.#waiting.splice(0)) outgoing.fail(new Error('the output was closed'));
    return left;
  }

  #sendWaiting(): void {
    if (this.#closed) return;
    while (this.#waiting.length > 0) {
      const link = this.#balancer.next();
      if (!link) return;
      link.send(this.#waiting.shift()!);
    }
  }
}
