// A frame as it came to the chunk that goes on: tag, payload and options as slices of the frame's own bytes, with
// tags spliced in where rules matched. Whatever came, a PackedForward message goes on.
import type { Frame } from '../forward/message.js';
import { arrayHeader, encode } from '../msgpack/encode.js';
import { headerSize, isTextAt, kindOf, lengthAt, skip } from '../msgpack/scan.js';
import type { OutChunk } from '../sinks/output.js';
import type { Assembled, Assembly } from './assembly.js';
import { SCANNED_DEPTH, type Scanned, type ScanOptions, scanEntries } from './entries.js';

const entryHeader = arrayHeader(2);
const metadataHeader = arrayHeader(2);

export interface ChunkDeps extends ScanOptions {
  /** `add_tag_prefix` and `tag` of the input, applied. */
  readonly tag: string;
  /** Where a new body is put together; nothing is in it. */
  readonly assembly: Assembly;
  /** The whole payload of a compressed chunk; null: this compression cannot be read here. */
  inflate(): Buffer | null;
}

/** The chunk that goes on (null: no event is left to go on), and how many events came in and go on with it. */
export interface MadeChunk {
  readonly chunk: OutChunk | null;
  readonly events: number;
  /** Nothing of the chunk lies in the frame's bytes: every event was changed, or what was inflated. */
  readonly isApart: boolean;
  /** Bytes of memory that the chunk keeps beside its frame's: tags, an inflated payload. */
  readonly extraBytes: number;
  /** What is to be released when the chunk is no longer read. Null: there is nothing to give back. */
  readonly body: Assembled | null;
}

/**
 * @throws EntriesError when the frame's body is not entries; whatever `inflate` throws.
 */
export function makeChunk(frame: Frame, connectionId: number, deps: ChunkDeps): MadeChunk {
  const { tag } = deps;
  const tagBytes = tagValue(frame, tag);
  if (frame.option.signal !== 0) return asItCame(frame, tag, tagBytes, connectionId, 0);
  switch (frame.mode) {
    case 'message':
      return fromMessage(frame, tag, tagBytes, connectionId, deps);
    case 'forward':
    case 'packed_forward': {
      const fill = frame.mode === 'forward' ? eventTime(deps.nowMs) : null;
      const { buffer, bodyStart, bodyEnd } = frame;
      const scanned = scan(buffer, bodyStart, bodyEnd, fill, deps);
      const payload = scanned.body?.slices ?? [buffer.subarray(bodyStart, bodyEnd)];
      return made(
        frame,
        scanned,
        chunkOf(frame, tag, tagBytes, connectionId, payload, null),
        bodyEnd - bodyStart,
      );
    }
    case 'compressed_packed_forward': {
      const inflated = deps.inflate();
      if (inflated === null) return asItCame(frame, tag, tagBytes, connectionId, 0);
      const scanned = scan(inflated, 0, inflated.length, null, deps);
      // Never inflated to be compressed again: without an edit the compressed bytes go on as they came.
      if (scanned.body === null && !scanned.empty)
        return asItCame(frame, tag, tagBytes, connectionId, scanned.events);
      const chunk = chunkOf(frame, tag, tagBytes, connectionId, scanned.body?.slices ?? [], null);
      const all = made(frame, scanned, chunk, inflated.length);
      return scanned.empty ? all : { ...all, extraBytes: inflated.length + all.extraBytes };
    }
  }
}

/** @param bodyBytes the length of what was scanned. */
function made(
  { buffer }: Frame,
  { events, empty, body }: Scanned,
  chunk: OutChunk,
  bodyBytes: number,
): MadeChunk {
  if (empty) return { chunk: null, events, isApart: false, extraBytes: 0, body };
  const isApart = body !== null && chunk.payload.every((slice) => slice.buffer !== buffer.buffer);
  return {
    chunk,
    events,
    isApart,
    extraBytes: Math.max(0, chunk.payloadBytes - bodyBytes),
    body,
  };
}

function asItCame(
  frame: Frame,
  tag: string,
  tagBytes: Buffer,
  connectionId: number,
  events: number,
): MadeChunk {
  const chunk = whole(frame, tag, tagBytes, connectionId);
  return { chunk, events, isApart: false, extraBytes: 0, body: null };
}

function scan(
  buf: Buffer,
  start: number,
  end: number,
  fillTime: Buffer | null,
  deps: ChunkDeps,
  isSingle = false,
): Scanned {
  const { assembly } = deps;
  try {
    if (isSingle) assembly.add(entryHeader, 0, 1);
    const scanned = scanEntries(buf, start, end, deps, assembly, fillTime, isSingle);
    if (isSingle && scanned.body === null) assembly.drop();
    return scanned;
  } catch (error) {
    assembly.drop();
    throw error;
  }
}

/** Message mode: `[tag, time, record, option?]` becomes a payload of one entry. Its metadata option moves into the entry. */
function fromMessage(
  frame: Frame,
  tag: string,
  tagBytes: Buffer,
  connectionId: number,
  deps: ChunkDeps,
): MadeChunk {
  const { buffer, bodyStart, bodyEnd } = frame;
  const body = buffer.subarray(bodyStart, bodyEnd);
  const metadata = frame.option.hasMetadata && !deps.stripMetadata ? optionValue(frame, 'metadata') : null;
  const fill = eventTime(deps.nowMs);
  if (metadata === null && deps.maxDepth >= SCANNED_DEPTH) {
    const scanned = scan(buffer, bodyStart, bodyEnd, fill, deps, true);
    const payload = scanned.body?.slices ?? [entryHeader, body];
    return made(
      frame,
      scanned,
      chunkOf(frame, tag, tagBytes, connectionId, payload, null),
      bodyEnd - bodyStart,
    );
  }
  let entry: Buffer;
  if (metadata === null) entry = Buffer.concat([entryHeader, body]);
  else {
    const timeEnd = skip(body, 0, body.length);
    entry = Buffer.concat([
      entryHeader,
      metadataHeader,
      body.subarray(0, timeEnd),
      metadata,
      body.subarray(timeEnd),
    ]);
  }
  const scanned = scan(entry, 0, entry.length, fill, deps);
  return made(
    frame,
    scanned,
    chunkOf(frame, tag, tagBytes, connectionId, scanned.body?.slices ?? [entry], null),
    0,
  );
}

/** The frame's payload as it came, compressed or not log events at all. Message mode's time and record are one entry. */
function whole(frame: Frame, tag: string, tagBytes: Buffer, connectionId: number): OutChunk {
  const body = frame.buffer.subarray(frame.bodyStart, frame.bodyEnd);
  const payload = frame.mode === 'message' ? [entryHeader, body] : [body];
  return chunkOf(frame, tag, tagBytes, connectionId, payload, frame.compressed);
}

function chunkOf(
  frame: Frame,
  tag: string,
  tagBytes: Buffer,
  connectionId: number,
  payload: readonly Buffer[],
  compressed: OutChunk['compressed'],
): OutChunk {
  const options = frame.option.hasMore || compressed !== null ? keptOptions(frame, compressed) : noOptions;
  let payloadBytes = 0;
  for (let i = 0; i < payload.length; i += 1) payloadBytes += payload[i]!.length;
  return {
    tagBytes,
    tag,
    payload,
    payloadBytes,
    optionEntries: options.entries,
    optionCount: options.count,
    compressed,
    signal: frame.option.signal,
    connectionId,
    isSingle: frame.mode === 'message',
  };
}

/** The sender's own bytes of the tag, unless the input changes it. */
function tagValue(frame: Frame, tag: string): Buffer {
  return tag === frame.tag ? frame.tagBytes : encode(tag);
}

interface Options {
  /** In memory of their own. */
  readonly entries: Buffer | null;
  readonly count: number;
}
const noOptions: Options = { entries: null, count: 0 };

/** The sender's options without those that are said anew, or hold for the message only that came. */
function keptOptions(frame: Frame, compressed: OutChunk['compressed']): Options {
  const { buffer } = frame;
  // The payload's own magic has decided; an option that is not there, or says `text`, would mislead the receiver.
  const isTold = compressed !== null && frame.option.compressed === compressed;
  const leavesMetadata = frame.mode === 'message' && frame.option.hasMetadata;
  const kept: Buffer[] = compressed === null || isTold ? [] : [encodedPair('compressed', compressed)];
  forEachOption(frame, (pairStart, valueStart, pairEnd) => {
    const is = (key: string): boolean => isTextAt(buffer, pairStart, valueStart, key);
    if (is('chunk') || (leavesMetadata && is('metadata')) || (!isTold && is('compressed'))) return;
    // An ext type or an odd key would break the receiver's reading of the whole connection; in a payload it cannot.
    const isHarmless = kindOf(buffer[pairStart]!) === 'str' && hasNoExt(buffer, valueStart, pairEnd);
    if (isHarmless) kept.push(buffer.subarray(pairStart, pairEnd));
  });
  return kept.length === 0 ? noOptions : { entries: Buffer.concat(kept), count: kept.length };
}

function encodedPair(key: string, value: string): Buffer {
  return Buffer.concat([encode(key), encode(value)]);
}

/** Whether no value in `[start, end)` is an ext: every header on the way is looked at. */
function hasNoExt(buffer: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; ) {
    const kind = kindOf(buffer[at]!);
    if (kind === 'ext') return false;
    at = kind === 'map' || kind === 'array' ? at + headerSize(buffer[at]!) : skip(buffer, at, end);
  }
  return true;
}

function optionValue(frame: Frame, wanted: string): Buffer | null {
  let found: Buffer | null = null;
  forEachOption(frame, (pairStart, valueStart, pairEnd) => {
    if (isTextAt(frame.buffer, pairStart, valueStart, wanted))
      found = frame.buffer.subarray(valueStart, pairEnd);
  });
  return found;
}

function forEachOption(
  frame: Frame,
  each: (pairStart: number, valueStart: number, pairEnd: number) => void,
): void {
  const { buffer, option } = frame;
  if (option.start < 0) return;
  let at = option.start + headerSize(buffer[option.start]!);
  for (let left = lengthAt(buffer, option.start); left > 0; left -= 1) {
    const value = skip(buffer, at, option.end);
    const end = skip(buffer, value, option.end);
    each(at, value, end);
    at = end;
  }
}

/** EventTime as fixext8 (Forward protocol v1, "EventTime Ext Format"). */
export function eventTime(ms: number): Buffer {
  const out = Buffer.allocUnsafe(10);
  out[0] = 0xd7;
  out[1] = 0x00;
  out.writeUInt32BE(Math.floor(ms / 1000) >>> 0, 2);
  out.writeUInt32BE((Math.floor(ms) % 1000) * 1_000_000, 6);
  return out;
}
