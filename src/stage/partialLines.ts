// Docker cuts lines over 16 KiB into several events (`partial_message`, `partial_id`, `partial_ordinal`,
// `partial_last`; `log` is the text). Every event goes on as it came and when it came; what the rules look at is the
// whole line, in the event that ends it. See docs/adr/0011-partial-lines.md.
import { strHeader } from '../msgpack/encode.js';
import { headerSize, kindOf, lengthAt, skip } from '../msgpack/scan.js';

export interface PartialLinesOptions {
  /** Bytes of text that are kept over all lines; past it the oldest line is given up. */
  readonly maxBytes: number;
  /** ms after its first part when a line is given up; until then it is kept for parts that are sent again. */
  readonly timeout: number;
  /** A line ended that lacks parts: its end was judged by itself. */
  readonly onIncomplete: (id: string) => void;
}

interface Line {
  readonly begun: number;
  readonly parts: Map<number, Buffer>;
}

/** What has changed since the last chunk that was final, oldest change first. */
class Changes {
  readonly bytes: number;
  readonly added = new Set<Line>();
  readonly dropped: [key: string, line: Line][] = [];
  readonly parts: [line: Line, ordinal: number, before: Buffer | undefined][] = [];
  readonly incomplete: string[] = [];

  constructor(bytes: number) {
    this.bytes = bytes;
  }
}

/** What a part costs beside its text. */
const PART_BYTES = 200;

export class PartialLines {
  readonly #options: PartialLinesOptions;
  /** Oldest first. */
  #lines = new Map<string, Line>();
  #bytes = 0;
  #changes: Changes | null = null;

  constructor(options: PartialLinesOptions) {
    this.#options = options;
  }

  /** Text that is kept, with its overhead. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Looks at the map at `pos`: `null` for an event that is whole (judge it), `part` for one that does not end its line
   * (no rule looks at it), or the record with the whole line in it. Final once `settle` has been called.
   */
  look(tag: string, buf: Buffer, pos: number, end: number, nowMs: number): Buffer | 'part' | null {
    this.#giveUp(nowMs);
    if (skip(buf, pos, end) < 0) return null;
    const fields = fieldsOf(buf, pos);
    const log = fields.get('log');
    const id = textOf(buf, fields.get('partial_id'));
    const ordinal = Number(textOf(buf, fields.get('partial_ordinal')));
    if (textOf(buf, fields.get('partial_message')) !== 'true' || log === undefined || id === null)
      return null;
    if (!Number.isInteger(ordinal) || ordinal < 1 || headerSize(buf[log.start]!) === 0) return null;
    const key = `${tag}\n${id}`;
    this.#keep(key, ordinal, Buffer.from(contentOf(buf, log)), nowMs);
    if (textOf(buf, fields.get('partial_last')) !== 'true') return 'part';
    const parts = this.#lines.get(key)?.parts;
    // Ordinals are from 1, each once: as many parts as the last one's are all of them, unless one is beyond it.
    if (parts?.size === ordinal) {
      const texts = Array.from({ length: ordinal }, (_, n) => parts.get(n + 1));
      if (texts.every((t) => t !== undefined)) return withLog(buf, pos, log, texts);
    }
    this.#changed().incomplete.push(id);
    return null;
  }

  /** The chunk whose events were looked at is final. */
  settle(): void {
    for (const id of this.#changes?.incomplete ?? []) this.#options.onIncomplete(id);
    this.#changes = null;
  }

  /** The chunk was refused, or is made again: as if its events had never been looked at. */
  withdraw(): void {
    const changes = this.#changes;
    if (changes === null) return;
    for (const [line, ordinal, before] of changes.parts.reverse()) {
      if (before) line.parts.set(ordinal, before);
      else line.parts.delete(ordinal);
    }
    // Only the oldest are ever dropped: they stood before all that is left.
    const lines = [...changes.dropped, ...this.#lines].filter(([, line]) => !changes.added.has(line));
    this.#lines = new Map(lines);
    this.#bytes = changes.bytes;
    this.#changes = null;
  }

  #changed(): Changes {
    this.#changes ??= new Changes(this.#bytes);
    return this.#changes;
  }

  #keep(key: string, ordinal: number, text: Buffer, nowMs: number): void {
    const changes = this.#changed();
    let line = this.#lines.get(key);
    if (!line) {
      line = { begun: nowMs, parts: new Map() };
      this.#lines.set(key, line);
      changes.added.add(line);
    }
    // A chunk that is sent again brings parts that are there.
    const before = line.parts.get(ordinal);
    changes.parts.push([line, ordinal, before]);
    this.#bytes += text.length - (before ? before.length : -PART_BYTES);
    line.parts.set(ordinal, text);
    while (this.#bytes > this.#options.maxBytes) this.#drop(this.#lines.keys().next().value!);
  }

  #giveUp(nowMs: number): void {
    for (const [key, line] of this.#lines) {
      if (nowMs - line.begun < this.#options.timeout) return;
      this.#drop(key);
    }
  }

  #drop(key: string): void {
    const line = this.#lines.get(key)!;
    this.#changed().dropped.push([key, line]);
    for (const text of line.parts.values()) this.#bytes -= text.length + PART_BYTES;
    this.#lines.delete(key);
  }
}

interface Span {
  readonly start: number;
  readonly end: number;
}

const wanted = new Set(['log', 'partial_message', 'partial_id', 'partial_ordinal', 'partial_last']);

/** Where the values of Docker's fields lie in the map at `pos`. */
function fieldsOf(buf: Buffer, pos: number): Map<string, Span> {
  const found = new Map<string, Span>();
  let at = pos + headerSize(buf[pos]!);
  for (let left = lengthAt(buf, pos); left > 0; left -= 1) {
    const start = skip(buf, at, buf.length);
    const end = skip(buf, start, buf.length);
    const key = kindOf(buf[at]!) === 'str' ? buf.toString('latin1', at + headerSize(buf[at]!), start) : '';
    if (wanted.has(key)) found.set(key, { start, end });
    at = end;
  }
  return found;
}

function contentOf(buf: Buffer, { start, end }: Span): Buffer {
  return buf.subarray(start + headerSize(buf[start]!), end);
}

/** Null: no text is there. */
function textOf(buf: Buffer, span: Span | undefined): string | null {
  if (!span || !['str', 'bin'].includes(kindOf(buf[span.start]!))) return null;
  return contentOf(buf, span).toString('utf8');
}

/** The record at `pos` with these texts, one after another, as its `log`. */
function withLog(buf: Buffer, pos: number, log: Span, texts: readonly Buffer[]): Buffer {
  const text = Buffer.concat(texts);
  const end = skip(buf, pos, buf.length);
  return Buffer.concat([
    buf.subarray(pos, log.start),
    strHeader(text.length),
    text,
    buf.subarray(log.end, end),
  ]);
}
