// JSON mode (Fluentd's in_forward): a connection whose first byte is `[` or `{` is a stream of JSON arrays. Each is
// found by its brackets as bytes come, turned into msgpack at the door, and from there is a message like any other.
import { isUtf8 } from 'node:buffer';
import { JsonError, jsonToMsgpack } from '../msgpack/json.js';
import { Rejection } from './rejection.js';

export class JsonFramer {
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Bytes of the value that have been looked at. */
  #seen = 0;

  /**
   * The length of the whole value that starts at `start` (blanks before it included), or -1 when more must come.
   */
  find(buffer: Buffer, start: number, end: number): number {
    for (let at = start + this.#seen; at < end; at += 1) {
      const b = buffer[at]!;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (b === 0x5c) this.#escaped = true;
        else if (b === 0x22) this.#inString = false;
      } else if (b === 0x22) this.#inString = true;
      else if (b === 0x5b || b === 0x7b) this.#depth += 1;
      else if (b === 0x5d || b === 0x7d) {
        this.#depth -= 1;
        if (this.#depth <= 0) {
          this.#reset();
          return at + 1 - start;
        }
      } else if (this.#depth === 0 && b !== 0x20 && b !== 0x0a && b !== 0x0d && b !== 0x09 && b !== 0x2c) {
        throw new Rejection('bad_json', 'a JSON array should start here');
      }
    }
    this.#seen = end - start;
    return -1;
  }

  #reset(): void {
    this.#depth = 0;
    this.#seen = 0;
  }
}

/** @throws Rejection `bad_json` */
export function messageOfJson(bytes: Buffer): Buffer {
  // As Fluentd's parser does: no replacement character instead of what was written.
  if (!isUtf8(bytes)) throw new Rejection('bad_json', 'a message is not UTF-8');
  const text = bytes.toString('utf8').replace(/^[\s,]+/, '');
  try {
    return jsonToMsgpack(text);
  } catch (error) {
    if (error instanceof JsonError) {
      throw new Rejection('bad_json', `${error.message}, at character ${error.offset + 1} of the message`);
    }
    throw error;
  }
}
