// The last minutes in numbers, for the console's curves: a sample every two seconds, the oldest forgotten.

/** Totals and gauges of one moment. */
export interface Reading {
  readonly eventsIn: number;
  readonly eventsOut: number;
  readonly alerts: number;
  readonly connections: number;
  readonly heldBytes: number;
  readonly spoolBytes: number;
  /** Of the chunks acked since the last reading, ms; null: none was. */
  readonly latency: { readonly mean: number; readonly max: number } | null;
}

export interface HistorySample {
  /** ISO 8601. */
  readonly at: string;
  /** Events and alerts a second since the sample before. */
  readonly in: number;
  readonly out: number;
  readonly alerts: number;
  readonly connections: number;
  readonly held_bytes: number;
  readonly spool_bytes: number;
  readonly latency_ms: number | null;
  readonly latency_max_ms: number | null;
}

export const SAMPLE_MS = 2000;
const MAX_SAMPLES = 150;

export class History {
  readonly #read: () => Reading;
  /** Epoch ms. */
  readonly #now: () => number;
  readonly #samples: HistorySample[] = [];
  #last: { readonly at: number; readonly reading: Reading };

  constructor(read: () => Reading, now: () => number) {
    this.#read = read;
    this.#now = now;
    this.#last = { at: now(), reading: read() };
  }

  /** To be called every SAMPLE_MS. */
  sample(): void {
    const at = this.#now();
    const reading = this.#read();
    const { at: before, reading: then } = this.#last;
    const seconds = Math.max(at - before, 1) / 1000;
    const rate = (now: number, last: number): number => Math.round(((now - last) / seconds) * 10) / 10;
    this.#last = { at, reading };
    this.#samples.push({
      at: new Date(at).toISOString(),
      in: rate(reading.eventsIn, then.eventsIn),
      out: rate(reading.eventsOut, then.eventsOut),
      alerts: rate(reading.alerts, then.alerts),
      connections: reading.connections,
      held_bytes: reading.heldBytes,
      spool_bytes: reading.spoolBytes,
      latency_ms: reading.latency && round(reading.latency.mean),
      latency_max_ms: reading.latency && round(reading.latency.max),
    });
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
  }

  /** The oldest first. */
  get samples(): readonly HistorySample[] {
    return this.#samples;
  }
}

/** To a thousandth of a ms. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
