// How often each rule matched in a chunk, by the severity that it had: told once the chunk is final, and once for all of
// its events, because telling costs more than counting.

export interface Tallied {
  readonly ruleId: string;
  readonly severity: string;
  count: number;
}

/** Most chunks have no match. */
const none: readonly Tallied[] = [];

export class MatchTally {
  #byRule: Map<string, Tallied[]> | null = null;
  #last: Tallied | null = null;

  /** Nothing has matched yet. */
  clear(): void {
    this.#byRule = null;
    this.#last = null;
  }

  add(ruleId: string, severity: string): void {
    const last = this.#last;
    if (last !== null && last.ruleId === ruleId && last.severity === severity) {
      last.count += 1;
      return;
    }
    this.#byRule ??= new Map();
    let all = this.#byRule.get(ruleId);
    if (!all) {
      all = [];
      this.#byRule.set(ruleId, all);
    }
    let found = all.find((t) => t.severity === severity);
    if (!found) {
      found = { ruleId, severity, count: 0 };
      all.push(found);
    }
    found.count += 1;
    this.#last = found;
  }

  get all(): readonly Tallied[] {
    return this.#byRule === null ? none : [...this.#byRule.values()].flat();
  }
}
