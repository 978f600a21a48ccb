// How far a replay is, on a terminal: bytes, events a second, matches, time left. Silent where nobody looks.
import { Presets, SingleBar } from 'cli-progress';
import type { ReplayTotals } from '../replay/replay.js';
import type { CaptureFile } from '../replay/sources.js';
import type { CommandIo } from './io.js';

/** A replay that is over before is shown no bar. */
const SHOW_AFTER_MS = 300;
const REDRAW_MS = 100;

export class Progress {
  readonly #io: CommandIo;
  readonly #total: number;
  readonly #started = performance.now();
  #read = 0;
  #drawn = 0;
  #bar: SingleBar | null = null;

  constructor(io: CommandIo, files: readonly CaptureFile[]) {
    this.#io = io;
    // The size of a pipe is not known.
    const isKnown = files.every((f) => f.path !== '-' && f.bytes > 0);
    this.#total = isKnown ? files.reduce((sum, f) => sum + f.bytes, 0) : 0;
  }

  /** Told of each block that was read. */
  add(bytes: number, totals: Pick<ReplayTotals, 'events' | 'matches'>): void {
    this.#read += bytes;
    if (this.#io.stderr.isTTY !== true) return;
    const now = performance.now();
    if (now - this.#started < SHOW_AFTER_MS || now - this.#drawn < REDRAW_MS) return;
    this.#drawn = now;
    const seconds = (now - this.#started) / 1000;
    const shown = {
      read: size(this.#read),
      rate: Math.round(totals.events / seconds).toLocaleString('en-US'),
      matches: totals.matches.toLocaleString('en-US'),
    };
    if (this.#bar === null) {
      this.#bar = new SingleBar(
        {
          stream: this.#io.stderr,
          format:
            this.#total > 0
              ? `{bar} {percentage}%  {read} of ${size(this.#total)}  {rate} events/s  {matches} matches  {eta_formatted} left`
              : '{read}  {rate} events/s  {matches} matches  {duration_formatted}',
          barsize: 20,
          hideCursor: false,
          clearOnComplete: true,
          etaBuffer: 50,
          linewrap: true,
        },
        Presets.shades_classic,
      );
      this.#bar.start(this.#total, this.#read, shown);
    } else this.#bar.update(Math.min(this.#read, this.#total || this.#read), shown);
  }

  /** A message for a person, above the bar. */
  say(message: string): void {
    this.stop();
    this.#io.stderr.write(`${message}\n`);
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = null;
  }
}

function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)));
  const value = bytes / 1000 ** step;
  return `${step > 0 && value < 100 ? value.toFixed(1) : Math.round(value)} ${units[step]}`;
}
