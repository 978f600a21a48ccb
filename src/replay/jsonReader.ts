// JSON documents of any layout, one after another: an array gives one event an element, any other document is one
// event. Reads a document of any size holding one event at a time.
import { isUtf8 } from 'node:buffer';
import { pastPlain } from '../msgpack/jsonBytes.js';
import type { CaptureReader, CaptureSink } from './captured.js';
import { takeSlowly } from './jsonEvents.js';

export const jsonReader: CaptureReader = {
  name: 'json',
  async read(bytes, sink) {
    const splitter = new Splitter(sink);
    for await (const piece of bytes) {
      splitter.take(piece);
      await sink.settle();
    }
    splitter.end();
    await sink.settle();
  },
};

/** Cuts bytes into the values that are events, by their brackets and quotes alone. */
class Splitter {
  readonly #sink: CaptureSink;
  #isFirst = true;
  /** Inside the array at the top, waiting for an element. */
  #inArray = false;
  /** Depth inside the current value; 0: a scalar, or none. */
  #depth = 0;
  #inString = false;
  #escaped = false;
  #inValue = false;
  /** Earlier pieces of the current value. */
  #before: Buffer[] = [];
  #line = 1;
  #startLine = 1;
  #isBroken = false;

  constructor(sink: CaptureSink) {
    this.#sink = sink;
  }

  take(piece: Buffer): void {
    let i = 0;
    if (this.#isFirst && piece.length > 0) {
      this.#isFirst = false;
      if (piece[0] === 0xef && piece[1] === 0xbb && piece[2] === 0xbf) i = 3;
    }
    let from = i;
    for (; i < piece.length && !this.#isBroken; i += 1) {
      let c = piece[i]!;
      if (!this.#inValue) {
        if (c === 0x0a) this.#line += 1;
        if (!this.#open(c)) continue;
        from = i;
      }
      if (this.#inString) {
        if (!this.#escaped) {
          // Most of a document is text: straight to where something happens.
          i = pastPlain(piece, i, piece.length);
          if (i === piece.length) break;
          c = piece[i]!;
        }
        if (this.#escaped) this.#escaped = false;
        else if (c === 0x5c) this.#escaped = true;
        else if (c === 0x22) {
          this.#inString = false;
          if (this.#depth === 0) this.#finish(piece, from, i + 1);
        }
        continue;
      }
      switch (c) {
        case 0x22:
          this.#inString = true;
          break;
        case 0x7b:
        case 0x5b:
          this.#depth += 1;
          break;
        case 0x7d:
        case 0x5d:
          if (this.#depth > 1) this.#depth -= 1;
          else if (this.#depth === 1) {
            this.#depth = 0;
            this.#finish(piece, from, i + 1);
          } else {
            // A bare scalar ends before what follows it.
            this.#finish(piece, from, i);
            this.#open(c);
          }
          break;
        case 0x0a:
          this.#line += 1;
          if (this.#depth === 0) this.#finish(piece, from, i);
          break;
        case 0x20:
        case 0x2c:
          if (this.#depth === 0) this.#finish(piece, from, i);
          break;
      }
    }
    if (this.#inValue && !this.#isBroken) this.#before.push(Buffer.from(piece.subarray(from)));
  }

  end(): void {
    if (this.#isBroken) return;
    if (this.#inValue) this.#finish(Buffer.alloc(0), 0, 0);
    else if (this.#inArray) this.#sink.unread(this.#line, 'the document ends inside its array');
  }

  /** A byte between values; true: a value begins with it. */
  #open(c: number): boolean {
    if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) return false;
    if (this.#inArray && c === 0x2c) return false;
    if (this.#inArray && c === 0x5d) {
      this.#inArray = false;
      return false;
    }
    if (!this.#inArray && c === 0x5b) {
      this.#inArray = true;
      return false;
    }
    if (c === 0x7d || c === 0x5d || c === 0x3a || c === 0x2c) {
      this.#isBroken = true;
      const found = JSON.stringify(String.fromCharCode(c));
      this.#sink.unread(this.#line, `${found} where a record should be: nothing after it is read`);
      return false;
    }
    this.#inValue = true;
    this.#startLine = this.#line;
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
    return true;
  }

  #finish(piece: Buffer, from: number, to: number): void {
    this.#inValue = false;
    let [buf, start, end] = [piece, from, to];
    if (this.#before.length > 0) {
      buf = Buffer.concat([...this.#before, piece.subarray(0, to)]);
      [start, end] = [0, buf.length];
      this.#before = [];
    }
    const frame = { line: this.#startLine, tag: '', time: null };
    const bytes = buf.subarray(start, end);
    if (isUtf8(bytes)) this.#sink.json(buf, start, end, frame);
    else takeSlowly(this.#sink, bytes, frame);
  }
}
