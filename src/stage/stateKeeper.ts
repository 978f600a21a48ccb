// Keeps look-back, caps and what stateful rules know for the next start. What it writes never runs ahead of the alerts:
// a look-back on disk whose alert was still in memory when the process was killed would hold back the repeat for good.
import type { Alerter, AlerterState } from '../alerts/alerter.js';
import type { StatefulRules, StatefulState } from '../detect/stateful.js';

/** What is kept over a restart; a part that is absent stays as it was kept before. */
export interface SavedState {
  readonly alerter?: AlerterState;
  readonly stateful?: StatefulState;
}

/** What stateful rules know is large; it is kept more seldom. */
const SAVE_STATEFUL_MS = 60_000;

export class StateKeeper {
  readonly #write: (state: SavedState) => Promise<void>;
  readonly #onFailed: (cause: Error) => void;
  /** Alerts that were decided and are not safe yet. */
  readonly #unsafe = new Set<Promise<unknown>>();
  #statefulSaved = 0;
  #saving: Promise<void> | null = null;
  #closed = false;
  /** There is something new to save. */
  changed = false;

  constructor(write: (state: SavedState) => Promise<void>, onFailed: (cause: Error) => void) {
    this.#write = write;
    this.#onFailed = onFailed;
  }

  /** Notes alerts that are on their way; returns the same promise. */
  whenSafe<T>(submitted: Promise<T>): Promise<T> {
    this.#unsafe.add(submitted);
    const done = (): void => {
      this.#unsafe.delete(submitted);
    };
    submitted.then(done, done);
    return submitted;
  }

  /** Resolves when all alerts that were decided by now are safe. */
  async allSafe(): Promise<void> {
    await Promise.all(this.#unsafe);
  }

  /**
   * Writes what changed, when the alerts that were decided by now are safe. One at a time: while a write waits, the next
   * one is not begun.
   */
  save(alerter: Alerter, stateful: StatefulRules): Promise<void> {
    if (!this.changed && !stateful.changed) return this.#saving ?? Promise.resolve();
    this.#saving ??= this.#save(alerter, stateful, false).finally(() => {
      this.#saving = null;
    });
    return this.#saving;
  }

  /** The last write, at shutdown: everything, unless the alerts are not safe within `timeoutMs`; then what was written
   * before stands. */
  async close(alerter: Alerter, stateful: StatefulRules, timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([
      (this.#saving ?? Promise.resolve()).then(() => this.#save(alerter, stateful, true)),
      late,
    ]);
    clearTimeout(timer);
    this.#closed = true;
  }

  async #save(alerter: Alerter, stateful: StatefulRules, always: boolean): Promise<void> {
    this.changed = false;
    const now = performance.now();
    const isDue = (always || now - this.#statefulSaved > SAVE_STATEFUL_MS) && stateful.changed;
    if (isDue) {
      this.#statefulSaved = now;
      stateful.changed = false;
    }
    const state = { alerter: alerter.snapshot(), ...(isDue ? { stateful: stateful.snapshot() } : {}) };
    try {
      await Promise.all(this.#unsafe);
      if (!this.#closed) await this.#write(state);
    } catch (error) {
      this.#onFailed(error as Error);
    }
  }
}
