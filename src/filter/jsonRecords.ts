// A stream of JSON objects in pieces to one object at a time. Fluentd writes one a line, or (`add_newline false`) end to
// end; both are read, however the bytes are split. What is no object costs itself: reading goes on at the next `{` or
// line. A record never goes over the end of its line, so one that is never closed does not swallow the next.
//   stream = *( blank / newline / record ) ; record = "{" … "}" without a raw newline
export interface JsonRecordEvents {
  /** One value from its first to its last bracket; `column` is where it starts in its line (bytes, from 1). */
  onValue(bytes: Buffer, line: number, column: number): void;
  /** What stands here is no record and is left out; told once a line. */
  onLost(why: string, line: number, column: number): void;
}

const LF = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BOM = [0xef, 0xbb, 0xbf];

type Mode = 'between' | 'value' | 'junk' | 'overlong';

export class JsonRecords {
  readonly #limit: number;
  readonly #events: JsonRecordEvents;
  #mode: Mode = 'between';
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The pieces of the value that is being read. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Offset in the stream of the piece that is being read, and of the line's start. */
  #base = 0;
  #line = 1;
  #lineStart = 0;
  #valueColumn = 1;
  #lostLine = 0;

  /** @param limit bytes of one record. */
  constructor(limit: number, events: JsonRecordEvents) {
    this.#limit = limit;
    this.#events = events;
  }

  feed(piece: Buffer): void {
    let at = 0;
    while (at < piece.length)
      at = this.#mode === 'between' ? this.#between(piece, at) : this.#inside(piece, at);
    this.#base += piece.length;
  }

  /** The stream is over: what is still open will never be closed. */
  end(): void {
    if (this.#mode === 'value') this.#lost('the input ends inside this record', this.#valueColumn);
    this.#drop();
    this.#mode = 'between';
  }

  /** From one value to the next. */
  #between(piece: Buffer, from: number): number {
    for (let at = from; at < piece.length; at += 1) {
      const c = piece[at]!;
      if (c === LF) this.#newline(at);
      else if (c !== 0x20 && c !== 0x09 && c !== 0x0d && c !== BOM[this.#base + at]) {
        const opens = c === 0x7b || c === 0x5b;
        this.#valueColumn = this.#base + at - this.#lineStart + 1;
        if (!opens) this.#lost('this is no JSON object', this.#valueColumn);
        this.#mode = opens ? 'value' : 'junk';
        this.#depth = 0;
        this.#inString = false;
        return at;
      }
    }
    return piece.length;
  }

  #inside(piece: Buffer, from: number): number {
    if (this.#mode === 'junk') return this.#junk(piece, from);
    let at = from;
    for (; at < piece.length; at += 1) {
      const c = piece[at]!;
      if (c === LF) {
        if (this.#mode === 'value')
          this.#lost('this record is not closed at the end of its line', this.#valueColumn);
        this.#drop();
        this.#mode = 'between';
        return at;
      }
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (c === BACKSLASH) this.#escaped = true;
        else if (c === QUOTE) this.#inString = false;
      } else if (c === QUOTE) this.#inString = true;
      else if (c === 0x7b || c === 0x5b) this.#depth += 1;
      else if (c === 0x7d || c === 0x5d) {
        this.#depth -= 1;
        if (this.#depth === 0) return this.#close(piece, from, at + 1);
      }
    }
    this.#hold(piece.subarray(from));
    return at;
  }

  /** To the next `{` or the end of the line. */
  #junk(piece: Buffer, from: number): number {
    for (let at = from; at < piece.length; at += 1) {
      const c = piece[at]!;
      if (c !== LF && c !== 0x7b) continue;
      this.#mode = 'between';
      return at;
    }
    return piece.length;
  }

  #close(piece: Buffer, from: number, end: number): number {
    this.#hold(piece.subarray(from, end));
    const held = this.#held;
    const isWhole = this.#mode === 'value';
    this.#drop();
    this.#mode = 'between';
    if (isWhole)
      this.#events.onValue(held.length === 1 ? held[0]! : Buffer.concat(held), this.#line, this.#valueColumn);
    return end;
  }

  #hold(bytes: Buffer): void {
    if (this.#mode !== 'value') return;
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes <= this.#limit) return;
    this.#lost(`this record is over ${this.#limit} bytes (--record-limit)`, this.#valueColumn);
    this.#drop();
    this.#mode = 'overlong';
  }

  #drop(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }

  #newline(at: number): void {
    this.#line += 1;
    this.#lineStart = this.#base + at + 1;
  }

  #lost(why: string, column: number): void {
    if (this.#lostLine === this.#line) return;
    this.#lostLine = this.#line;
    this.#events.onLost(why, this.#line, column);
  }
}
