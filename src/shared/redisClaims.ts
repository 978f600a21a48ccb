// Claims on alerts in Redis, atomic over all stages that share it: who makes an alert, and how many a rule has made in
// its interval. It knows keys and commands, nothing of rules; every failure is a rejected promise.
//
// Keys, all in one hash slot:
//   {prefix}:seen:ID            `done`, or the name of the stage that claims it, for the look-back
//   {prefix}:cap:RULE:START     alerts of a rule in the interval that starts then, the ones held back included
//   {prefix}:alive:STAGE        there while that stage lives
import type { SharedStateConfig } from '../config/config.js';
import { tlsOptions } from '../sinks/httpSink.js';

/** What a claim comes to. `pending`: another stage has claimed it, lives, and has not made it safe yet. */
export type Claim =
  | {
      readonly kind: 'mine' /** Alerts of the interval, this one included; null: not counted again. */;
      readonly count: number | null;
    }
  | { readonly kind: 'duplicate' | 'pending' }
  | { readonly kind: 'capped'; readonly count: number };

export interface ClaimCap {
  readonly ruleId: string;
  /** Epoch ms. */
  readonly start: number;
  readonly max: number;
  /** How long the count is kept, ms. */
  readonly keepMs: number;
}

/** How long a start waits for the connection. */
const START_MS = 1000;
const ALIVE_MS = 5000;
const ALIVE_EVERY_MS = 1000;

/** KEYS: seen, cap. ARGV: stage, prefix of alive keys, look-back ms, max signals (-1: no cap), ms to keep the count. */
const CLAIM = `
local held = redis.call('GET', KEYS[1])
if held == 'done' then return {'duplicate', 0} end
if held and held ~= ARGV[1] then
  if redis.call('EXISTS', ARGV[2] .. held) == 1 then return {'pending', 0} end
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
  return {'mine', 0}
end
if held then return {'mine', 0} end
local max = tonumber(ARGV[4])
local count = 0
if max >= 0 then
  count = redis.call('INCR', KEYS[2])
  if count == 1 then redis.call('PEXPIRE', KEYS[2], ARGV[5]) end
  if count > max then return {'capped', count} end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return {'mine', count}
`;

/** KEYS: cap. ARGV: ms to keep the count. */
const ADD = `
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return count
`;

export interface RedisClaimsEvents {
  /** The connection came or went; `why` says what went wrong. */
  onLink(up: boolean, why: string): void;
}

/** What of the client is used: `@redis/client` is loaded only where the config names a Redis. */
interface Client {
  readonly isReady: boolean;
  connect(): Promise<unknown>;
  destroy(): void;
  on(event: 'ready', listener: () => void): void;
  on(event: 'error', listener: (cause: Error) => void): void;
  sendCommand(args: readonly string[]): Promise<unknown>;
}

export class RedisClaims {
  /** Where it is, without secrets. */
  readonly name: string;
  readonly #client: Client;
  readonly #stage: string;
  readonly #prefix: string;
  readonly #timeout: number;
  readonly #events: RedisClaimsEvents;
  #beat: NodeJS.Timeout | null = null;
  #isUp = false;

  private constructor(client: Client, config: SharedStateConfig, stage: string, events: RedisClaimsEvents) {
    this.#client = client;
    this.#stage = stage;
    this.#timeout = config.timeout;
    // One hash slot, so that a cluster takes the script too.
    this.#prefix = `{${config.prefix}}`;
    this.#events = events;
    this.name = nameOf(config.url);
  }

  /**
   * Begins to connect, and waits for it a little: a Redis that is away at the start is no reason not to start.
   * @param stage a name that no other stage has.
   */
  static async open(
    config: SharedStateConfig,
    stage: string,
    events: RedisClaimsEvents,
  ): Promise<RedisClaims> {
    const { createClient } = await import('@redis/client');
    const client = createClient(clientOptions(config)) as unknown as Client;
    const claims = new RedisClaims(client, config, stage, events);
    const linked = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, START_MS);
      client.on('ready', () => {
        clearTimeout(timer);
        void claims.#ready().then(resolve);
      });
    });
    client.on('error', (cause) => claims.#down(cause));
    client.connect().catch((cause: Error) => claims.#down(cause));
    claims.#beat = setInterval(() => void claims.#alive(), ALIVE_EVERY_MS);
    claims.#beat.unref();
    await linked;
    return claims;
  }

  /** Commands can be sent: connected, and this stage is known to live. */
  get isUp(): boolean {
    return this.#isUp && this.#client.isReady;
  }

  /** Claims the alert. @throws Error when Redis does not answer in time. */
  async claim(id: string, lookBackMs: number, cap: ClaimCap | null): Promise<Claim> {
    const keys = [this.#seen(id), cap === null ? this.#seen(id) : this.#cap(cap)];
    const args = [this.#stage, `${this.#prefix}:alive:`, String(lookBackMs)];
    const limit = cap === null ? ['-1', '0'] : [String(cap.max), String(cap.keepMs)];
    const reply = await this.#send(['EVAL', CLAIM, '2', ...keys, ...args, ...limit]);
    const [kind, number] = reply as [Claim['kind'], number];
    switch (kind) {
      case 'mine':
        return { kind, count: number === 0 ? null : number };
      case 'capped':
        return { kind, count: number };
      case 'duplicate':
      case 'pending':
        return { kind };
    }
  }

  /** The alert is safe: nobody else has to make it. */
  async done(id: string, lookBackMs: number): Promise<void> {
    await this.#send(['SET', this.#seen(id), 'done', 'PX', String(lookBackMs)]);
  }

  /** The claim is given back: the alert was held back after all. */
  async release(id: string): Promise<void> {
    await this.#send(['DEL', this.#seen(id)]);
  }

  /** Counts an alert that its claim did not count. Returns the count of the interval. */
  async add(cap: ClaimCap): Promise<number> {
    return Number(await this.#send(['EVAL', ADD, '1', this.#cap(cap), String(cap.keepMs)]));
  }

  /** Alerts of the rule in the interval so far, the ones held back included. */
  async count(cap: ClaimCap): Promise<number> {
    return Number((await this.#send(['GET', this.#cap(cap)])) ?? 0);
  }

  /** Says that this stage is gone: what it claimed and did not make safe is free at once. */
  async close(): Promise<void> {
    if (this.#beat !== null) clearInterval(this.#beat);
    try {
      if (this.isUp) await this.#send(['DEL', this.#aliveKey()]);
    } catch (error) {
      this.#down(error as Error);
    }
    this.#isUp = false;
    this.#client.destroy();
  }

  #seen(id: string): string {
    return `${this.#prefix}:seen:${id}`;
  }
  #cap({ ruleId, start }: ClaimCap): string {
    return `${this.#prefix}:cap:${ruleId}:${start}`;
  }
  #aliveKey(): string {
    return `${this.#prefix}:alive:${this.#stage}`;
  }

  async #ready(): Promise<void> {
    try {
      await this.#send(['SET', this.#aliveKey(), '1', 'PX', String(ALIVE_MS)]);
    } catch (error) {
      this.#down(error as Error);
      return;
    }
    if (this.#isUp) return;
    this.#isUp = true;
    this.#events.onLink(true, '');
  }

  /** Also the way back up, where Redis was there and did not answer. */
  async #alive(): Promise<void> {
    if (this.#client.isReady) await this.#ready();
  }

  #down(cause: Error): void {
    const isNews = this.#isUp;
    this.#isUp = false;
    this.#events.onLink(false, isNews ? cause.message : `still away: ${cause.message}`);
  }

  async #send(command: readonly string[]): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const cause = new Error(`no answer within ${this.#timeout} ms`);
        this.#down(cause);
        reject(cause);
      }, this.#timeout);
    });
    const answer = this.#client.sendCommand(command);
    // Where the time is over first, nobody is left to hear of its failure.
    answer.catch(() => undefined);
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function clientOptions(config: SharedStateConfig): Record<string, unknown> {
  const { tls } = config;
  return {
    url: config.url,
    ...(config.username === null ? {} : { username: config.username }),
    ...(config.password === null ? {} : { password: config.password }),
    RESP: 2,
    // A command that cannot be sent now is decided here and now.
    disableOfflineQueue: true,
    socket: {
      connectTimeout: 2000,
      reconnectStrategy: (retries: number) => Math.min(2000, 100 * 2 ** Math.min(retries, 10)),
      ...(tls === null ? {} : { tls: true as const, ...tlsOptions(tls) }),
    },
  };
}

/** The address without what may be secret. */
export function nameOf(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}
