// All alert sinks behind one door: an alert is safe when every sink has it, or the spool has it for that sink.
import { join } from 'node:path';
import type { Alert } from '../alerts/alert.js';
import { DeadLetters } from './deadLetters.js';
import type { AlertSink } from './sink.js';
import { type RunnerOptions, SinkRunner } from './sinkRunner.js';
import type { Spool } from './spool.js';

/** What a sink has not got at the end. */
export interface SinkRest {
  readonly sink: string;
  /** Neither delivered nor on disk. */
  readonly unsafe: number;
  /** On disk: the next start delivers them. */
  readonly spooled: number;
}

/** What the sinks' queues in a spool are called, each a name of its own. */
export function queueNames(sinks: readonly AlertSink[]): string[] {
  const named = new Map<string, number>();
  return sinks.map(({ name }) => {
    const n = (named.get(name) ?? 0) + 1;
    named.set(name, n);
    return n === 1 ? name : `${name}#${n}`;
  });
}

export class AlertDelivery {
  readonly #runners: readonly SinkRunner[];
  readonly #deadLetters: DeadLetters | null;
  readonly #spool: Spool | null;

  private constructor(runners: readonly SinkRunner[], deadLetters: DeadLetters | null, spool: Spool | null) {
    this.#runners = runners;
    this.#deadLetters = deadLetters;
    this.#spool = spool;
  }

  /** @param spool null: alerts wait in memory for a sink that is away, and the stage holds its acks back. */
  static async open(
    sinks: readonly AlertSink[],
    spool: Spool | null,
    options: RunnerOptions,
  ): Promise<AlertDelivery> {
    const deadLetters = spool ? new DeadLetters(join(spool.path, 'dead-letters.log')) : null;
    const runners: SinkRunner[] = [];
    const names = queueNames(sinks);
    for (const [n, sink] of sinks.entries()) {
      const queue = (await spool?.queue(names[n]!)) ?? null;
      if (queue && queue.missing > 0)
        options.onTrouble(sink.name, `${queue.missing} alerts are missing in the spool: it was damaged`);
      runners.push(new SinkRunner(sink, queue, deadLetters, options));
    }
    return new AlertDelivery(runners, deadLetters, spool);
  }

  get spooledBytes(): number {
    return this.#runners.reduce((sum, r) => sum + r.spooledBytes, 0);
  }
  get spooled(): number {
    return this.#runners.reduce((sum, r) => sum + r.spooled, 0);
  }
  /** Names of the sinks, as in logs and metrics. */
  get names(): string[] {
    return this.#runners.map((r) => r.name);
  }
  /** Names of sinks that are failing now. */
  get troubled(): string[] {
    return this.#runners.filter((r) => r.troubled).map((r) => r.name);
  }

  /** Resolves when every sink has all of these alerts, or the disk has them for it. */
  async submit(alerts: readonly Alert[]): Promise<void> {
    await Promise.all(this.#runners.flatMap((runner) => alerts.map((alert) => runner.submit(alert))));
  }

  /** @returns alerts that are neither delivered nor on disk, and those that wait on disk, by sink. */
  async close(timeoutMs: number): Promise<SinkRest[]> {
    await Promise.all(this.#runners.map((r) => r.close(timeoutMs)));
    await this.#deadLetters?.close();
    await this.#spool?.close();
    return this.#runners
      .map((r) => ({ sink: r.name, unsafe: r.unsafe, spooled: r.spooled }))
      .filter((r) => r.unsafe > 0 || r.spooled > 0);
  }
}
