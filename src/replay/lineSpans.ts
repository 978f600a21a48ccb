// Bytes to lines, in place and in constant memory: LF or CRLF, a BOM at the start left out, a last line without a
// newline too. A line that no line can be that long is told of and left out.
import { isUtf8 } from 'node:buffer';

/** Longest line that is read (bytes); past it the line is left out. */
const MAX_LINE = 256 * 1024 * 1024;

/** @param isValid the line's bytes are UTF-8. */
export type TakeLine = (buf: Buffer, start: number, end: number, number: number, isValid: boolean) => void;

export class LineSpans {
  readonly #take: TakeLine;
  readonly #onTooLong: (number: number) => void;
  readonly #maxLine: number;
  /** The beginning of a line whose end has not come. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  /** Lines begun so far. */
  #number = 1;

  constructor(take: TakeLine, onTooLong: (number: number) => void, maxLine = MAX_LINE) {
    this.#take = take;
    this.#onTooLong = onTooLong;
    this.#maxLine = maxLine;
  }

  /** The bytes may change afterwards. */
  add(piece: Buffer): void {
    let from = 0;
    if (this.#restBytes > 0) {
      const end = piece.indexOf(0x0a);
      if (end === -1) {
        this.#keep(piece);
        return;
      }
      this.#keep(piece.subarray(0, end + 1));
      this.#joined();
      from = end + 1;
    }
    const last = piece.lastIndexOf(0x0a);
    if (last >= from) this.#lines(piece, from, last + 1);
    if (Math.max(last + 1, from) < piece.length) this.#keep(piece.subarray(Math.max(last + 1, from)));
  }

  end(): void {
    if (this.#restBytes > 0) this.#joined();
  }

  #keep(piece: Buffer): void {
    this.#restBytes += piece.length;
    if (this.#restBytes <= this.#maxLine) this.#rest.push(Buffer.from(piece));
    else this.#rest.length = 0;
  }

  #joined(): void {
    const isTooLong = this.#restBytes > this.#maxLine;
    const line = this.#rest.length === 1 ? this.#rest[0]! : Buffer.concat(this.#rest);
    this.#rest = [];
    this.#restBytes = 0;
    if (!isTooLong) this.#lines(line, 0, line.length);
    else {
      this.#onTooLong(this.#number);
      this.#number += 1;
    }
  }

  /** Whole lines; the last may lack its newline. */
  #lines(buf: Buffer, from: number, to: number): void {
    const allValid = isUtf8(buf.subarray(from, to));
    let start = from;
    while (start < to) {
      let end = buf.indexOf(0x0a, start);
      if (end === -1 || end > to) end = to;
      const number = this.#number;
      this.#number = number + 1;
      const isBom = number === 1 && buf[start] === 0xef && buf[start + 1] === 0xbb && buf[start + 2] === 0xbf;
      const first = isBom ? start + 3 : start;
      const past = end > first && buf[end - 1] === 0x0d ? end - 1 : end;
      if (!isBlank(buf, first, past))
        this.#take(buf, first, past, number, allValid || isUtf8(buf.subarray(first, past)));
      start = end + 1;
    }
  }
}

function isBlank(buf: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i += 1) {
    const c = buf[i]!;
    if (c !== 0x20 && c !== 0x09 && c !== 0x0d) return false;
  }
  return true;
}
