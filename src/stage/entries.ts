// One pass over the entries of a chunk: every entry is checked, every record judged, and what must change (a tag, a
// broken entry) becomes an edit between slices of the bytes that came. Without an edit the chunk stays as it is.
// Layout: Forward protocol v1, "Entry": `[time, record]`; Fluent Bit: `[[time, metadata], record]`.
import type { Engine } from '../detect/engine.js';
import type { PieceTarget } from '../msgpack/pieces.js';
import { headerSize, kindOf, lengthAt, skip, TOO_DEEP, TRUNCATED, u32 } from '../msgpack/scan.js';
import type { Assembled, Assembly } from './assembly.js';

/** Where an entry lies in its buffer. */
export interface EntryPlace {
  readonly buf: Buffer;
  readonly start: number;
  readonly end: number;
  readonly timeStart: number;
  readonly timeEnd: number;
  readonly recordStart: number;
  readonly recordEnd: number;
  /** The record that was judged in its stead: with the whole of a line that came in parts. Null: itself. */
  readonly judged: Buffer | null;
}

export interface EntryEvents {
  /**
   * The engine's `matches` hold what was found. True: the record's new bytes were put into `into`, behind what stays as
   * it is from `from` on; false: the record is left as it is.
   */
  onMatch(place: EntryPlace, from: number, into: PieceTarget): boolean;
  /** So many entries that are no events (record not a map, time neither integer nor EventTime) were taken out. */
  onInvalid(reason: string, count: number): void;
}

export interface Scanned {
  /** Events that go on. */
  readonly events: number;
  /** Nothing goes on, not even a group marker. */
  readonly empty: boolean;
  /** The new body, where something was changed; null: the body goes on as it came. */
  readonly body: Assembled | null;
}

type EntriesCode = 'bad_entries' | 'too_deep' | 'too_many_entries';

/** Why a body cannot be read to its end: negative scan codes of `src/msgpack/scan.ts`, or entries of another shape. */
export class EntriesError extends Error {
  readonly code: EntriesCode;
  constructor(message: string, code: EntriesCode = 'bad_entries') {
    super(message);
    this.name = 'EntriesError';
    this.code = code;
  }
}

/** Every skip and walk follows values so deep by itself; a smaller `max_depth` needs a look of its own. */
export const SCANNED_DEPTH = 512;

/** Group markers (Fluent Bit's OTLP groups): EventTime seconds that are no time. They go on in place, unread. */
const GROUP_START = 0xffffffff;
const GROUP_END = 0xfffffffe;

export interface ScanOptions {
  readonly engine: Engine;
  /** Time of arrival, epoch ms. */
  readonly nowMs: number;
  /** `[[time, metadata], record]` becomes `[time, record]`. */
  readonly stripMetadata: boolean;
  /** Maps and arrays inside one another, entries included. */
  readonly maxDepth: number;
  /** Entries of one message. */
  readonly maxEntries: number;
  /** What is to be judged for the record at `pos`: null: itself; `part`: nothing yet; or another record. */
  readonly join: ((buf: Buffer, pos: number, end: number) => Buffer | 'part' | null) | null;
  readonly events: EntryEvents;
}

/**
 * Reads the entries in `[start, end)` of `buf`. @param into where the new body is put together, if anything must change;
 * when this throws, or returns none, something can be left in it.
 * @param fillTime the msgpack time that stands in for nil (Message and Forward mode, as in_forward does); null: nil is
 * broken. @param isSingle the bytes are the time and the record of one entry, without a header (Message mode).
 * @throws EntriesError when the bytes are not whole entries end to end.
 */
export function scanEntries(
  buf: Buffer,
  start: number,
  end: number,
  options: ScanOptions,
  into: Assembly,
  fillTime: Buffer | null,
  isSingle: boolean,
): Scanned {
  const { engine, nowMs, stripMetadata, maxDepth, maxEntries, join, events } = options;
  let seen = 0;
  let count = 0;
  let kept = 0;
  let edited = false;
  /** By reason, told at the end: a sender can make millions of them. */
  let invalid: Map<string, number> | null = null;
  /** What is before it is in `into` already, once something was edited. */
  let copied = start;
  let at = start;
  const edit = (from: number, to: number, bytes: Buffer | null): void => {
    edited = true;
    into.add(buf, copied, from);
    if (bytes !== null) into.add(bytes, 0, bytes.length);
    copied = to;
  };
  const takeOut = (from: number, to: number, reason: string): void => {
    invalid ??= new Map();
    invalid.set(reason, (invalid.get(reason) ?? 0) + 1);
    edit(from, to, null);
  };
  while (at < end) {
    const entry = at;
    seen += 1;
    if (seen > maxEntries) throw tooMany(maxEntries);
    if (maxDepth < SCANNED_DEPTH) mustSkip(buf, entry, end, entry - start, maxDepth);
    const b = isSingle ? 0x92 : buf[at]!;
    const length = b === 0x92 ? 2 : kindOf(b) === 'array' ? arrayLength(buf, at, end) : -1;
    if (length < 2) {
      at = mustSkip(buf, entry, end, entry - start);
      takeOut(entry, at, length === -1 ? 'entry is not an array' : 'entry has no record');
      continue;
    }
    const time = isSingle ? at : at + headerSize(b);
    const record = timeEnd(buf, time, end, entry - start);
    if (record >= end) throw new EntriesError(`entry at byte ${entry - start} is cut off`);
    const rb = buf[record]!;
    const isMap = (rb & 0xf0) === 0x80 || rb === 0xde || rb === 0xdf;
    const timeKind = kindOfTime(buf, time, record);
    const nil = timeKind === 'nil' && fillTime !== null;
    let recordEnd: number;
    let judged = false;
    let joined: Buffer | 'part' | null = null;
    if (isMap && (timeKind === 'time' || nil)) {
      joined = join === null ? null : join(buf, record, end);
      if (joined === null) recordEnd = engine.match(buf, record, end, nowMs);
      else {
        recordEnd = skip(buf, record, end);
        if (joined !== 'part') engine.match(joined, 0, joined.length, nowMs);
      }
      judged = true;
    } else {
      recordEnd = skip(buf, record, end);
    }
    if (recordEnd < 0) throw scanError(`record at byte ${record - start}`, recordEnd);
    at = recordEnd;
    for (let extra = length - 2; extra > 0; extra -= 1) at = mustSkip(buf, at, end, at - start);
    if (!judged && timeKind !== 'group') {
      takeOut(entry, at, isMap ? 'time is neither an integer nor an EventTime' : 'record is not a map');
      continue;
    }
    if (stripMetadata && timeKind === 'group') {
      // Senders without metadata leave the markers out: to a receiver that knows none they would be events of 2106.
      edit(entry, at, null);
      continue;
    }
    kept += 1;
    if (judged) count += 1;
    if (nil) edit(time, record, fillTime);
    else if (stripMetadata && kindOf(buf[time]!) === 'array') edit(time, record, innerTime(buf, time, end));
    if (judged && joined !== 'part' && engine.matches.length > 0) {
      const place = {
        buf,
        start: entry,
        end: at,
        timeStart: time,
        timeEnd: record,
        recordStart: record,
        recordEnd,
        judged: joined,
      };
      if (events.onMatch(place, copied, into)) {
        edited = true;
        copied = recordEnd;
      }
    }
  }
  engine.rest();
  if (edited) into.add(buf, copied, end);
  // Assigned in `takeOut`, which the compiler does not see.
  const told = invalid as Map<string, number> | null;
  if (told) for (const [reason, times] of told) events.onInvalid(reason, times);
  return { events: count, empty: kept === 0, body: edited ? into.finish() : null };
}

/** The time inside `[time, metadata]`. */
function innerTime(buf: Buffer, time: number, end: number): Buffer {
  const start = time + headerSize(buf[time]!);
  return buf.subarray(start, skip(buf, start, end));
}

function arrayLength(buf: Buffer, at: number, end: number): number {
  if (at + headerSize(buf[at]!) > end) throw new EntriesError('last entry is cut off');
  return lengthAt(buf, at);
}

function mustSkip(buf: Buffer, at: number, end: number, offset: number, maxDepth = SCANNED_DEPTH): number {
  const next = skip(buf, at, end, maxDepth);
  if (next < 0) throw scanError(`value at byte ${offset}`, next);
  return next;
}

function tooMany(maxEntries: number): EntriesError {
  return new EntriesError(`there are more than ${maxEntries} entries (max_entries)`, 'too_many_entries');
}

function scanError(what: string, code: number): EntriesError {
  if (code === TRUNCATED) return new EntriesError(`${what} is cut off`);
  if (code === TOO_DEEP) return new EntriesError(`${what} is nested over max_depth`, 'too_deep');
  return new EntriesError(`${what} is not msgpack`);
}

function timeEnd(buf: Buffer, time: number, end: number, offset: number): number {
  if (buf[time] === 0xd7 && time + 10 <= end) return time + 10;
  return mustSkip(buf, time, end, offset);
}

type TimeKind = 'time' | 'nil' | 'group' | 'other';

/** What stands where an entry's time belongs; `[time, metadata]` counts as its time. */
function kindOfTime(buf: Buffer, time: number, end: number): TimeKind {
  const b = buf[time]!;
  if (b === 0xd7 || b === 0xc7) return eventTimeKind(buf, time, end);
  switch (kindOf(b)) {
    case 'integer':
      return 'time';
    case 'nil':
      return 'nil';
    case 'array': {
      if (lengthAt(buf, time) < 1) return 'other';
      const inner = time + headerSize(b);
      const kind = kindOfTime(buf, inner, end);
      return kind === 'nil' ? 'other' : kind;
    }
    default:
      return 'other';
  }
}

/** EventTime is ext type 0 with 8 bytes: fixext8 `d7 00` or ext8 `c7 08 00`. */
function eventTimeKind(buf: Buffer, time: number, end: number): TimeKind {
  const head = buf[time] === 0xd7 ? 2 : 3;
  if (time + head + 8 > end || buf[time + head - 1] !== 0 || (head === 3 && buf[time + 1] !== 8))
    return 'other';
  if (buf[time + head] !== 0xff) return 'time';
  const seconds = buf.readUInt32BE(time + head);
  return seconds === GROUP_START || seconds === GROUP_END ? 'group' : 'time';
}

/** The time of an entry. */
export class EntryTime {
  /** Epoch ms. */
  readonly ms: number;
  readonly #nanos: number;

  constructor(seconds: number, nanos: number) {
    const ms = seconds * 1000 + Math.floor(nanos / 1e6);
    const isReadable = Math.abs(ms) <= 8.64e15;
    this.ms = isReadable ? ms : 0;
    this.#nanos = isReadable ? nanos : 0;
  }

  /** In ISO 8601 with what precision it has. Worked out when asked for: most matches become no alert. */
  get iso(): string {
    const iso = new Date(this.ms).toISOString();
    if (this.#nanos === 0 || this.#nanos > 999_999_999) return iso;
    return `${iso.slice(0, 20)}${String(this.#nanos).padStart(9, '0')}Z`;
  }
}

/** The time of an entry; unreadable: the epoch. */
export function readTime(buf: Buffer, time: number): EntryTime {
  const b = buf[time]!;
  if (kindOf(b) === 'array') return readTime(buf, time + headerSize(b));
  if (b === 0xd7 || b === 0xc7) {
    const head = b === 0xd7 ? 2 : 3;
    return new EntryTime(u32(buf, time + head), u32(buf, time + head + 4));
  }
  return new EntryTime(kindOf(b) === 'integer' ? integerAt(buf, time) : 0, 0);
}

function integerAt(buf: Buffer, pos: number): number {
  const b = buf[pos]!;
  if (b <= 0x7f) return b;
  if (b >= 0xe0) return b - 256;
  switch (b) {
    case 0xcc:
      return buf[pos + 1]!;
    case 0xcd:
      return buf.readUInt16BE(pos + 1);
    case 0xce:
      return buf.readUInt32BE(pos + 1);
    case 0xcf:
      return Number(buf.readBigUInt64BE(pos + 1));
    case 0xd0:
      return buf.readInt8(pos + 1);
    case 0xd1:
      return buf.readInt16BE(pos + 1);
    case 0xd2:
      return buf.readInt32BE(pos + 1);
    default:
      return Number(buf.readBigInt64BE(pos + 1));
  }
}
