// Tags added to a record that is JSON text: edited as text, so that its own numbers (over 2^53 too), escapes and key
// order stay what they were. The text is one valid JSON object.
import type { Match } from '../detect/match.js';
import { type JsonPair, pairsAt, pastBlanks } from '../msgpack/jsonText.js';
import type { TagLeaf } from './leaves.js';
import { type EntryShape, type MapShape, planTags } from './plan.js';

/** The record with the tags of `matches` (and `extra` leaves); the text itself when there is nothing to add. */
export function tagJson(text: string, matches: readonly Match[], extra: readonly TagLeaf[] = []): string {
  const root = new JsonMap(text, pastBlanks(text, 0));
  const plan = planTags(root, matches, extra);
  if (plan === null) return text;
  const edits: { from: number; to: number; text: string }[] = [];
  for (const { entry, value } of plan.replacements) {
    const { start, end } = (entry as JsonEntry).pair;
    edits.push({ from: start, to: end, text: JSON.stringify(value) });
  }
  for (const { map, pairs } of plan.additions) {
    const { entries, close, last } = map as JsonMap;
    const added = pairs.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',');
    const at = entries.length === 0 ? close : last;
    edits.push({ from: at, to: at, text: entries.length === 0 ? added : `,${added}` });
  }
  // Where two edits meet (a replaced last value, and pairs after it), the replacement comes first.
  edits.sort((a, b) => a.from - b.from || a.to - b.to);
  let out = '';
  let at = 0;
  for (const edit of edits) {
    out += text.slice(at, edit.from) + edit.text;
    at = edit.to;
  }
  return out + text.slice(at);
}

class JsonMap implements MapShape {
  readonly entries: readonly JsonEntry[];
  /** Offset of the closing brace. */
  readonly close: number;
  /** Offset past the last value. */
  readonly last: number;

  constructor(text: string, open: number) {
    const { pairs, close } = pairsAt(text, open);
    this.entries = pairs.map((pair) => new JsonEntry(text, pair));
    this.close = close;
    this.last = pairs.at(-1)?.end ?? close;
  }
}

class JsonEntry implements EntryShape {
  readonly key: string;
  readonly pair: JsonPair;
  readonly #text: string;
  /** One shape for all who look: a plan collects its additions by it. */
  #map: JsonMap | null = null;

  constructor(text: string, pair: JsonPair) {
    this.#text = text;
    this.pair = pair;
    this.key = pair.key;
  }

  map(): MapShape | null {
    if (this.#text[this.pair.start] !== '{') return null;
    this.#map ??= new JsonMap(this.#text, this.pair.start);
    return this.#map;
  }

  value(): unknown {
    return JSON.parse(this.#text.slice(this.pair.start, this.pair.end));
  }
}
