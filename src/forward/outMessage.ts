// A chunk as the message that goes downstream: `[tag, payload, option]`, PackedForward as Fluentd's out_forward writes
// it (payload behind a str32 header).
import { encode, mapHeader } from '../msgpack/encode.js';
import type { OutChunk } from '../sinks/output.js';

const chunkKey = encode('chunk');
/** Of maps with few entries. */
const headers = [0, 1, 2, 3, 4].map(mapHeader);
/** Up to this size a byte at a time: a call for a copy costs more. */
const TINY = 32;
const WITH_OPTION = 0x93;
const WITHOUT_OPTION = 0x92;
const FIX_STR = 0xa0;
const STR_32 = 0xdb;
/** What is not log events (metrics, traces) Fluent Bit sends and reads as bin. */
const BIN_32 = 0xc6;

/**
 * In slices; the payload is not copied. Short messages are put together (outBlocks.ts).
 * @param id the `chunk` option, at most 31 characters of ASCII; null: no ack is asked for.
 */
export function outMessage(chunk: OutChunk, id: string | null): Buffer[] {
  const head = Buffer.allocUnsafe(headBytes(chunk));
  writeHead(chunk, id, head, 0);
  const tail = Buffer.allocUnsafe(tailBytes(chunk, id));
  writeTail(chunk, id, tail, 0);
  return tail.length === 0 ? [head, ...chunk.payload] : [head, ...chunk.payload, tail];
}

/** How long the message is. */
export function messageBytes(chunk: OutChunk, id: string | null): number {
  return headBytes(chunk) + chunk.payloadBytes + tailBytes(chunk, id);
}

/** Writes the message to `out` at `at`; returns the offset past it. */
export function writeMessage(chunk: OutChunk, id: string | null, out: Buffer, at: number): number {
  let past = writeHead(chunk, id, out, at);
  const { payload } = chunk;
  for (let i = 0; i < payload.length; i += 1) past = put(payload[i]!, out, past);
  return writeTail(chunk, id, out, past);
}

function optionsOf(chunk: OutChunk, id: string | null): number {
  return chunk.optionCount + (id === null ? 0 : 1);
}

function headBytes({ tagBytes }: OutChunk): number {
  return 1 + tagBytes.length + 5;
}

function tailBytes(chunk: OutChunk, id: string | null): number {
  const options = optionsOf(chunk, id);
  if (options === 0) return 0;
  const ofId = id === null ? 0 : chunkKey.length + 1 + id.length;
  return optionHeader(options).length + (chunk.optionEntries?.length ?? 0) + ofId;
}

function writeHead(chunk: OutChunk, id: string | null, out: Buffer, at: number): number {
  out[at] = optionsOf(chunk, id) === 0 ? WITHOUT_OPTION : WITH_OPTION;
  const past = put(chunk.tagBytes, out, at + 1);
  out[past] = chunk.signal === 0 ? STR_32 : BIN_32;
  return out.writeUInt32BE(chunk.payloadBytes, past + 1);
}

function writeTail(chunk: OutChunk, id: string | null, out: Buffer, at: number): number {
  const options = optionsOf(chunk, id);
  if (options === 0) return at;
  let past = put(optionHeader(options), out, at);
  if (chunk.optionEntries) past = put(chunk.optionEntries, out, past);
  if (id === null) return past;
  past = put(chunkKey, out, past);
  out[past] = FIX_STR | id.length;
  past += 1;
  for (let i = 0; i < id.length; i += 1) out[past++] = id.charCodeAt(i);
  return past;
}

function optionHeader(options: number): Buffer {
  return headers[options] ?? mapHeader(options);
}

function put(bytes: Buffer, out: Buffer, at: number): number {
  const { length } = bytes;
  if (length <= TINY) for (let i = 0; i < length; i += 1) out[at + i] = bytes[i]!;
  else out.set(bytes, at);
  return at + length;
}
