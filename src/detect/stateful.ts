// Rules that need more than one event: `threshold` counts events by group within the look-back, `new_terms` knows what
// was seen within its history. Bounded: past the bound the group or term that was touched longest ago is forgotten.
// Knows no clock. Meanings: Kibana's threshold and new_terms rule types.
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Encodable } from '../msgpack/encode.js';
import type { NewTerms, Rule, Threshold } from '../rules/rule.js';
import type { FieldView } from './match.js';

export interface StatefulOptions {
  /** Groups and terms remembered over all rules. */
  readonly max: number;
  /** For this long after a new_terms rule's first event everything is known already; 0: nothing is. ms. */
  readonly newTermsWarmUp: number;
}

/** What such an alert says beyond a query rule's: `threshold_result` or `new_terms` under `kibana.alert`. */
export type StatefulFields = { readonly [key: string]: Encodable };

interface Group {
  /** The last times it was seen, epoch ms, at most the threshold's value of them. */
  times: number[];
  /** Values of the cardinality field, and when each was seen last; at most its value of them. */
  values: Map<string, number>;
}

export interface StatefulState {
  readonly groups: readonly (readonly [string, readonly number[], readonly (readonly [string, number])[]])[];
  readonly terms: readonly (readonly [string, number])[];
  readonly begun: readonly (readonly [string, number])[];
}

/** Times and values that the groups remember, for each group that `max` allows: thresholds of thousands are bounded too. */
const HELD_PER_GROUP = 16;
/** Tuples that one event can give: values of several fields multiply. */
const MAX_TUPLES = 256;

export class StatefulRules {
  readonly #options: StatefulOptions;
  readonly #groups: LRUCache<string, Group>;
  /** Term to when it was seen last. */
  readonly #terms: LRUCache<string, number>;
  /** Rule to when its first event came. */
  readonly #begun = new Map<string, number>();
  changed = false;
  /** Times and values over all groups. */
  #held = 0;

  constructor(options: StatefulOptions) {
    this.#options = options;
    this.#groups = new LRUCache({
      max: options.max,
      dispose: (group) => {
        this.#held -= heldBy(group);
      },
    });
    this.#terms = new LRUCache({ max: options.max });
  }

  /** For an event that satisfies the rule's query: what it makes of it, or null when it is no match (yet). */
  admit(rule: Rule, view: FieldView, nowMs: number): StatefulFields | null {
    this.changed = true;
    if (rule.threshold) return this.#count(rule, rule.threshold, view, nowMs);
    if (rule.newTerms) return this.#learn(rule, rule.newTerms, view, nowMs);
    return null;
  }

  /** Every group that the event belongs to counts; the event that reaches the value is the match, and counting starts over. */
  #count(rule: Rule, threshold: Threshold, view: FieldView, nowMs: number): StatefulFields | null {
    const oldest = nowMs - rule.lookBackMs;
    let result: StatefulFields | null = null;
    for (const tuple of tuplesOf(threshold.field, view)) {
      const key = keyOf(rule, tuple);
      const group = this.#groups.get(key) ?? { times: [], values: new Map<string, number>() };
      this.#groups.set(key, group);
      const before = heldBy(group);
      group.times.push(nowMs);
      if (group.times.length > threshold.value) group.times.shift();
      const { cardinality } = threshold;
      if (cardinality) seeValues(group.values, view.values(cardinality.field), cardinality.value, nowMs);
      this.#held += heldBy(group) - before;
      while (this.#held > this.#options.max * HELD_PER_GROUP && this.#groups.size > 1) this.#groups.pop();
      const reached = group.times.length >= threshold.value && group.times[0]! >= oldest;
      const distinct = [...group.values.values()].filter((at) => at >= oldest).length;
      if (!reached || (cardinality && distinct < cardinality.value)) continue;
      result ??= {
        threshold_result: {
          terms: threshold.field.map((field, i) => ({ field, value: tuple[i]! })),
          count: group.times.length,
          ...(cardinality ? { cardinality: [{ field: cardinality.field, value: distinct }] } : {}),
          from: new Date(group.times[0]!).toISOString(),
        },
      };
      this.#groups.delete(key);
    }
    return result;
  }

  /** A tuple that was not seen within the history is new; the event that brings it is the match. */
  #learn(rule: Rule, newTerms: NewTerms, view: FieldView, nowMs: number): StatefulFields | null {
    const begun = this.#begun.get(rule.id) ?? nowMs;
    this.#begun.set(rule.id, begun);
    let fresh: readonly string[] | null = null;
    for (const tuple of tuplesOf(newTerms.fields, view)) {
      const key = keyOf(rule, tuple);
      const seen = this.#terms.get(key);
      if (seen === undefined || nowMs - seen > newTerms.historyMs) fresh ??= tuple;
      this.#terms.set(key, Math.max(seen ?? nowMs, nowMs));
    }
    if (fresh === null || nowMs - begun < this.#options.newTermsWarmUp) return null;
    return { new_terms: fresh };
  }

  snapshot(): StatefulState {
    return {
      groups: [...this.#groups.entries()].reverse().map(([key, g]) => [key, g.times, [...g.values]]),
      terms: [...this.#terms.entries()].reverse(),
      begun: [...this.#begun],
    };
  }

  restore(state: StatefulState): void {
    for (const [key, times, values] of state.groups) {
      const group = { times: [...times], values: new Map(values) };
      this.#groups.set(key, group);
      this.#held += heldBy(group);
    }
    for (const [key, at] of state.terms) this.#terms.set(key, at);
    for (const [rule, at] of state.begun) this.#begun.set(rule, at);
  }
}

function heldBy({ times, values }: Group): number {
  return times.length + values.size;
}

/** Values one at a time, several fields multiplied; an event that lacks one of the fields gives none. */
function tuplesOf(fields: readonly string[], view: FieldView): string[][] {
  let tuples: string[][] = [[]];
  for (const field of fields) {
    const values = [...new Set(view.values(field))];
    tuples = tuples.flatMap((tuple) => values.map((value) => [...tuple, value])).slice(0, MAX_TUPLES);
  }
  return tuples;
}

function seeValues(seen: Map<string, number>, values: readonly string[], most: number, nowMs: number): void {
  for (const value of values) {
    seen.delete(value);
    seen.set(value, nowMs);
    if (seen.size > most) seen.delete(seen.keys().next().value!);
  }
}

function keyOf(rule: Rule, tuple: readonly string[]): string {
  const text = JSON.stringify(tuple);
  // Long values are kept as their hash, so that the bound on entries is one on memory.
  return `${rule.id} ${text.length <= 128 ? text : createHash('sha256').update(text).digest('base64')}`;
}
