// The look-back: alerts made within a rule's `from` are remembered, so that the same event seen again gives none.
// Bounded: when it is full the oldest is forgotten, and its event may alert again rather than memory growing.
import { LRUCache } from 'lru-cache';

export class LookBack {
  readonly #seen: LRUCache<string, number>;
  /** Of all look-backs that were asked for, ms. */
  #longest = 0;

  /** @param max alerts remembered. */
  constructor(max: number) {
    this.#seen = new LRUCache({ max });
  }

  /** Whether the alert was made less than `lookBackMs` ago. */
  has(id: string, lookBackMs: number, nowMs: number): boolean {
    this.#longest = Math.max(this.#longest, lookBackMs);
    const at = this.#seen.get(id);
    return at !== undefined && nowMs - at < lookBackMs && nowMs >= at - lookBackMs;
  }

  add(id: string, nowMs: number): void {
    this.#seen.set(id, nowMs);
  }

  /** Forgets what no look-back reaches any more, so that what is kept over a restart stays small. */
  sweep(nowMs: number): void {
    const gone: string[] = [];
    for (const id of this.#seen.rkeys()) {
      if (Math.abs(nowMs - this.#seen.peek(id)!) <= 2 * this.#longest) break;
      gone.push(id);
    }
    for (const id of gone) this.#seen.delete(id);
  }

  delete(id: string): void {
    this.#seen.delete(id);
  }

  get size(): number {
    return this.#seen.size;
  }

  /** For keeping over a restart: ids and when they were seen (epoch ms), oldest first. */
  snapshot(): [string, number][] {
    return [...this.#seen.entries()].reverse();
  }

  restore(entries: readonly (readonly [string, number])[]): void {
    for (const [id, at] of entries) this.#seen.set(id, at);
  }
}
