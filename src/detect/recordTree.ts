// Which records of an event are judged: the event itself, the records that it carries, or both. A record that only
// carries others (an envelope, Filebeat's event around a raw record) is not an event of its own: `not event.outcome:…`
// would hold for it whatever the records say.

import type { Rule } from '../rules/rule.js';
import { Hits } from './found.js';
import type { RecordUnit, RecordUnits } from './recordUnits.js';
import type { Views } from './views.js';

/** How deep records are looked for in records: an envelope, in a Filebeat event, in a Kafka payload, in a log line. */
const MAX_NESTING = 4;

export type RecordPlace = Omit<RecordUnit, 'path'> & { readonly path: string | null };

interface Reading {
  /** The record's view; 0: no mapping knows it. */
  view(hits: Hits): number;
  /** Walks the unit; false: its bytes are broken. */
  walk(unit: RecordUnit, hits: Hits): boolean;
}

/** Judges one record; returns the rules that matched it. */
type Judge = (record: RecordPlace, hits: Hits) => readonly Rule[];

export class RecordTree {
  /** What the walk found in the records around the one that is judged, the nearest last. */
  readonly outers: Hits[] = [];
  /** Rules that a record around it matched: an event and a copy of it in its own `message` are one match. */
  readonly matchedAround = new Set<Rule>();
  readonly #views: Views;
  readonly #units: RecordUnits;
  readonly #reading: Reading;
  readonly #levels = Array.from({ length: MAX_NESTING }, () => new Hits());
  /** By level: the unit that was walked last, if it is whole. */
  readonly #walked: (RecordUnit | null)[] = Array.from({ length: MAX_NESTING }, () => null);

  constructor(views: Views, units: RecordUnits, reading: Reading) {
    this.#views = views;
    this.#units = units;
    this.#reading = reading;
  }

  judge(record: RecordPlace, hits: Hits, judge: Judge): void {
    const depth = this.outers.length;
    const inner = this.#known(hits) ? [] : this.#inside(record, hits, depth);
    if (inner.length === 0) {
      judge(record, hits);
      return;
    }
    const carrier = inner.some((unit) => this.#carries(unit, depth));
    const matched = carrier ? [] : judge(record, hits).filter((rule) => !this.matchedAround.has(rule));
    for (const rule of matched) this.matchedAround.add(rule);
    this.outers.push(hits);
    for (const unit of inner) {
      if (unit.onlyKnown && !this.#carries(unit, depth)) continue;
      if (this.#walk(unit, depth)) this.judge(unit, this.#levels[depth]!, judge);
    }
    this.#walked[depth] = null;
    this.outers.pop();
    for (const rule of matched) this.matchedAround.delete(rule);
  }

  /** Whether the unit, or something in it, is a record that a mapping knows. */
  #carries(unit: RecordUnit, depth: number): boolean {
    if (!this.#walk(unit, depth)) return false;
    const hits = this.#levels[depth]!;
    return this.#known(hits) || this.#inside(unit, hits, depth + 1).some((u) => this.#carries(u, depth + 1));
  }

  /** What is found is in the level's hits; a unit that was looked into just now is not walked again. */
  #walk(unit: RecordUnit, depth: number): boolean {
    if (this.#walked[depth] === unit) return true;
    const isWhole = this.#reading.walk(unit, this.#levels[depth]!);
    this.#walked[depth] = isWhole ? unit : null;
    return isWhole;
  }

  #known(hits: Hits): boolean {
    const { mapping } = this.#views.views[this.#reading.view(hits)]!;
    return mapping !== null && !mapping.general;
  }

  #inside(record: RecordPlace, hits: Hits, depth: number): readonly RecordUnit[] {
    if (depth >= MAX_NESTING) return [];
    record.inner ??= this.#units.any(hits) ? this.#units.of(hits, record.path) : [];
    return record.inner;
  }
}
