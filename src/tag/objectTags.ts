// Tags added to a plain JavaScript object, for the library. The object itself is not changed: maps that grow are
// copied, everything else is shared.
import type { Match } from '../detect/match.js';
import type { TagLeaf } from './leaves.js';
import { type EntryShape, type MapShape, planTags } from './plan.js';

type Plain = Record<string, unknown>;

/** A copy of `record` with the tags of `matches`; `record` itself when there is nothing to add. */
export function tagObject(record: Plain, matches: readonly Match[], extra: readonly TagLeaf[] = []): Plain {
  const root = new ObjectMap(record);
  const plan = planTags(root, matches, extra);
  if (plan === null) return record;
  const replaced = new Map(plan.replacements.map((r) => [r.entry, r.value as unknown]));
  const added = new Map(plan.additions.map((a) => [a.map, a.pairs]));
  return copy(root);

  function copy(map: ObjectMap): Plain {
    const out: Plain = {};
    for (const entry of map.entries) {
      const inner = entry.touched();
      define(out, entry.key, replaced.has(entry) ? replaced.get(entry) : inner ? copy(inner) : entry.value());
    }
    for (const [key, value] of added.get(map) ?? []) define(out, key, value);
    return out;
  }
}

/** As a property of its own, whatever its name (`__proto__` too). */
function define(target: Plain, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

class ObjectMap implements MapShape {
  readonly entries: readonly ObjectEntry[];
  constructor(object: Plain) {
    this.entries = Object.entries(object).map(([key, value]) => new ObjectEntry(key, value));
  }
}

class ObjectEntry implements EntryShape {
  readonly key: string;
  readonly #value: unknown;
  #map: ObjectMap | null = null;

  constructor(key: string, value: unknown) {
    this.key = key;
    this.#value = value;
  }

  map(): MapShape | null {
    const v = this.#value;
    if (typeof v !== 'object' || v === null) return null;
    const prototype: unknown = Object.getPrototypeOf(v);
    if (prototype !== Object.prototype && prototype !== null) return null;
    this.#map ??= new ObjectMap(v as Plain);
    return this.#map;
  }

  /** The map, if the plan has looked into it. */
  touched(): ObjectMap | null {
    return this.#map;
  }

  value(): unknown {
    return this.#value;
  }
}
