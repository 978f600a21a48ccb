// A whole top-level msgpack value to a Frame: which entry mode it is and where its parts lie. Reads headers and the
// option, never the payload. Layouts: Forward protocol v1, "Event Modes"; what really is sent: Fluentd and Fluent Bit
// decide the mode by the type of element 1.
import { strHeader } from '../msgpack/encode.js';
import { headerSize, isTextAt, kindOf, lengthAt, skip, u32 } from '../msgpack/scan.js';
import type { Frame, FrameOption } from './message.js';
import { Rejection } from './rejection.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

interface Tag {
  /** The msgpack value as it came. */
  readonly value: Buffer;
  /** The same as a str. */
  readonly bytes: Buffer;
  readonly text: string;
}

/** The tag that came last time: most connections send one tag over and over. */
let lastTag: Tag = { value: Buffer.alloc(0), bytes: Buffer.alloc(0), text: '' };

/**
 * @param elements offsets of the outermost array's elements, from `start` (ResumableSkip gives them).
 * @throws Rejection `bad_message`, `bad_tag`, `bad_option`
 */
export function frameAt(buffer: Buffer, start: number, end: number, elements: readonly number[]): Frame {
  const count = lengthAt(buffer, start);
  if (kindOf(buffer[start]!) !== 'array' || count < 2) {
    throw new Rejection('bad_message', 'not an array of tag and events');
  }
  const second = placeOf(1, start, end, count, elements);
  const third = placeOf(2, start, end, count, elements);
  const fourth = placeOf(3, start, end, count, elements);
  const kind = kindOf(buffer[second]!);
  const packed = kind === 'str' || kind === 'bin';
  const isMessage = !packed && kind !== 'array';
  if (isMessage && count < 3) throw new Rejection('bad_message', 'a message without a record');
  const optionStart = isMessage ? fourth : third;
  const hasOption = count > (isMessage ? 3 : 2) && buffer[optionStart] !== 0xc0;
  const optionEnd = isMessage ? placeOf(4, start, end, count, elements) : fourth;
  const option = hasOption ? readOption(buffer, optionStart, optionEnd) : noOption;
  const tag = tagAt(buffer, placeOf(0, start, end, count, elements), second);
  const bodyStart = isMessage ? second : second + headerSize(buffer[second]!);
  const bodyEnd = isMessage ? fourth : third;
  const compressed = packed ? compression(option.compressed, buffer, bodyStart, bodyEnd) : null;
  return {
    mode: isMessage
      ? 'message'
      : packed
        ? compressed
          ? 'compressed_packed_forward'
          : 'packed_forward'
        : 'forward',
    buffer,
    start,
    end,
    tagBytes: tag.bytes,
    tag: tag.text,
    bodyStart,
    bodyEnd,
    compressed,
    option,
  };
}

/** Where element `i` begins; past the last one: the end. */
function placeOf(i: number, start: number, end: number, count: number, elements: readonly number[]): number {
  return i < count && i < elements.length ? start + elements[i]! : end;
}

function tagAt(buffer: Buffer, start: number, end: number): Tag {
  if (isSame(lastTag.value, buffer, start, end)) return lastTag;
  const kind = kindOf(buffer[start]!);
  if (kind !== 'str' && kind !== 'bin') throw new Rejection('bad_tag', `the tag is ${kind}, not a string`);
  const value = Buffer.from(buffer.subarray(start, end));
  const body = value.subarray(headerSize(value[0]!));
  try {
    const text = utf8.decode(body);
    lastTag = { value, bytes: kind === 'str' ? value : Buffer.concat([strHeader(body.length), body]), text };
    return lastTag;
  } catch {
    throw new Rejection('bad_tag', 'the tag is not UTF-8');
  }
}

/** A byte at a time: tags are short. */
function isSame(value: Buffer, buffer: Buffer, start: number, end: number): boolean {
  if (value.length !== end - start) return false;
  for (let i = 0; i < value.length; i += 1) if (value[i] !== buffer[start + i]) return false;
  return true;
}

const noOption: FrameOption = {
  start: -1,
  end: -1,
  chunkStart: -1,
  chunkEnd: -1,
  compressed: null,
  signal: 0,
  hasMetadata: false,
  hasMore: false,
};

/** Forward protocol v1, "Option": `chunk`, `compressed`, `size`; Fluent Bit: `fluent_signal`, `metadata`. Others are kept unread. */
function readOption(buffer: Buffer, start: number, end: number): FrameOption {
  if (kindOf(buffer[start]!) !== 'map') throw new Rejection('bad_option', 'the option is not a map');
  let chunkStart = -1;
  let chunkEnd = -1;
  let compressed: string | null = null;
  let signal = 0;
  let hasMetadata = false;
  let hasMore = false;
  let at = start + headerSize(buffer[start]!);
  for (let left = lengthAt(buffer, start); left > 0; left -= 1) {
    const value = skip(buffer, at, end);
    const next = skip(buffer, value, end);
    const nil = buffer[value] === 0xc0;
    if (isTextAt(buffer, at, value, 'chunk')) {
      // in_forward acks whatever is neither nil nor false.
      if (!nil && buffer[value] !== 0xc2) {
        chunkStart = value;
        chunkEnd = next;
      }
    } else {
      hasMore = true;
      if (isTextAt(buffer, at, value, 'compressed'))
        compressed = nil ? compressed : textAt(buffer, value, next);
      else if (isTextAt(buffer, at, value, 'fluent_signal')) signal = smallInteger(buffer, value);
      else if (isTextAt(buffer, at, value, 'metadata') && kindOf(buffer[value]!) === 'map')
        hasMetadata = true;
    }
    at = next;
  }
  return { start, end, chunkStart, chunkEnd, compressed, signal, hasMetadata, hasMore };
}

function textAt(buffer: Buffer, start: number, end: number): string {
  const head = headerSize(buffer[start]!);
  const kind = kindOf(buffer[start]!);
  if (kind !== 'str' && kind !== 'bin') throw new Rejection('bad_option', 'compressed is not a string');
  return buffer.toString('latin1', start + head, end);
}

function smallInteger(buffer: Buffer, at: number): number {
  const b = buffer[at]!;
  if (b <= 0x7f) return b;
  if (b === 0xcc) return buffer[at + 1]!;
  if (b === 0xcd) return buffer.readUInt16BE(at + 1);
  if (b === 0xce) return u32(buffer, at + 1);
  throw new Rejection('bad_option', 'fluent_signal is not a small integer');
}

/** The payload's own magic goes before the option (as Fluent Bit does); `text` means none. */
function compression(
  named: string | null,
  buffer: Buffer,
  start: number,
  end: number,
): 'gzip' | 'zstd' | null {
  if (end - start >= 4) {
    if (buffer[start] === 0x1f && buffer[start + 1] === 0x8b) return 'gzip';
    if (buffer.readUInt32LE(start) === 0xfd2fb528) return 'zstd';
  }
  if (named === null || named === 'text' || named === 'none' || end === start) return null;
  if (named === 'gzip' || named === 'zstd') {
    throw new Rejection('inflate_failed', `the payload says ${named} and is not`);
  }
  throw new Rejection('bad_option', `unknown compression ${JSON.stringify(named.slice(0, 40))}`);
}
