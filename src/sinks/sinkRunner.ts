// One sink's way for alerts: straight to it while it keeps up, through the spool when it is away, slow or failing. An
// alert counts as safe once the sink has it or the disk has it, whichever is first. Order is kept.
import type { Alert } from '../alerts/alert.js';
import type { AppendFile } from './appendFile.js';
import { eventLine } from './lines.js';
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
  readonly onRecovered: (sink: string) => void;
}

interface Waiting {
  readonly alert: Alert;
  readonly safe: () => void;
}

const BATCH = 100;

export class SinkRunner {
  readonly #sink: AlertSink;
  /** Null: no spool; alerts wait in memory. */
  readonly #queue: SpoolQueue | null;
  readonly #deadLetters: AppendFile | null;
  readonly #options: RunnerOptions;
  #waiting: Waiting[] = [];
  #running = false;
  #closed = false;
  #failures = 0;
  #troubled = false;
  #wake: (() => void) | null = null;
  #ended: (() => void) | null = null;

  constructor(
    sink: AlertSink,
    queue: SpoolQueue | null,
    deadLetters: AppendFile | null,
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
    return this.#waiting.length;
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
      // While it is being retried, new alerts go to disk at once.
      if (this.#failures > 0) this.#wake?.();
    });
  }

  /** Tries to get rid of what is left, at most `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#running) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#ended = () => {
          clearTimeout(timer);
          resolve();
        };
        if (this.#failures > 0) this.#stop();
      });
    }
    this.#stop();
    await this.#sink.close();
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
      this.#ended?.();
      if (!this.#closed && this.#waiting.length > 0) this.#run();
    });
  }

  async #loop(): Promise<void> {
    while (!this.#closed || this.#waiting.length > 0) {
      if (this.#spooling()) await this.#toDisk();
      if (this.#closed) return;
      if (this.#queue && this.#queue.count > 0) await this.#fromDisk();
      else if (this.#waiting.length > 0) await this.#direct();
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
    try {
      await this.#queue!.append(
        taken.map((w) => w.alert),
        this.#options.now(),
      );
    } catch (error) {
      this.#failures += 1;
      this.#trouble(
        `the spool cannot be written: ${(error as Error).message}; acks are held back until it can`,
      );
      return;
    }
    this.#waiting.splice(0, taken.length);
    this.#options.onOutcome(this.name, 'spooled', taken.length);
    for (const w of taken) w.safe();
  }

  async #direct(): Promise<void> {
    const batch = this.#waiting.slice(0, BATCH);
    const alerts = batch.map((w) => w.alert);
    let spooled: SpooledAlert[] = [];
    let spooling: Promise<void> | null = null;
    const impatient =
      this.#queue === null
        ? null
        : setTimeout(() => {
            // Too slow: the batch goes to disk as well, and comes off it when the sink has it after all.
            spooling = this.#queue!.append(alerts, this.#options.now()).then(
              (s) => {
                spooled = s;
                this.#waiting.splice(0, batch.length);
                this.#options.onOutcome(this.name, 'spooled', batch.length);
                for (const w of batch) w.safe();
              },
              (error: Error) => this.#trouble(`the spool cannot be written: ${error.message}`),
            );
          }, this.#options.patience);
    const failed = await this.#deliver(alerts);
    if (impatient) clearTimeout(impatient);
    await spooling;
    if (failed === null) {
      this.#succeeded(alerts.length);
      if (spooled.length > 0) await this.#queue!.remove(spooled);
      else {
        this.#waiting.splice(0, batch.length);
        for (const w of batch) w.safe();
      }
    } else if (failed.permanent && spooled.length === 0) {
      await this.#oneByOne(alerts, failed);
      this.#waiting.splice(0, batch.length);
      for (const w of batch) w.safe();
    } else this.#failed(failed);
  }

  async #fromDisk(): Promise<void> {
    const head = await this.#queue!.head(BATCH);
    const { maxAge, now } = this.#options;
    const old = maxAge === 0 ? [] : head.filter((s) => now() - s.at > maxAge);
    if (old.length > 0) {
      await this.#setAside(
        old.map((s) => s.alert),
        `older than max_age (${maxAge} ms)`,
      );
      await this.#queue!.remove(old);
      return;
    }
    const alerts = head.map((s) => s.alert);
    const failed = await this.#deliver(alerts);
    if (failed === null) this.#succeeded(alerts.length);
    else if (failed.permanent) await this.#oneByOne(alerts, failed);
    else {
      this.#failed(failed);
      return;
    }
    await this.#queue!.remove(head);
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

  /** A batch that is refused for good may hold one poison alert: that one is set aside, the others go through. */
  async #oneByOne(alerts: readonly Alert[], batchError: SinkError): Promise<void> {
    for (const alert of alerts) {
      let failed: SinkError | null = alerts.length === 1 ? batchError : await this.#deliver([alert]);
      while (failed && !failed.permanent && !this.#closed) {
        this.#failed(failed);
        await this.#pause();
        failed = await this.#deliver([alert]);
      }
      if (failed) await this.#setAside([alert], failed.message);
      else this.#succeeded(1);
    }
  }

  async #setAside(alerts: readonly Alert[], why: string): Promise<void> {
    await this.#deadLetters?.write(
      alerts.map((a) => eventLine('out_file', a.tag, a.time, a.record)).join(''),
    );
    this.#options.onOutcome(this.name, 'failed', alerts.length);
    const where = this.#deadLetters ? 'set aside in the dead-letter file' : 'dropped (there is no spool)';
    this.#options.onTrouble(this.name, `${alerts.length} alert(s) ${where}: ${why}`);
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
    const until = performance.now() + base * (0.875 + chance() * 0.25);
    for (;;) {
      if (this.#queue && this.#waiting.length > 0) await this.#toDisk();
      const left = until - performance.now();
      if (left <= 0 || this.#closed) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, left);
        const wake = done;
        this.#wake = wake;
        function done(): void {
          clearTimeout(timer);
          resolve();
        }
      });
      this.#wake = null;
    }
  }
}
