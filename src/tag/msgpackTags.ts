// Tags spliced into a record's msgpack bytes: its own bytes stay as they are, but for the headers of the maps that
// grow. The common record (no field of ours there yet, nested spelling) takes a short path over constant bytes.
import type { Match } from '../detect/match.js';
import type { RecordKeys } from '../detect/recordKeys.js';
import { type Decoded, decode } from '../msgpack/decode.js';
import { encode, mapHeader } from '../msgpack/encode.js';
import { PieceList, type PieceTarget } from '../msgpack/pieces.js';
import { headerSize, kindOf, lengthAt, skip } from '../msgpack/scan.js';
import { type ConstantTags, constantTags } from './constantTags.js';
import type { TagLeaf } from './leaves.js';
import { type EntryShape, type MapShape, planTags } from './plan.js';

/**
 * The record at `[start, end)` with the tags of `matches` (and `extra` leaves), as slices end to end: of `buf`, and
 * of our own bytes. Null: nothing to add. The bytes must be one whole msgpack map.
 */
export function tagMsgpack(
  buf: Buffer,
  start: number,
  end: number,
  matches: readonly Match[],
  extra: readonly TagLeaf[] = [],
): Buffer[] | null {
  if (extra.length === 0) {
    const into = new PieceList();
    if (tagCommon(buf, start, start, end, matches, into, null)) return into.slices;
  }
  return tagAny(buf, start, end, matches, extra);
}

/**
 * As `tagMsgpack`, into `into`, behind the bytes `[from, start)` that stay as they are. False: nothing to add, and nothing
 * was put into it.
 * @param keys where the record's keys are, if that is known of this one.
 */
export function spliceTags(
  buf: Buffer,
  from: number,
  start: number,
  end: number,
  matches: readonly Match[],
  into: PieceTarget,
  keys: RecordKeys,
): boolean {
  if (tagCommon(buf, from, start, end, matches, into, keys)) return true;
  const slices = tagAny(buf, start, end, matches, []);
  if (slices === null) return false;
  into.add(buf, from, start);
  for (const slice of slices) into.add(slice, 0, slice.length);
  return true;
}

function tagAny(
  buf: Buffer,
  start: number,
  end: number,
  matches: readonly Match[],
  extra: readonly TagLeaf[],
): Buffer[] | null {
  const root = new MsgpackMap(buf, start);
  const plan = planTags(root, matches, extra);
  if (plan === null) return null;
  const edits: Edit[] = [];
  for (const { entry, value } of plan.replacements) {
    const e = entry as MsgpackEntry;
    edits.push({ from: e.start, to: e.end, map: e.start, bytes: [encode(value)] });
  }
  for (const { map, pairs } of plan.additions) {
    const m = map as MsgpackMap;
    const appended = pairs.flatMap(([key, value]) => [encode(key), encode(value)]);
    edits.push({
      from: m.start,
      to: m.body,
      map: m.start,
      bytes: [mapHeader(m.entries.length + pairs.length)],
    });
    edits.push({ from: m.end, to: m.end, map: m.start, bytes: appended });
  }
  return apply(buf, start, end, edits);
}

interface Edit {
  readonly from: number;
  readonly to: number;
  /** Where the map that is edited starts: of two maps that end together, the inner one is closed first. */
  readonly map: number;
  readonly bytes: readonly Buffer[];
}

function apply(buf: Buffer, start: number, end: number, edits: readonly Edit[]): Buffer[] {
  const sorted = [...edits].sort((a, b) => a.from - b.from || b.map - a.map);
  const parts: Buffer[] = [];
  let at = start;
  for (const edit of sorted) {
    if (edit.from > at) parts.push(buf.subarray(at, edit.from));
    parts.push(...edit.bytes);
    at = edit.to;
  }
  if (end > at) parts.push(buf.subarray(at, end));
  return parts;
}

class MsgpackMap implements MapShape {
  readonly start: number;
  readonly body: number;
  readonly end: number;
  readonly entries: readonly MsgpackEntry[];

  constructor(buf: Buffer, start: number) {
    this.start = start;
    this.body = start + headerSize(buf[start]!);
    const entries: MsgpackEntry[] = [];
    let at = this.body;
    for (let left = lengthAt(buf, start); left > 0; left -= 1) {
      const value = skip(buf, at, buf.length);
      const next = skip(buf, value, buf.length);
      entries.push(new MsgpackEntry(buf, keyAt(buf, at), value, next));
      at = next;
    }
    this.end = at;
    this.entries = entries;
  }
}

class MsgpackEntry implements EntryShape {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly #buf: Buffer;
  /** One shape for all who look: a plan collects its additions by it. */
  #map: MsgpackMap | null = null;

  constructor(buf: Buffer, key: string, start: number, end: number) {
    this.#buf = buf;
    this.key = key;
    this.start = start;
    this.end = end;
  }

  map(): MapShape | null {
    if (kindOf(this.#buf[this.start]!) !== 'map') return null;
    this.#map ??= new MsgpackMap(this.#buf, this.start);
    return this.#map;
  }

  value(): unknown {
    return plain(decode(this.#buf, { pos: this.start }));
  }
}

/** A key's text; keys that are no strings are none of ours and get a text that no field has. */
function keyAt(buf: Buffer, pos: number): string {
  const kind = kindOf(buf[pos]!);
  if (kind !== 'str' && kind !== 'bin') return '\u0000';
  const start = pos + headerSize(buf[pos]!);
  return buf.toString('utf8', start, start + lengthAt(buf, pos));
}

function plain(value: Decoded): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([k, v]) => [k, plain(v)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

/** False: the record is not a common one, and nothing was put into `into`. */
function tagCommon(
  buf: Buffer,
  from: number,
  start: number,
  end: number,
  matches: readonly Match[],
  into: PieceTarget,
  keys: RecordKeys | null,
): boolean {
  const count = lengthAt(buf, start);
  const known = keys?.areOf(buf, start, count) ? keys : null;
  const starts = known === null ? null : known.starts;
  let at = start + headerSize(buf[start]!);
  let event = -1;
  let past = -1;
  for (let passed = 1; passed <= count; passed += 1) {
    const kb = buf[at]!;
    if (kb < 0xa0 || kb > 0xbf) return false;
    const key = at + 1;
    const length = kb & 0x1f;
    const value = key + length;
    for (let i = key; i < value; i += 1) if (buf[i] === 0x2e) return false;
    if (isReserved(buf, key, length)) return false;
    at = starts === null ? skip(buf, value, end) : startOf(passed, starts, count, end);
    if (at < 0) return false;
    if (length === 5 && isWord(buf, key, 'event')) {
      if (event !== -1) return false;
      event = value;
      past = at;
    }
  }
  if (event !== -1 && !takesSeverity(buf, event, past, known)) return false;
  const tags = constantTags(matches);
  if (event !== -1 && putCommon(buf, from, start, event, past, end, count + tags.count, tags, into))
    return true;
  into.add(buf, from, start);
  whole(into, mapHeader(count + tags.count + (event === -1 ? 1 : 0)));
  const body = start + headerSize(buf[start]!);
  if (event === -1) {
    into.add(buf, body, end);
    whole(into, tags.eventPair);
  } else {
    into.add(buf, body, event);
    whole(into, mapHeader(lengthAt(buf, event) + 2));
    into.add(buf, event + headerSize(buf[event]!), past);
    whole(into, tags.eventPairs);
    into.add(buf, past, end);
  }
  whole(into, tags.pairs);
  return true;
}

/** As `tagCommon` goes on, with what is copied put together in few steps. False: nothing was put. */
function putCommon(
  buf: Buffer,
  from: number,
  start: number,
  event: number,
  past: number,
  end: number,
  count: number,
  tags: ConstantTags,
  into: PieceTarget,
): boolean {
  const inEvent = lengthAt(buf, event) + 2;
  // Where a header grows, all that is behind it moves.
  if (count > 15 || inEvent > 15 || buf[start]! > 0x8f || buf[event]! > 0x8f) return false;
  if (!into.claim(end - from + tags.eventPairs.length + tags.pairs.length)) return false;
  into.put(buf, from, past);
  into.change(start - from, 0x80 | count);
  into.change(event - from, 0x80 | inEvent);
  into.put(tags.eventPairs, 0, tags.eventPairs.length);
  into.put(buf, past, end);
  into.put(tags.pairs, 0, tags.pairs.length);
  return true;
}

function whole(into: PieceTarget, bytes: Buffer): void {
  into.add(bytes, 0, bytes.length);
}

/** Whether `event` is a map that has neither of the two keys that we add to it. */
function takesSeverity(buf: Buffer, event: number, end: number, keys: RecordKeys | null): boolean {
  if (kindOf(buf[event]!) !== 'map') return false;
  const count = lengthAt(buf, event);
  const starts = keys !== null && keys.eventPassed === count ? keys.eventStarts : null;
  let at = event + headerSize(buf[event]!);
  for (let passed = 1; passed <= count; passed += 1) {
    const kb = buf[at]!;
    if (kb < 0xa0 || kb > 0xbf) return false;
    const length = kb & 0x1f;
    const key = at + 1;
    if ((length >= 8 && isWord(buf, key, 'severity')) || (length >= 10 && isWord(buf, key, 'risk_score')))
      return false;
    at = starts === null ? skip(buf, key + length, end) : startOf(passed, starts, count, end);
    if (at < 0) return false;
  }
  return true;
}

/** Where key `n` of a map with `count` of them starts; of the one behind the last, the map's end. */
function startOf(n: number, starts: Int32Array, count: number, end: number): number {
  return n === count ? end : starts[n]!;
}

function isReserved(buf: Buffer, start: number, length: number): boolean {
  switch (length) {
    case 4:
      return isWord(buf, start, 'rule');
    case 6:
      return isWord(buf, start, 'threat');
    case 9:
      return isWord(buf, start, 'detection');
    case 13:
      return isWord(buf, start, 'fluent_detect');
    default:
      return false;
  }
}

function isWord(buf: Buffer, start: number, word: string): boolean {
  for (let i = 0; i < word.length; i += 1) if (buf[start + i] !== word.charCodeAt(i)) return false;
  return true;
}
