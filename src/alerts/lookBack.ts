// The look-back: alerts made within a rule's `from` are remembered, so that the same event seen again gives none.
// Bounded: when it is full the oldest is forgotten, and its event may alert again rather than memory growing.
import { LRUCache } from 'lru-cache';

export class LookBack {
  readonly #seen: LRUCache<string, number>;

  /** @param max alerts remembered. */
  constructor(max: number) {
    this.#seen = new LRUCache({ max });
  }

  /** Whether the alert was made less than `lookBackMs` ago. */
  has(id: string, lookBackMs: number, nowMs: number): boolean {
    const at = this.#seen.get(id);
    return at !== undefined && nowMs - at < lookBackMs && nowMs >= at - lookBackMs;
  }

  add(id: string, nowMs: number): void {
    this.#seen.set(id, nowMs);
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
