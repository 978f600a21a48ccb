// Which server takes the next chunk: round-robin by weight over those that are up, as out_forward's load balancer
// does; weight 0 never; standby servers only while one of the others is down.

export interface Balanced {
  readonly up: boolean;
  readonly server: { readonly weight: number; readonly standby: boolean };
}

export class Balancer<L extends Balanced> {
  readonly #links: readonly L[];
  /** Smooth weighted round-robin: each turn everyone gains its weight, the highest goes and pays the total. */
  readonly #credit = new Map<L, number>();

  constructor(links: readonly L[]) {
    this.#links = links;
  }

  /** Null: none is up. */
  next(): L | null {
    if (this.#links.length === 1) {
      const only = this.#links[0]!;
      return only.up && only.server.weight > 0 ? only : null;
    }
    const regular = this.#links.filter((l) => !l.server.standby && l.server.weight > 0);
    const up = regular.filter((l) => l.up);
    const standby = this.#links.filter((l) => l.server.standby && l.server.weight > 0 && l.up);
    const missing = regular.length - up.length;
    const chosen = [...up, ...standby.slice(0, missing)];
    if (chosen.length <= 1) return chosen[0] ?? null;
    const total = chosen.reduce((sum, l) => sum + l.server.weight, 0);
    let best = chosen[0]!;
    for (const link of chosen) {
      const credit = (this.#credit.get(link) ?? 0) + link.server.weight;
      this.#credit.set(link, credit);
      if (credit > (this.#credit.get(best) ?? 0)) best = link;
    }
    this.#credit.set(best, this.#credit.get(best)! - total);
    return best;
  }
}
