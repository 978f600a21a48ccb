// What the stage says in its log when something is wrong, each kind at most once a while, and counts in its metrics.
import { type RejectCode, rejectCodes } from '../forward/message.js';
import { type Logger, RateLimit } from '../observe/log.js';
import { type LogCode, say } from '../observe/logCodes.js';
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
    for (const reason of [...rejectCodes, 'invalid_event', 'unread_compression']) metrics.rejected(reason, 0);
  }

  /** A connection was closed for what it sent. */
  rejected(code: RejectCode, detail: string, peer: string): void {
    this.#metrics.rejected(code);
    // By kind and host: a peer that comes again and again has a new port each time.
    this.#seldom(code, peer.replace(/:\d+$/, ''), { peer }, `connection closed: ${detail}`);
  }

  /** So many entries of a message could not be events; their neighbours go on. */
  invalid(reason: string, count: number, tag: string, peer: string): void {
    this.#metrics.rejected('invalid_event', count);
    this.#seldom(
      'invalid_event',
      peer,
      { peer, tag },
      `${count === 1 ? 'an entry was' : `${count} entries were`} taken out: ${reason}`,
    );
  }

  /** A chunk goes on, but no rule saw its events. */
  unread(peer: string, tag: string): void {
    this.#metrics.rejected('unread_compression');
    this.#seldom(
      'unread_compression',
      peer,
      { peer, tag },
      'a zstd chunk goes on unread: this Node cannot inflate zstd (22.15 and later can), so no rule sees its events',
    );
  }

  /** @param limit `chunk_size_warn_limit`; null: none. */
  size(bytes: number, limit: number | null, tag: string, peer: string): void {
    if (limit === null || bytes <= limit) return;
    this.#seldom('large_chunk', peer, { peer, tag, bytes }, 'a chunk is over chunk_size_warn_limit');
  }

  pressure(stop: boolean, heldBytes: number): void {
    const fields = { held_bytes: heldBytes };
    if (stop)
      this.#seldom(
        'memory_limit_reached',
        '',
        fields,
        'memory_limit reached: reading stops until the output confirms',
      );
    else this.#seldom('reading_resumed', '', fields, 'reading goes on');
  }

  givenUp(peer: string, cause: Error): void {
    const fields = { peer, cause: cause.message };
    this.#seldom('chunk_not_confirmed', peer, fields, 'a chunk was not confirmed and not acked');
  }

  /** A line that Docker cut ended without all of its parts. */
  incompleteLine(id: string): void {
    this.#metrics.rejected('incomplete_line');
    this.#limit.limit('incomplete line', (heldBack) =>
      say(
        this.#log,
        'incomplete_line',
        { partial_id: id, held_back: heldBack },
        'a line ended without all of its parts: its end was judged by itself',
      ),
    );
  }

  quarantined(ruleId: string, cause: Error): void {
    say(
      this.#log,
      'rule_quarantined',
      { rule_id: ruleId, cause: cause.message },
      'a rule failed and is left out until rules are loaded again',
    );
  }

  unsaved(cause: Error): void {
    this.#seldom('state_not_saved', '', { cause: cause.message }, 'look-back and caps could not be saved');
  }

  /** A line of this code and about this one at most once a while; the next one tells how many were held back. */
  #seldom(code: LogCode, about: string, fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#limit.limit(`${code} ${about}`, (heldBack) => {
      say(this.#log, code, { ...fields, held_back: heldBack }, message);
    });
  }
}
