// Alerts on disk: one queue a sink, in order, in LevelDB (`classic-level`; docs/adr/0003-spool-store.md). Every append
// is synced before it counts; a torn write at the end of the log costs only what was never confirmed.
import { mkdirSync } from 'node:fs';
import { ClassicLevel } from 'classic-level';
import type { Alert } from '../alerts/alert.js';
import { type Decoded, decode } from '../msgpack/decode.js';
import { encode, Raw } from '../msgpack/encode.js';
import type { Severity } from '../rules/rule.js';

export interface SpooledAlert {
  readonly sequence: number;
  /** Epoch ms at which it was spooled. */
  readonly at: number;
  readonly alert: Alert;
  readonly bytes: number;
}

/** The spool cannot be opened: another process has it, or the disk refuses. */
export class SpoolError extends Error {
  readonly locked: boolean;
  constructor(message: string, locked: boolean, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SpoolError';
    this.locked = locked;
  }
}

type Store = ClassicLevel<string, Buffer>;

export class Spool {
  readonly path: string;
  readonly #store: Store;

  private constructor(path: string, store: Store) {
    this.path = path;
    this.#store = store;
  }

  /** @throws SpoolError */
  static async open(path: string): Promise<Spool> {
    try {
      mkdirSync(path, { recursive: true });
      const store: Store = new ClassicLevel(path, { keyEncoding: 'utf8', valueEncoding: 'buffer' });
      await store.open();
      return new Spool(path, store);
    } catch (error) {
      const cause = (error as { cause?: { code?: string; message?: string } }).cause;
      const locked = cause?.code === 'LEVEL_LOCKED';
      const why = locked ? 'another process uses it' : (cause?.message ?? (error as Error).message);
      throw new SpoolError(`cannot open the spool ${path}: ${why}`, locked, { cause: error });
    }
  }

  /** The queue of one sink, with what an earlier run has left in it. */
  async queue(sink: string): Promise<SpoolQueue> {
    const prefix = `q!${encodeURIComponent(sink)}!`;
    let first = -1;
    let next = 0;
    let count = 0;
    let bytes = 0;
    for await (const [key, value] of this.#store.iterator({ gte: prefix, lt: `${prefix}~` })) {
      const sequence = Number(key.slice(prefix.length));
      if (first === -1) first = sequence;
      next = sequence + 1;
      count += 1;
      bytes += value.length;
    }
    return new SpoolQueue(this.#store, prefix, next, count, bytes);
  }

  /** A small value that outlives the process (look-back, caps). */
  async load(name: string): Promise<unknown> {
    const value = await this.#store.get(`s!${name}`);
    return value === undefined ? null : JSON.parse(value.toString('utf8'));
  }

  async save(name: string, value: unknown): Promise<void> {
    await this.#store.put(`s!${name}`, Buffer.from(JSON.stringify(value)));
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

export class SpoolQueue {
  readonly #store: Store;
  readonly #prefix: string;
  #next: number;
  #count: number;
  #bytes: number;

  constructor(store: Store, prefix: string, next: number, count: number, bytes: number) {
    this.#store = store;
    this.#prefix = prefix;
    this.#next = next;
    this.#count = count;
    this.#bytes = bytes;
  }

  get count(): number {
    return this.#count;
  }
  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves when the alerts are synced to disk. Rejects when the disk refuses (full, gone): nothing is spooled then. */
  async append(alerts: readonly Alert[], nowMs: number): Promise<SpooledAlert[]> {
    const spooled = alerts.map((alert): SpooledAlert & { value: Buffer } => {
      const value = encodeAlert(alert, nowMs);
      return { sequence: this.#next++, at: nowMs, alert, bytes: value.length, value };
    });
    await this.#store.batch(
      spooled.map(({ sequence, value }) => ({ type: 'put', key: this.#key(sequence), value })),
      { sync: true },
    );
    this.#count += spooled.length;
    this.#bytes += spooled.reduce((sum, s) => sum + s.bytes, 0);
    return spooled;
  }

  /** The oldest alerts, at most `limit`. */
  async head(limit: number): Promise<SpooledAlert[]> {
    const out: SpooledAlert[] = [];
    for await (const [key, value] of this.#store.iterator({
      gte: this.#prefix,
      lt: `${this.#prefix}~`,
      limit,
    })) {
      out.push({
        sequence: Number(key.slice(this.#prefix.length)),
        ...decodeAlert(value),
        bytes: value.length,
      });
    }
    return out;
  }

  async remove(alerts: readonly SpooledAlert[]): Promise<void> {
    await this.#store.batch(alerts.map(({ sequence }) => ({ type: 'del', key: this.#key(sequence) })));
    this.#count -= alerts.length;
    this.#bytes -= alerts.reduce((sum, s) => sum + s.bytes, 0);
  }

  #key(sequence: number): string {
    return `${this.#prefix}${String(sequence).padStart(16, '0')}`;
  }
}

function encodeAlert(a: Alert, at: number): Buffer {
  return encode([
    at,
    a.id,
    a.ruleId,
    a.ruleName,
    a.severity,
    a.riskScore,
    a.tag,
    new Raw(a.time),
    new Raw(a.record),
  ]);
}

function decodeAlert(value: Buffer): { at: number; alert: Alert } {
  const at = { pos: 1 };
  const next = (): Decoded => decode(value, at);
  const slice = (): Buffer => {
    const start = at.pos;
    next();
    return value.subarray(start, at.pos);
  };
  const spooledAt = Number(next());
  const text = (): string => String(next());
  const [id, ruleId, ruleName, severity] = [text(), text(), text(), text() as Severity];
  const riskScore = Number(next());
  const tag = text();
  const time = slice();
  const record = slice();
  return { at: spooledAt, alert: { id, ruleId, ruleName, severity, riskScore, tag, time, record } };
}
