// The look-back: alerts made within a rule's `from` are remembered, so that the same event seen again gives none.
// Bounded: when it is full the oldest is forgotten, and its event may alert again rather than memory growing.
import { LRUCache } from 'lru-cache';
import type { TextPlace } from '../detect/match.js';
import type { Rule } from '../rules/rule.js';
import { KeyIndex } from './keyIndex.js';

/** Keys that a sweep forgets: 15 ms. Many are over at once after a flood, and the next sweep goes on. */
const MAX_SWEPT = 5000;

export class LookBack {
  readonly #seen: LRUCache<string, number>;
  readonly #index = new KeyIndex();
  /** Of all look-backs that were asked for, ms. */
  #longest = 0;

  /** @param max alerts remembered. */
  constructor(max: number) {
    this.#seen = new LRUCache({
      max,
      dispose: (_at, key, reason) => {
        if (reason !== 'set') this.#index.remove(key);
      },
    });
  }

  /** Whether the alert was made less than `lookBackMs` ago. */
  has(key: string, lookBackMs: number, nowMs: number): boolean {
    this.#longest = Math.max(this.#longest, lookBackMs);
    const at = this.#seen.get(key);
    return at !== undefined && nowMs - at < lookBackMs && nowMs >= at - lookBackMs;
  }

  /** As `has`, of the key of the rule and the event whose id lies there. Null: it takes the key to tell. */
  hasEvent({ id, lookBackMs }: Rule, eventId: TextPlace, nowMs: number): boolean | null {
    this.#longest = Math.max(this.#longest, lookBackMs);
    const key = this.#index.find(id, eventId);
    if (key === undefined) return null;
    return key !== null && this.has(key, lookBackMs, nowMs);
  }

  add(key: string, nowMs: number): void {
    if (!this.#seen.has(key)) this.#index.add(key);
    this.#seen.set(key, nowMs);
  }

  /** Forgets what no look-back reaches any more, some at a time, so that what is kept over a restart stays small. */
  sweep(nowMs: number): void {
    const gone: string[] = [];
    for (const key of this.#seen.rkeys()) {
      if (gone.length === MAX_SWEPT || Math.abs(nowMs - this.#seen.peek(key)!) <= 2 * this.#longest) break;
      gone.push(key);
    }
    for (const key of gone) this.#seen.delete(key);
  }

  delete(key: string): void {
    this.#seen.delete(key);
  }

  get size(): number {
    return this.#seen.size;
  }

  /** For keeping over a restart: keys and when they were seen (epoch ms), oldest first. */
  snapshot(): [string, number][] {
    return [...this.#seen.entries()].reverse();
  }

  /** @param rules in force: what their look-backs reach is not forgotten before they are asked for. */
  restore(entries: readonly (readonly [string, number])[], rules: readonly Rule[]): void {
    this.#longest = rules.reduce((longest, { lookBackMs }) => Math.max(longest, lookBackMs), this.#longest);
    for (const [key, at] of entries) this.add(key, at);
  }
}
