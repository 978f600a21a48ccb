// A chunk as the message that goes downstream: `[tag, payload, option]`, PackedForward as Fluentd's out_forward writes
// it (payload behind a str32 header), in slices that are not copied.
import { arrayHeader, encode, mapHeader, str32Header } from '../msgpack/encode.js';
import type { OutChunk } from '../sinks/output.js';

const chunkKey = encode('chunk');
const withOption = arrayHeader(3);
const withoutOption = arrayHeader(2);

/** Slices up to this size are put together: one more slice to write costs more than copying it. Bytes. */
const TOGETHER = 8 * 1024;

/** @param id the `chunk` option; null: no ack is asked for. */
export function outMessage(chunk: OutChunk, id: string | null): Buffer[] {
  const options = chunk.optionCount + (id === null ? 0 : 1);
  const payload = chunk.signal === 0 ? str32Header(chunk.payloadBytes) : bin32Header(chunk.payloadBytes);
  const head = [options === 0 ? withoutOption : withOption, chunk.tagBytes, payload];
  const tail: Buffer[] = [];
  if (options > 0) tail.push(mapHeader(options));
  if (chunk.optionEntries) tail.push(chunk.optionEntries);
  if (id !== null) tail.push(chunkKey, encode(id));
  if (chunk.payloadBytes <= TOGETHER) return [Buffer.concat([...head, ...chunk.payload, ...tail])];
  const out = [Buffer.concat(head), ...chunk.payload];
  if (tail.length > 0) out.push(Buffer.concat(tail));
  return out;
}

/** What is not log events (metrics, traces) Fluent Bit sends and reads as bin. */
function bin32Header(length: number): Buffer {
  const out = str32Header(length);
  out[0] = 0xc6;
  return out;
}
