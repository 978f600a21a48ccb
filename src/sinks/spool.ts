// Alerts on disk: one queue a sink, in order. Every append is synced before it counts; a torn write at the end of the
// log costs only what was never confirmed.
import type { Alert } from '../alerts/alert.js';
import { type Decoded, decode } from '../msgpack/decode.js';
import { encode, Raw } from '../msgpack/encode.js';
import type { Severity } from '../rules/rule.js';
import { type Damage, Store } from './store.js';

export interface SpooledAlert {
  readonly sequence: number;
  /** Epoch ms at which it was spooled. */
  readonly at: number;
  /** Null: what is stored cannot be read any more. */
  readonly alert: Alert | null;
  readonly bytes: number;
}

/** What `takeOver` moves in one step, at the most. */
const TAKEN_OVER_ALERTS = 1000;
const TAKEN_OVER_BYTES = 2 ** 20;

export class Spool {
  readonly path: string;
  readonly #store: Store;
  readonly #queues = new Set<string>();

  private constructor(store: Store) {
    this.path = store.path;
    this.#store = store;
  }

  /** @param nowMs epoch ms. @throws SpoolError */
  static async open(path: string, nowMs: number): Promise<Spool> {
    return new Spool(await Store.open(path, nowMs));
  }

  /** What was found damaged at the start, and repaired. */
  get damage(): Damage | null {
    return this.#store.damage;
  }

  /** The queue of one sink, with what an earlier run has left in it. */
  async queue(sink: string): Promise<SpoolQueue> {
    const prefix = `q!${encodeURIComponent(sink)}!`;
    this.#queues.add(prefix);
    const queue = new SpoolQueue(this.#store, prefix);
    await queue.recount();
    return queue;
  }

  /** Sinks of earlier runs whose alerts nobody fetches any more, and how many there are. */
  async unclaimed(): Promise<{ readonly sink: string; readonly alerts: number }[]> {
    const counts = new Map<string, number>();
    for await (const [key] of this.#store.entries('q!', 'q"')) {
      const prefix = key.slice(0, key.lastIndexOf('!') + 1);
      if (!this.#queues.has(prefix)) counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
    }
    return [...counts].map(([prefix, alerts]) => ({ sink: decodeURIComponent(prefix.slice(2, -1)), alerts }));
  }

  /** A small value that outlives the process (look-back, caps). @throws SyntaxError when it is damaged */
  async load(name: string): Promise<unknown> {
    const value = await this.#store.get(`s!${name}`);
    return value === undefined ? null : JSON.parse(value.toString('utf8'));
  }

  async save(name: string, value: unknown): Promise<void> {
    await this.#store.write(
      [{ type: 'put', key: `s!${name}`, value: Buffer.from(JSON.stringify(value)) }],
      false,
    );
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

export class SpoolQueue {
  readonly #store: Store;
  readonly #prefix: string;
  #next = 0;
  #count = 0;
  #bytes = 0;
  /** The counts may be wrong: a write failed, and the store has not been read since. */
  #stale = false;
  /** Alerts whose place in the order is empty: a damaged store has lost them. */
  missing = 0;

  constructor(store: Store, prefix: string) {
    this.#store = store;
    this.#prefix = prefix;
  }

  get count(): number {
    return this.#count;
  }
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts what is there. */
  async recount(): Promise<void> {
    let first = -1;
    let next = this.#next;
    let count = 0;
    let bytes = 0;
    for await (const [key, value] of this.#store.entries(this.#prefix, `${this.#prefix}~`)) {
      const sequence = Number(key.slice(this.#prefix.length));
      if (first === -1) first = sequence;
      next = sequence + 1;
      count += 1;
      bytes += value.length;
    }
    this.#next = next;
    this.#count = count;
    this.#bytes = bytes;
    this.#stale = false;
    this.missing = first === -1 ? 0 : next - first - count;
  }

  /** Resolves when the alerts are synced to disk. Rejects when the disk refuses (full, gone): nothing is spooled then. */
  async append(alerts: readonly Alert[], nowMs: number): Promise<SpooledAlert[]> {
    if (this.#stale) await this.recount();
    const first = this.#next;
    const spooled = alerts.map((alert, n) => {
      const value = encodeAlert(alert, nowMs);
      return { sequence: first + n, at: nowMs, alert, bytes: value.length, value };
    });
    this.#next += spooled.length;
    try {
      await this.#store.write(
        spooled.map(({ sequence, value }) => ({ type: 'put', key: this.#key(sequence), value })),
        true,
      );
    } catch (error) {
      // The write that failed may be there after all when the store is opened anew: twice, then, with the same ids.
      this.#stale = true;
      throw error;
    }
    this.#count += spooled.length;
    this.#bytes += spooled.reduce((sum, s) => sum + s.bytes, 0);
    return spooled;
  }

  /** The oldest alerts, at most `limit`. */
  async head(limit: number): Promise<SpooledAlert[]> {
    if (this.#stale) await this.recount();
    const out: SpooledAlert[] = [];
    for await (const [key, value] of this.#store.entries(this.#prefix, `${this.#prefix}~`, limit)) {
      const sequence = Number(key.slice(this.#prefix.length));
      out.push({ sequence, ...storedAlert(value), bytes: value.length });
    }
    return out;
  }

  /** Rejects when the disk refuses: they are still there then. */
  async remove(alerts: readonly SpooledAlert[]): Promise<void> {
    if (alerts.length === 0) return;
    await this.#store.write(
      alerts.map(({ sequence }) => ({ type: 'del', key: this.#key(sequence) })),
      false,
    );
    this.#count -= alerts.length;
    this.#bytes -= alerts.reduce((sum, s) => sum + s.bytes, 0);
  }

  /**
   * Moves what the same sink's queue in another spool holds to the end of this one, while it stays within `maxBytes`. An
   * alert that a kill in between leaves in both is there twice, with one id. Returns how many were moved.
   */
  async takeOver(other: SpoolQueue, maxBytes: number): Promise<number> {
    let moved = 0;
    for (;;) {
      const batch: [key: string, value: Buffer][] = [];
      let bytes = 0;
      for await (const entry of other.#store.entries(other.#prefix, `${other.#prefix}~`, TAKEN_OVER_ALERTS)) {
        if (this.#bytes + bytes + entry[1].length > maxBytes) break;
        batch.push(entry);
        bytes += entry[1].length;
        if (bytes >= TAKEN_OVER_BYTES) break;
      }
      if (batch.length === 0) return moved;
      const first = this.#next;
      await this.#store.write(
        batch.map(([, value], n) => ({ type: 'put', key: this.#key(first + n), value })),
        true,
      );
      await other.#store.write(
        batch.map(([key]) => ({ type: 'del', key })),
        true,
      );
      this.#next += batch.length;
      this.#count += batch.length;
      this.#bytes += bytes;
      moved += batch.length;
    }
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

function storedAlert(value: Buffer): { at: number; alert: Alert | null } {
  try {
    return decodeAlert(value);
  } catch {
    // A damaged file: the caller sets it aside and says so.
    return { at: 0, alert: null };
  }
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
