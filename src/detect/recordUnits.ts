// Records inside an event: the `records` of an Event Hubs envelope, a Graph page's `value`, and JSON text under
// `message`, `log`, `payload` or `event.original`. Found from the walk's marks; JSON text is turned into msgpack once.
import { jsonToMsgpack } from '../msgpack/json.js';
import { headerSize, kindOf, lengthAt, skip } from '../msgpack/scan.js';
import { Found, type Hits } from './found.js';
import type { StateSet } from './paths.js';
import type { Views } from './views.js';
import { Walker } from './walk.js';

/** One inner record: a msgpack map, and where it lies in the event (`records[3]`, `message.records[0]`). */
export interface RecordUnit {
  readonly buf: Buffer;
  readonly pos: number;
  readonly end: number;
  readonly path: string;
}

/** JSON text longer than this is not looked into (bytes). */
const JSON_TEXT_LIMIT = 8 * 1024 * 1024;

export class RecordUnits {
  readonly #views: Views;
  readonly #found = new Found();
  readonly #walker: Walker;

  constructor(views: Views) {
    this.#views = views;
    this.#walker = new Walker(this.#found, views.firstMark);
  }

  /** Whether the walk met a mark that can hold records at all. */
  any(hits: Hits): boolean {
    const { firstMark, marks } = this.#views;
    for (let i = 0; i < hits.count; i += 1) {
      const slot = hits.slots[i]!;
      if (slot >= firstMark && marks.has(slot)) {
        const buf = hits.sources[hits.from[i]!]!;
        const kind = kindOf(buf[hits.positions[i]!]!);
        if (kind === 'array' || (kind === 'map' && marks.get(slot) === 'payload')) return true;
        if ((kind === 'str' || kind === 'bin') && looksLikeJson(buf, hits.positions[i]!)) return true;
      }
    }
    return false;
  }

  /** The records, in document order. JSON that does not parse holds none. */
  of(hits: Hits): RecordUnit[] {
    const { firstMark, marks } = this.#views;
    const units: RecordUnit[] = [];
    let pastArray = -1;
    for (let i = 0; i < hits.count; i += 1) {
      const slot = hits.slots[i]!;
      const path = slot >= firstMark ? marks.get(slot) : undefined;
      if (path === undefined) continue;
      const buf = hits.sources[hits.from[i]!]!;
      const pos = hits.positions[i]!;
      if (pos < pastArray) continue;
      const kind = kindOf(buf[pos]!);
      if (kind === 'array' && path !== 'message' && path !== 'log' && path !== 'event.original') {
        pastArray = elements(buf, pos, path, units);
      } else if (kind === 'map' && path === 'payload' && !hasRecords(buf, pos)) {
        units.push({ buf, pos, end: buf.length, path });
      } else if (kind === 'str' || kind === 'bin') {
        if (path === 'event.original' && units.length > 0) continue;
        fromText(buf, pos, path, units);
      }
    }
    return units;
  }

  /** Looks into the columns that a source fills with JSON text (Log Analytics), as if the text stood in place. */
  jsonColumns(hits: Hits, states: StateSet): void {
    const found = this.#found;
    const walker = this.#walker;
    const { firstMark, jsonText } = this.#views;
    if (jsonText.size === 0) return;
    const before = hits.count;
    let seen: Set<number> | null = null;
    for (let i = 0; i < before; i += 1) {
      const slot = hits.slots[i]!;
      if (slot < firstMark) continue;
      const column = jsonText.get(slot);
      if (!column) continue;
      const buf = hits.sources[hits.from[i]!]!;
      const pos = hits.positions[i]!;
      const kind = kindOf(buf[pos]!);
      if ((kind !== 'str' && kind !== 'bin') || !looksLikeJson(buf, pos)) continue;
      const state = states.at(column.path);
      seen ??= new Set();
      if (state === null || seen.has(pos)) continue;
      seen.add(pos);
      const parsed = parse(buf, pos);
      if (parsed === null) continue;
      walker.over(parsed, new DataView(parsed.buffer, parsed.byteOffset, parsed.length), parsed.length);
      found.count = 0;
      walker.value(state, 0, 0);
      hits.take(found, parsed, states.states, firstMark);
    }
  }
}

/** Puts the maps of the array at `pos` on the list; returns the offset past the array. */
function elements(buf: Buffer, pos: number, path: string, units: RecordUnit[]): number {
  const count = lengthAt(buf, pos);
  let at = pos + headerSize(buf[pos]!);
  for (let i = 0; i < count; i += 1) {
    const end = skip(buf, at, buf.length);
    if (end < 0) return at;
    if (kindOf(buf[at]!) === 'map') units.push({ buf, pos: at, end, path: `${path}[${i}]` });
    at = end;
  }
  return at;
}

/** Whether the map at `pos` is an envelope itself: its `records` are marked apart. */
function hasRecords(buf: Buffer, pos: number): boolean {
  return recordsAt(buf, pos) !== -1;
}

/** Offset of the array under the key `records` (or a Graph page's `value`) of the map at `pos`; -1: none. */
function recordsAt(buf: Buffer, pos: number): number {
  const count = lengthAt(buf, pos);
  let at = pos + headerSize(buf[pos]!);
  for (let i = 0; i < count; i += 1) {
    const value = skip(buf, at, buf.length);
    if (value < 0) return -1;
    const kind = kindOf(buf[at]!);
    if ((kind === 'str' || kind === 'bin') && kindOf(buf[value]!) === 'array') {
      const start = at + headerSize(buf[at]!);
      const key = buf.toString('latin1', start, start + lengthAt(buf, at));
      if (key === 'records' || key === 'value') return value;
    }
    at = skip(buf, value, buf.length);
    if (at < 0) return -1;
  }
  return -1;
}

function fromText(buf: Buffer, pos: number, path: string, units: RecordUnit[]): void {
  if (!looksLikeJson(buf, pos)) return;
  const parsed = parse(buf, pos);
  if (parsed === null) return;
  if (kindOf(parsed[0]!) === 'array') {
    elements(parsed, 0, path, units);
    return;
  }
  const records = recordsAt(parsed, 0);
  if (records === -1) units.push({ buf: parsed, pos: 0, end: parsed.length, path });
  else elements(parsed, records, `${path}.records`, units);
}

/** Whether the str or bin at `pos` could be JSON worth looking into. */
export function looksLikeJson(buf: Buffer, pos: number): boolean {
  const start = pos + headerSize(buf[pos]!);
  const end = start + lengthAt(buf, pos);
  if (end - start > JSON_TEXT_LIMIT) return false;
  let at = start;
  while (at < end && (buf[at] === 0x20 || buf[at] === 0x0a || buf[at] === 0x0d || buf[at] === 0x09)) at += 1;
  return at < end && (buf[at] === 0x7b || buf[at] === 0x5b);
}

/** The str or bin at `pos`, read as JSON; null: it is not. */
function parse(buf: Buffer, pos: number): Buffer | null {
  const start = pos + headerSize(buf[pos]!);
  try {
    return jsonToMsgpack(buf.toString('utf8', start, start + lengthAt(buf, pos)));
  } catch {
    // Text that only looks like JSON is text: the event is judged as it stands.
    return null;
  }
}
