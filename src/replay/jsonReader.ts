// JSON documents of any layout, one after another: an array gives one event an element, any other document is one
// event. Reads a document of any size holding one event at a time.
import { StringDecoder } from 'node:string_decoder';
import type { Captured, CaptureReader } from './captured.js';
import { eventOf } from './jsonEvents.js';

export const jsonReader: CaptureReader = {
  name: 'json',
  async *read(bytes) {
    const decoder = new StringDecoder('utf8');
    const splitter = new Splitter();
    let first = true;
    for await (const piece of bytes) {
      let text = decoder.write(piece);
      if (first && text !== '') {
        text = text.replace(/^\ufeff/, '');
        first = false;
      }
      yield* splitter.take(text);
    }
    yield* splitter.take(decoder.end());
    yield* splitter.finish();
  },
};

/** Cuts text into the values that are events, by its brackets and quotes alone. */
class Splitter {
  /** Inside the array at the top, waiting for an element. */
  #inArray = false;
  /** Depth inside the current value. */
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The current value, as far as it was read; null: between values. */
  #value: string[] | null = null;
  #line = 1;
  #startLine = 1;
  #broken = false;

  *take(text: string): Iterable<Captured> {
    let from = 0;
    for (let i = 0; i < text.length && !this.#broken; i += 1) {
      const c = text.charCodeAt(i);
      if (c === 0x0a) this.#line += 1;
      if (this.#value === null) {
        from = i;
        const problem = this.#open(c);
        if (problem) {
          yield problem;
          return;
        }
        if (this.#value === null) continue;
      }
      if (!this.#ends(c)) continue;
      // A scalar ends before what follows it; a container with its bracket.
      const closes = c === 0x7d || c === 0x5d;
      const isContainer = closes && this.#depth === 0 && !this.#isScalar;
      const end = isContainer ? i + 1 : i;
      yield this.#finishValue(text.slice(from, end));
      if (!isContainer) {
        const problem = this.#open(c);
        if (problem) {
          yield problem;
          return;
        }
      }
    }
    if (this.#value !== null && !this.#broken) (this.#value as string[]).push(text.slice(from));
  }

  *finish(): Iterable<Captured> {
    if (this.#broken) return;
    if (this.#value !== null) {
      yield this.#finishValue('');
      return;
    }
    if (this.#inArray) yield this.#unread('the document ends inside its array');
  }

  #isScalar = false;

  /** A character between values. */
  #open(c: number): Captured | null {
    if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) return null;
    if (this.#inArray && c === 0x2c) return null;
    if (this.#inArray && c === 0x5d) {
      this.#inArray = false;
      return null;
    }
    if (!this.#inArray && c === 0x5b) {
      this.#inArray = true;
      return null;
    }
    if (c === 0x7d || c === 0x5d || c === 0x3a || c === 0x2c) {
      this.#broken = true;
      return this.#unread(
        `${JSON.stringify(String.fromCharCode(c))} where a record should be: nothing after it is read`,
      );
    }
    this.#value = [];
    this.#startLine = this.#line;
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
    this.#isScalar = c !== 0x7b && c !== 0x5b;
    return null;
  }

  /** Whether the value ends at (or, a scalar, before) this character. */
  #ends(c: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (c === 0x5c) this.#escaped = true;
      else if (c === 0x22) this.#inString = false;
      return false;
    }
    if (c === 0x22) this.#inString = true;
    else if (this.#isScalar) return c === 0x2c || c === 0x5d || c === 0x0a || c === 0x20;
    else if (c === 0x7b || c === 0x5b) this.#depth += 1;
    else if (c === 0x7d || c === 0x5d) {
      this.#depth -= 1;
      return this.#depth === 0;
    }
    return false;
  }

  #finishValue(last: string): Captured {
    const text = [...this.#value!, last].join('');
    this.#value = null;
    return eventOf(text, { line: this.#startLine, tag: '', time: null });
  }

  #unread(message: string): Captured {
    return { kind: 'unread', line: this.#line, message };
  }
}
