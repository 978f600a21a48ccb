// What the stage says in its log when something is wrong, each kind at most once a while, and counts in its metrics.
import type { RejectCode } from '../forward/message.js';
import { type Logger, RateLimit } from '../observe/log.js';
import type { Metrics } from '../observe/metrics.js';

/** The same kind of line at most once in this time. */
const SAID_EVERY_MS = 10_000;

export class Notices {
  readonly #log: Logger;
  readonly #metrics: Metrics;
  readonly #limit: RateLimit;

  constructor(log: Logger, metrics: Metrics, now: () => number) {
    this.#log = log;
    this.#metrics = metrics;
    this.#limit = new RateLimit(SAID_EVERY_MS, now);
  }

  /** A connection was closed for what it sent. */
  rejected(code: RejectCode, detail: string, peer: string): void {
    this.#metrics.rejected(code);
    // By kind and host: a peer that comes again and again has a new port each time.
    this.#limit.limit(`${code} ${peer.replace(/:\d+$/, '')}`, (heldBack) => {
      this.#log.warn({ code, peer, held_back: heldBack }, `connection closed: ${detail}`);
    });
  }

  /** One entry could not be an event; its neighbours go on. */
  invalid(reason: string, tag: string, peer: string): void {
    this.#metrics.rejected('invalid_event');
    this.#limit.limit(`invalid ${peer}`, (heldBack) => {
      this.#log.warn({ peer, tag, held_back: heldBack }, `an entry was taken out: ${reason}`);
    });
  }

  /** A chunk goes on, but no rule saw its events. */
  unread(peer: string, tag: string): void {
    this.#metrics.rejected('unread_compression');
    this.#limit.limit(`zstd ${peer}`, (heldBack) => {
      this.#log.warn(
        { peer, tag, held_back: heldBack },
        'a zstd chunk goes on unread: this Node cannot inflate zstd (22.15 and later can), so no rule sees its events',
      );
    });
  }

  /** @param limit `chunk_size_warn_limit`; null: none. */
  size(bytes: number, limit: number | null, tag: string, peer: string): void {
    if (limit === null || bytes <= limit) return;
    this.#limit.limit(`large ${peer}`, () => {
      this.#log.warn({ peer, tag, bytes }, 'a chunk is over chunk_size_warn_limit');
    });
  }

  pressure(stop: boolean, heldBytes: number): void {
    this.#limit.limit(`pressure ${stop}`, () => {
      if (stop)
        this.#log.warn(
          { held_bytes: heldBytes },
          'memory_limit reached: reading stops until the output confirms',
        );
      else this.#log.info('reading goes on');
    });
  }

  givenUp(peer: string, cause: Error): void {
    this.#log.warn({ peer, cause: cause.message }, 'a chunk was not confirmed and not acked');
  }

  quarantined(ruleId: string, cause: Error): void {
    this.#metrics.rules('quarantined', 1);
    this.#log.error(
      { rule_id: ruleId, cause: cause.message },
      'a rule failed and is left out until rules are loaded again',
    );
  }

  unsaved(cause: Error): void {
    this.#limit.limit('state', () =>
      this.#log.error({ cause: cause.message }, 'look-back and caps could not be saved'),
    );
  }
}
