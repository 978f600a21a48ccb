// Records inside a record: the `records` of an Event Hubs envelope, CloudTrail's `Records`, a Graph page's `value`, and
// JSON text under `message`, `log` or `payload`, in each other too. Found from the walk's marks; JSON text is turned
// into msgpack once. It judges nothing.
import { jsonToMsgpack } from '../msgpack/json.js';
import { headerSize, kindOf, lengthAt, skip } from '../msgpack/scan.js';
import { Found, type Hits } from './found.js';
import type { StateSet } from './paths.js';
import { HAS_MARK, HAS_TEXT, type StateMeanings } from './stateMeanings.js';
import type { Views } from './views.js';
import { Walker } from './walk.js';

/** One inner record: a msgpack map, and where it lies in the event (`records[3]`, `message.records[0]`). */
export interface RecordUnit {
  readonly buf: Buffer;
  readonly pos: number;
  readonly end: number;
  readonly path: string;
  /** A map in a place that holds other things too: a record only if a mapping knows it (or what it holds). */
  readonly onlyKnown: boolean;
  /** The records inside this one; null: not looked for yet. */
  inner: readonly RecordUnit[] | null;
}

/** Keys whose value is a list of records (`logEvents`: CloudWatch Logs; `data.events`: Okta's event hooks). */
const listKeys = ['records', 'Records', 'value', 'logEvents', 'data.events'] as const;
/** Keys whose value is a record, or JSON text of one or of a list. */
const recordKeys = ['message', 'log', 'payload', 'detail'] as const;
/** Where a record may hold records of its own. */
export const recordMarks: readonly string[] = [...listKeys, ...recordKeys];
const lists: ReadonlySet<string> = new Set(listKeys);

/** JSON text longer than this is not looked into (bytes). */
const JSON_TEXT_LIMIT = 8 * 1024 * 1024;
/** How often JSON text may be wrapped in JSON text. */
const MAX_WRAPS = 3;

export class RecordUnits {
  readonly #meanings: StateMeanings;
  readonly #found = new Found();
  readonly #walker: Walker;

  constructor(views: Views, meanings: StateMeanings) {
    this.#meanings = meanings;
    this.#walker = new Walker(this.#found, views.firstMark);
  }

  /** Whether the walk met a mark that can hold records at all. */
  any(hits: Hits): boolean {
    this.#meanings.learn();
    const { flags, marks } = this.#meanings;
    for (let i = 0; i < hits.count; i += 1) {
      const state = hits.states[i]!;
      if ((flags[state]! & HAS_MARK) === 0) continue;
      const buf = hits.sources[hits.sourceOf(i)]!;
      const pos = hits.positions[i]!;
      const kind = kindOf(buf[pos]!);
      if (marks[state]!.some((key) => holdsRecords(kind, key)) || looksLikeJson(buf, pos)) return true;
    }
    return false;
  }

  /** The records right inside the record at `path` (null: the event), in document order. JSON that does not parse holds none. */
  of(hits: Hits, path: string | null): RecordUnit[] {
    this.#meanings.learn();
    const { flags, marks } = this.#meanings;
    const units: RecordUnit[] = [];
    let pastArray = -1;
    let arrayFrom = -1;
    for (let i = 0; i < hits.count; i += 1) {
      if ((flags[hits.states[i]!]! & HAS_MARK) === 0) continue;
      const from = hits.sourceOf(i);
      const buf = hits.sources[from]!;
      const pos = hits.positions[i]!;
      const kind = kindOf(buf[pos]!);
      for (const key of marks[hits.states[i]!]!) {
        // What an array holds is marked too: it was taken with the array.
        if (pos < pastArray && from === arrayFrom) break;
        const here = path === null ? key : `${path}.${key}`;
        if (kind === 'array' && holdsRecords(kind, key)) {
          pastArray = elements(buf, pos, here, units);
          arrayFrom = from;
        } else if (kind === 'map' && holdsRecords(kind, key))
          units.push(unitOf(buf, pos, buf.length, here, key !== 'payload'));
        else if (!lists.has(key)) fromText(buf, pos, here, units);
      }
    }
    return units;
  }

  /** Looks into the columns that a source fills with JSON text (Log Analytics), as if the text stood in place. */
  jsonColumns(hits: Hits, states: StateSet): void {
    const found = this.#found;
    const walker = this.#walker;
    this.#meanings.learn();
    // Text inside such text (Kubernetes' `properties.log`) is found on the way.
    for (let i = 0; i < hits.count; i += 1) {
      if ((this.#meanings.flags[hits.states[i]!]! & HAS_TEXT) === 0) continue;
      const buf = hits.sources[hits.sourceOf(i)]!;
      const pos = hits.positions[i]!;
      if (!looksLikeJson(buf, pos)) continue;
      for (const { column, path } of this.#meanings.columns[hits.states[i]!]!) {
        const state = states.at(path);
        const parsed = state === null ? null : parse(buf, pos);
        if (parsed === null) continue;
        walker.over(parsed, new DataView(parsed.buffer, parsed.byteOffset, parsed.length), parsed.length);
        found.count = 0;
        walker.value(state, 0, 0);
        hits.take(found, parsed, column);
        this.#meanings.learn();
      }
    }
  }
}

/** Whether a value of this kind under a mark is records as it stands, without being text. */
function holdsRecords(kind: ReturnType<typeof kindOf>, key: string): boolean {
  if (kind === 'array') return lists.has(key) || (key !== 'message' && key !== 'log' && key !== 'detail');
  return kind === 'map' && !lists.has(key) && key !== 'log';
}

function unitOf(buf: Buffer, pos: number, end: number, path: string, onlyKnown = false): RecordUnit {
  return { buf, pos, end, path, onlyKnown, inner: null };
}

/** Puts the records of the array at `pos` on the list; returns the offset past the array. */
function elements(buf: Buffer, pos: number, path: string, units: RecordUnit[]): number {
  const count = lengthAt(buf, pos);
  let at = pos + headerSize(buf[pos]!);
  for (let i = 0; i < count; i += 1) {
    const end = skip(buf, at, buf.length);
    if (end < 0) return at;
    if (kindOf(buf[at]!) === 'map') units.push(unitOf(buf, at, end, `${path}[${i}]`));
    else fromText(buf, at, `${path}[${i}]`, units);
    at = end;
  }
  return at;
}

function fromText(buf: Buffer, pos: number, path: string, units: RecordUnit[]): void {
  if (!looksLikeJson(buf, pos)) return;
  const parsed = parse(buf, pos);
  if (parsed === null) return;
  if (kindOf(parsed[0]!) === 'array') elements(parsed, 0, path, units);
  else units.push(unitOf(parsed, 0, parsed.length, path));
}

const BOM = [0xef, 0xbb, 0xbf];

/** Whether a str or bin begins like a JSON object or array, or like JSON text of one (`"{…`). */
export function looksLikeJson(buf: Buffer, pos: number): boolean {
  const kind = kindOf(buf[pos]!);
  if (kind !== 'str' && kind !== 'bin') return false;
  const start = pos + headerSize(buf[pos]!);
  const end = start + lengthAt(buf, pos);
  if (end - start > JSON_TEXT_LIMIT) return false;
  let at = start;
  if (BOM.every((byte, i) => buf[start + i] === byte)) at += BOM.length;
  let quoted = false;
  for (; at < end; at += 1) {
    const c = buf[at]!;
    if (c === 0x7b || c === 0x5b) return true;
    if (c === 0x22 && !quoted) quoted = true;
    else if (c === 0x5c && quoted) return true;
    else if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return false;
  }
  return false;
}

/** The str or bin at `pos`, read as JSON, however often it is wrapped in JSON text; null: it is no map or list. */
function parse(buf: Buffer, pos: number): Buffer | null {
  let text = buf;
  let at = pos;
  for (let wraps = 0; wraps <= MAX_WRAPS; wraps += 1) {
    const start = at + headerSize(text[at]!);
    let parsed: Buffer;
    try {
      parsed = jsonToMsgpack(trimmed(text.toString('utf8', start, start + lengthAt(text, at))));
    } catch {
      // Text that only looks like JSON is text: the event is judged as it stands.
      return null;
    }
    const kind = kindOf(parsed[0]!);
    if (kind === 'map' || kind === 'array') return parsed;
    if (!looksLikeJson(parsed, 0)) return null;
    text = parsed;
    at = 0;
  }
  return null;
}

/** Without a byte order mark before it and the NULs that some senders put behind it. */
function trimmed(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0) end -= 1;
  return text.slice(text.charCodeAt(0) === 0xfeff ? 1 : 0, end);
}
