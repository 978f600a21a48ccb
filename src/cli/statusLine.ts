// One live line at the bottom of a terminal. Whatever else is written there goes through it: the line is taken away,
// the other text written whole, the line put back, in one write; so neither ever stands in the middle of the other.
import { Writable } from 'node:stream';

export interface Terminal {
  write(text: string): unknown;
  readonly columns?: number;
}

const EVERY_MS = 1000;
/** Columns left free at the right: a full line would wrap, and the terminal echoes `^C` there. */
const FREE = 3;

export class StatusLine {
  /** For what writes to a stream. */
  readonly stream: Writable;
  readonly #terminal: Terminal;
  #text: (() => string) | null = null;
  #shown = '';
  /** The last text ended in the middle of a line: the status waits for its end. */
  #open = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.stream = new Writable({
      decodeStrings: false,
      write: (chunk: string | Buffer, _encoding, done) => {
        this.write(String(chunk));
        done();
      },
    });
  }

  /** Shows the line from now on, made anew every second. */
  start(text: () => string): void {
    this.#text = text;
    this.#timer = setInterval(() => this.draw(), EVERY_MS);
    this.#timer.unref();
    this.draw();
  }

  /** Makes the line anew. */
  draw(): void {
    if (this.#text === null || this.#open) return;
    const clear = this.#clear();
    this.#shown = this.#text().slice(0, Math.max(1, this.#columns - FREE));
    this.#terminal.write(`${clear}${this.#shown}`);
  }

  write(text: string): void {
    const clear = this.#open ? '' : this.#clear();
    this.#open = !text.endsWith('\n');
    this.#terminal.write(`${clear}${text}${this.#open ? '' : this.#shown}`);
  }

  /** Takes the line away for good. */
  end(): void {
    if (this.#timer) clearInterval(this.#timer);
    if (!this.#open) this.#terminal.write(this.#clear());
    this.#text = null;
    this.#shown = '';
  }

  get #columns(): number {
    return this.#terminal.columns ?? 80;
  }

  /** Takes the line away; where the terminal became narrower since, it stands on several rows. */
  #clear(): string {
    if (this.#shown === '') return '';
    const above = Math.ceil(this.#shown.length / this.#columns) - 1;
    return `\r${above > 0 ? `\u001b[${above}A` : ''}\u001b[J`;
  }
}
