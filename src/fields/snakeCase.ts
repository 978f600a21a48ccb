// The spelling of keys in Elastic's azure integration.

interface SnakeNamesOptions {
  /** Keys remembered. Past it (a hostile sender's random keys) all are forgotten. */
  readonly max: number;
  /** A longer key is not worth remembering. Characters. */
  readonly maxLength: number;
}

/** Names by key, worked out once. */
export class SnakeNames {
  readonly #options: SnakeNamesOptions;
  readonly #known = new Map<string, string>();

  constructor(options: SnakeNamesOptions) {
    this.#options = options;
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#known.size;
  }

  of(key: string): string {
    const before = this.#known.get(key);
    if (before !== undefined) return before;
    const name = key.replace(/([a-z])([A-Z]+)/g, '$1_$2').toLowerCase();
    if (key.length > this.#options.maxLength) return name;
    if (this.#known.size >= this.#options.max) this.#known.clear();
    this.#known.set(key, name);
    return name;
  }
}

/** Of all sources: each has a few hundred keys. */
export const snakeNames = new SnakeNames({ max: 4096, maxLength: 128 });

/** `_` between a lower-case letter and the capitals after it, then lower case: `riskEventTypes_v2` → `risk_event_types_v2`. */
export function snakeCase(key: string): string {
  return snakeNames.of(key);
}
