// One sink's way for alerts: straight to it while it keeps up, through the spool when it is away, slow or failing. An
// alert counts as safe once the sink has it or the disk has it, whichever is first. Order is kept.
import type { Alert } from '../alerts/alert.js';
import type { DeadLetters } from './deadLetters.js';
import { type AlertSink, SinkError } from './sink.js';
import type { SpooledAlert, SpoolQueue } from './spool.js';

export interface RunnerOptions {
  /** Bytes on disk past which appending waits (and the stage stops acking). */
  readonly maxBytes: number;
  /** ms after which a spooled alert is set aside; 0: never. */
  readonly maxAge: number;
  /** A sink that takes longer is spooled to, so that no event waits for it. */
  readonly patience: number;
  readonly retryWait: number;
  readonly retryMaxInterval: number;
  /** Epoch ms. */
  readonly now: () => number;
  readonly chance: () => number;
  readonly onOutcome: (sink: string, outcome: 'delivered' | 'spooled' | 'failed', count: number) => void;
  readonly onTrouble: (sink: string, what: string) => void;
  /** An alert that this sink will never get. */
  readonly onSetAside: (sink: string, what: string) => void;
  readonly onRecovered: (sink: string) => void;
}

interface Waiting {
  readonly alert: Alert;
  readonly safe: () => void;
}

const BATCH = 100;
/** A sink may ask for as long a pause, ms. */
const MAX_RETRY_AFTER = 600_000;
/** How long closing waits for the disk, ms. */
const CLOSE_MS = 5000;

export class SinkRunner {
  readonly #sink: AlertSink;
  /** Null: no spool; alerts wait in memory. */
  readonly #queue: SpoolQueue | null;
  readonly #deadLetters: DeadLetters | null;
  readonly #options: RunnerOptions;
  #waiting: Waiting[] = [];
  /** Being delivered, and not yet safe. */
  #inFlight = 0;
  /** The sink takes longer than it may: what comes goes to disk at once. */
  #slow = false;
  #running = false;
  #closed = false;
  #failures = 0;
  /** Until then the sink asked to be left alone (monotonic ms). */
  #notBefore = 0;
  #troubled = false;
  #wake: (() => void) | null = null;
  readonly #ended: (() => void)[] = [];

  constructor(
    sink: AlertSink,
    queue: SpoolQueue | null,
    deadLetters: DeadLetters | null,
    options: RunnerOptions,
  ) {
    this.#sink = sink;
    this.#queue = queue;
    this.#deadLetters = deadLetters;
    this.#options = options;
    if (queue && queue.count > 0) this.#run();
  }

  get name(): string {
    return this.#sink.name;
  }
  /** Alerts that are neither delivered nor on disk, and those on disk. */
  get unsafe(): number {
    return this.#waiting.length + this.#inFlight;
  }
  get spooled(): number {
    return this.#queue?.count ?? 0;
  }
  get spooledBytes(): number {
    return this.#queue?.bytes ?? 0;
  }
  get troubled(): boolean {
    return this.#troubled;
  }

  /** Resolves when the alert is delivered or safely on disk. */
  submit(alert: Alert): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ alert, safe: resolve });
      this.#run();
      // While the sink is slow or being tried again, new alerts go to disk at once.
      if (this.#failures > 0 || this.#slow) this.#wake?.();
    });
  }

  /** Tries to get rid of what is left, at most `timeoutMs`; what is left then goes to disk. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#failures === 0 && !this.#slow) await this.#end(timeoutMs);
    this.#stop();
    // A delivery that hangs fails now, and its alerts are kept.
    await this.#sink.close();
    await this.#end(CLOSE_MS);
  }

  /** Resolves when nothing is under way, at the latest after `timeoutMs`. */
  async #end(timeoutMs: number): Promise<void> {
    if (!this.#running) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#ended.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #stop(): void {
    this.#closed = true;
    this.#wake?.();
  }

  #run(): void {
    if (this.#running || this.#closed) return;
    this.#running = true;
    void this.#loop().finally(() => {
      this.#running = false;
      for (const ended of this.#ended.splice(0)) ended();
      if (!this.#closed && this.#waiting.length > 0) this.#run();
    });
  }

  async #loop(): Promise<void> {
    while (!this.#closed || this.#waiting.length > 0) {
      if (this.#spooling()) await this.#toDisk();
      if (this.#closed) return;
      if (this.#queue && this.#queue.count > 0) {
        await this.#disk(() => this.#fromDisk(), 'the spool cannot be read');
      } else if (this.#waiting.length > 0) await this.#direct();
      else return;
      if (this.#failures > 0) await this.#pause();
    }
  }

  /** New alerts go behind what is on disk already; at shutdown they go to disk rather than be lost. */
  #spooling(): boolean {
    if (!this.#queue || this.#waiting.length === 0) return false;
    return this.#queue.count > 0 || this.#failures > 0 || this.#closed;
  }

  async #toDisk(): Promise<void> {
    const room = this.#options.maxBytes - this.#queue!.bytes;
    const taken: Waiting[] = [];
    let bytes = 0;
    for (const w of this.#waiting) {
      bytes += w.alert.record.length + 200;
      if (bytes > room) break;
      taken.push(w);
    }
    if (taken.length === 0) {
      this.#trouble(
        `the spool is full (max_bytes ${this.#options.maxBytes}): acks are held back until there is room`,
      );
      return;
    }
    const alerts = taken.map((w) => w.alert);
    const kept = await this.#disk(
      () => this.#queue!.append(alerts, this.#options.now()),
      'the spool cannot be written, and acks are held back until it can',
    );
    if (!kept) return;
    this.#waiting.splice(0, taken.length);
    this.#options.onOutcome(this.name, 'spooled', taken.length);
    for (const w of taken) w.safe();
  }

  async #direct(): Promise<void> {
    const batch = this.#waiting.splice(0, BATCH);
    this.#inFlight = batch.length;
    const alerts = batch.map((w) => w.alert);
    const safe = (): void => {
      this.#inFlight = 0;
      for (const w of batch) w.safe();
    };
    let spooled: readonly SpooledAlert[] = [];
    const failed = await this.#meanwhile(this.#deliver(alerts), async () => {
      // Too slow: the batch goes to disk as well, and comes off it when the sink has it after all.
      spooled = await this.#queue!.append(alerts, this.#options.now());
      this.#options.onOutcome(this.name, 'spooled', batch.length);
      safe();
    });
    const done = failed === null ? alerts.length : failed.delivered;
    if (done > 0) this.#succeeded(done);
    if (spooled.length > 0) await this.#removed(spooled.slice(0, done));
    else for (const w of batch.splice(0, done)) w.safe();
    this.#inFlight = 0;
    if (failed === null) return;
    if (failed.permanent && spooled.length === 0) {
      this.#inFlight = batch.length;
      const told = await this.#oneByOne(alerts.slice(done), failed);
      this.#waiting.unshift(...batch.splice(told));
      safe();
    } else {
      this.#failed(failed);
      if (spooled.length === 0) this.#waiting.unshift(...batch);
    }
  }

  /**
   * Waits for a delivery. When it takes longer than `patience`, or there are alerts on disk before it, what comes
   * meanwhile goes to disk: no event waits for a sink.
   * @param keep puts the alerts that are being delivered on disk; called once, before anything behind them goes there.
   */
  async #meanwhile(
    delivery: Promise<SinkError | null>,
    keep: (() => Promise<void>) | null,
  ): Promise<SinkError | null> {
    if (!this.#queue) return delivery;
    let outcome: { readonly failed: SinkError | null } | null = null;
    void delivery.then((failed) => {
      outcome = { failed };
      this.#wake?.();
    });
    const until = performance.now() + (keep === null ? 0 : this.#options.patience);
    let kept = keep === null;
    for (;;) {
      this.#slow = performance.now() >= until;
      if (this.#slow && outcome === null) {
        if (keep !== null)
          this.#trouble(`no answer within ${this.#options.patience} ms: alerts go to the spool`);
        try {
          if (!kept) await keep!();
          kept = true;
          if (this.#waiting.length > 0) await this.#toDisk();
        } catch (error) {
          this.#trouble(
            `the spool cannot be written, and acks are held back until it can: ${(error as Error).message}`,
          );
        }
      }
      // Set while the loop slept, which the compiler does not see.
      const done = outcome as { readonly failed: SinkError | null } | null;
      if (done !== null) {
        this.#slow = false;
        return done.failed;
      }
      const tryAgain = !kept || this.#waiting.length > 0 ? this.#options.patience : 2 ** 30;
      await this.#sleep(this.#slow ? tryAgain : until - performance.now());
    }
  }

  async #fromDisk(): Promise<void> {
    const head = await this.#queue!.head(BATCH);
    const [first] = head;
    if (!first) {
      await this.#queue!.recount();
      return;
    }
    const { maxAge, now } = this.#options;
    const isOld = (s: SpooledAlert): boolean => maxAge > 0 && now() - s.at > maxAge;
    if (first.alert === null || isOld(first)) {
      const why = first.alert === null ? 'it was damaged on disk' : `older than max_age (${maxAge} ms)`;
      if (await this.#setAside(first.alert, why)) await this.#removed([first]);
      return;
    }
    const end = head.findIndex((s) => s.alert === null || isOld(s));
    const batch = end === -1 ? head : head.slice(0, end);
    const alerts = batch.map((s) => s.alert!);
    const failed = await this.#meanwhile(this.#deliver(alerts), null);
    const done = failed === null ? alerts.length : failed.delivered;
    if (done > 0) {
      this.#succeeded(done);
      await this.#removed(batch.slice(0, done));
    }
    if (failed === null) return;
    if (failed.permanent) {
      const told = await this.#oneByOne(alerts.slice(done), failed);
      await this.#removed(batch.slice(done, done + told));
    } else this.#failed(failed);
  }

  /** What the disk refuses is said, and tried again later; false: it was refused. */
  async #disk(act: () => Promise<unknown>, what: string): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      this.#failures += 1;
      this.#trouble(`${what}: ${(error as Error).message}`);
      return false;
    }
  }

  /** Takes delivered alerts off the disk, however long the disk refuses; at shutdown they stay, and come once more. */
  async #removed(alerts: readonly SpooledAlert[]): Promise<void> {
    while (!(await this.#disk(() => this.#queue!.remove(alerts), 'the spool cannot be written'))) {
      if (this.#closed) return;
      await this.#pause();
    }
    if (this.#failures > 0 && !this.#closed) this.#failures = 0;
  }

  async #deliver(alerts: readonly Alert[]): Promise<SinkError | null> {
    try {
      await this.#sink.deliver(alerts);
      return null;
    } catch (error) {
      return error instanceof SinkError
        ? error
        : new SinkError((error as Error).message, false, { cause: error });
    }
  }

  /** A batch that is refused for good may hold one poison alert: that one is set aside, the others go through. Returns
   * how many were dealt with. */
  async #oneByOne(alerts: readonly Alert[], batchError: SinkError): Promise<number> {
    for (const [n, alert] of alerts.entries()) {
      let failed: SinkError | null = alerts.length === 1 ? batchError : await this.#deliver([alert]);
      while (failed && !failed.permanent && !this.#closed) {
        this.#failed(failed);
        await this.#pause();
        failed = await this.#deliver([alert]);
      }
      // Closed before it could be told: it is kept for the next start.
      if (failed && !failed.permanent) return n;
      if (!failed) this.#succeeded(1);
      else if (!(await this.#setAside(alert, failed.message))) return n;
      else this.#failures = 0;
    }
    return alerts.length;
  }

  /** False: the dead-letter file could not be written before the end. @param alert null: nothing is left of it. */
  async #setAside(alert: Alert | null, why: string): Promise<boolean> {
    const file = this.#deadLetters;
    if (file && alert) {
      const letter = { alert, sink: this.name, why, at: this.#options.now() };
      while (!(await this.#disk(() => file.add(letter), 'the dead-letter file cannot be written'))) {
        if (this.#closed) return false;
        await this.#pause();
      }
    }
    this.#options.onOutcome(this.name, 'failed', 1);
    const where = file && alert ? `set aside in ${file.path}` : 'dropped';
    this.#options.onSetAside(this.name, `an alert was ${where}: ${why}`);
    return true;
  }

  #succeeded(count: number): void {
    this.#failures = 0;
    this.#options.onOutcome(this.name, 'delivered', count);
    if (this.#troubled) {
      this.#troubled = false;
      this.#options.onRecovered(this.name);
    }
  }

  #failed(error: SinkError): void {
    this.#failures += 1;
    this.#notBefore = performance.now() + Math.min(error.retryAfter, MAX_RETRY_AFTER);
    this.#trouble(error.message);
  }

  #trouble(what: string): void {
    this.#troubled = true;
    this.#options.onTrouble(this.name, what);
  }

  /** Waits before the next try; new alerts that come meanwhile go to disk at once. */
  async #pause(): Promise<void> {
    const { retryWait, retryMaxInterval, chance } = this.#options;
    const base = Math.min(retryMaxInterval, retryWait * 2 ** Math.min(this.#failures - 1, 20));
    const until = Math.max(performance.now() + base * (0.875 + chance() * 0.25), this.#notBefore);
    for (;;) {
      if (this.#queue && this.#waiting.length > 0) await this.#toDisk();
      const left = until - performance.now();
      if (left <= 0 || this.#closed) return;
      await this.#sleep(left);
    }
  }

  /** Until the time is over, or something wakes it. */
  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#wake = done;
    });
    this.#wake = null;
  }
}
