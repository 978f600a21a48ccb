// The last alerts, for the console, `/api/alerts` and whoever listens; numbered, so that a reader can ask for what is
// new to it. Bounded in number and in bytes. What a reader sees of an alert is made when it asks.
import type { Alert } from '../alerts/alert.js';
import { type AlertSummary, summaryOf } from './summary.js';

/** An alert that can be asked for. */
export interface FedAlert {
  /** Grows with every alert, over restarts too: it counts from the start's time in µs. */
  readonly seq: number;
  /** When it was made, epoch ms. */
  readonly at: number;
  readonly alert: Alert;
  readonly summary: AlertSummary;
}

export interface AlertFeedOptions {
  /** Epoch ms. */
  readonly now: () => number;
  readonly onAlert?: ((alert: AlertSummary) => void) | undefined;
  /** Alerts kept, and bytes of their records. */
  readonly maxAlerts?: number;
  readonly maxBytes?: number;
}

const MAX_ALERTS = 1000;
const MAX_BYTES = 16 * 2 ** 20;

class Fed implements FedAlert {
  readonly seq: number;
  readonly at: number;
  readonly alert: Alert;
  #summary: AlertSummary | null = null;

  constructor(seq: number, at: number, alert: Alert) {
    this.seq = seq;
    this.at = at;
    this.alert = alert;
  }
  get summary(): AlertSummary {
    this.#summary ??= summaryOf(this.alert);
    return this.#summary;
  }
}

export class AlertFeed {
  readonly #options: AlertFeedOptions;
  readonly #recent: Fed[] = [];
  readonly #listeners = new Set<(alert: FedAlert) => void>();
  #bytes = 0;
  #count = 0;
  readonly #first: number;

  constructor(options: AlertFeedOptions) {
    this.#options = options;
    this.#first = options.now() * 1000;
  }

  /** Alerts since the start. */
  get count(): number {
    return this.#count;
  }

  /** The number of the latest, or what the first will come after. */
  get newest(): number {
    return this.#first + this.#count;
  }

  add(alerts: readonly Alert[]): void {
    const { now, onAlert, maxAlerts = MAX_ALERTS, maxBytes = MAX_BYTES } = this.#options;
    const at = now();
    for (const alert of alerts) {
      this.#count += 1;
      const fed = new Fed(this.#first + this.#count, at, alert);
      this.#recent.push(fed);
      this.#bytes += alert.record.length;
      while (this.#recent.length > maxAlerts || (this.#bytes > maxBytes && this.#recent.length > 1))
        this.#bytes -= this.#recent.shift()!.alert.record.length;
      onAlert?.(fed.summary);
      for (const listener of this.#listeners) listener(fed);
    }
  }

  /** The oldest first. `kept` is the number of the oldest that can be asked for; 0: none. */
  after(seq: number): { readonly kept: number; readonly alerts: readonly FedAlert[] } {
    return { kept: this.#recent[0]?.seq ?? 0, alerts: this.#recent.filter((r) => r.seq > seq) };
  }

  /** Alerts made after this moment (epoch ms). */
  afterTime(ms: number): readonly FedAlert[] {
    return this.#recent.filter((r) => r.at > ms);
  }

  /** By its number; null: it is not kept any more, or never was. */
  find(seq: number): FedAlert | null {
    return this.#recent.find((r) => r.seq === seq) ?? null;
  }

  /** Tells of every alert from now on. Returns what ends it. */
  listen(listener: (alert: FedAlert) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
