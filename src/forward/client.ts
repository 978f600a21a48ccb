// The Forward output: chunks to one or more servers, balanced by weight as out_forward does, sent again until acked.
// Order is kept on each server; a chunk whose connection broke goes before those that came after it.
import { randomBytes } from 'node:crypto';
import type { ForwardClientOptions, OutputServer } from '../config/config.js';
import type { Fate, OutChunk, Output } from '../sinks/output.js';
import { Balancer } from './balance.js';
import { ChunkIds } from './chunkIds.js';
import { Gathering, mayGather } from './gathering.js';
import { Outgoing } from './inFlight.js';
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
  readonly #ended = (count: number): void => {
    this.#held -= count;
    if (this.#held === 0) for (const wake of this.#idle.splice(0)) wake();
  };

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

  send(chunk: OutChunk, _events: number, fate: Fate): void {
    if (this.#closed) {
      fate.fail(new Error('the output is closed'));
      return;
    }
    this.#held += 1;
    if (mayGather(chunk)) {
      if (this.#gathering.add(chunk, fate)) this.#endTurn();
      else this.#turn ??= setImmediate(() => this.#endTurn());
      return;
    }
    // What came before it goes before it.
    if (!this.#gathering.isEmpty) this.#endTurn();
    this.#queue(chunk, fate, 1);
    this.#sendWaiting();
  }

  /** What was gathered goes out. */
  #endTurn(): void {
    if (this.#turn) clearImmediate(this.#turn);
    this.#turn = null;
    for (const { chunk, fates } of this.#gathering.take())
      this.#queue(chunk, fates.length === 1 ? fates[0]! : togetherOf(fates), fates.length);
    this.#sendWaiting();
  }

  #queue(chunk: OutChunk, fate: Fate, count: number): void {
    this.#waiting.push(new Outgoing(this.#sequence++, this.#ids.next(), chunk, fate, count, this.#ended));
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

function togetherOf(fates: readonly Fate[]): Fate {
  return {
    confirm: () => {
      for (const fate of fates) fate.confirm();
    },
    fail: (cause) => {
      for (const fate of fates) fate.fail(cause);
    },
  };
}
