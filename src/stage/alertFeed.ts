// The last alerts, for the console and `/api/alerts`; numbered, so that a reader can ask for what is new to it.
import type { Alert } from '../alerts/alert.js';
import { type AlertSummary, summaryOf } from './summary.js';

/** Alerts that can be asked for. */
const RECENT_ALERTS = 1000;

export class AlertFeed {
  readonly #recent: { readonly n: number; readonly summary: AlertSummary }[] = [];
  readonly #onAlert: ((alert: AlertSummary) => void) | undefined;
  #count = 0;

  constructor(onAlert?: (alert: AlertSummary) => void) {
    this.#onAlert = onAlert;
  }

  /** Alerts since the start. */
  get count(): number {
    return this.#count;
  }

  add(alerts: readonly Alert[]): void {
    for (const alert of alerts) {
      const summary = summaryOf(alert);
      this.#count += 1;
      this.#recent.push({ n: this.#count, summary });
      if (this.#recent.length > RECENT_ALERTS) this.#recent.shift();
      this.#onAlert?.(summary);
    }
  }

  /** Alerts after the one of that number, oldest first; the last `limit` of them. */
  since(since: number, limit: number): { next: number; alerts: AlertSummary[] } {
    const after = this.#recent.filter((r) => r.n > since).slice(-limit);
    return { next: after.at(-1)?.n ?? since, alerts: after.map((r) => r.summary) };
  }
}
