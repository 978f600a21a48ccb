// What a running stage tells about itself: whether it is ready, its numbers, its rules, the fields they read, its alerts.
// Field names are the admin API's.
import type { Config } from '../config/config.js';
import type { Engines } from '../detect/engines.js';
import { fieldsOf } from '../kql/fieldsOf.js';
import { msgpackToJson } from '../msgpack/json.js';
import type { Metrics } from '../observe/metrics.js';
import type { Output } from '../sinks/output.js';
import type { AckChain } from './ackChain.js';
import type { AlertFeed, FedAlert } from './alertFeed.js';
import type { DeliveryStatus } from './alertSide.js';
import { evidenceOf } from './evidence.js';
import type { RuleLedger, RuleStatus } from './ruleLedger.js';
import type { AlertSummary } from './summary.js';

export interface StageParts {
  readonly config: Config;
  readonly output: Output;
  readonly delivery: DeliveryStatus;
  readonly metrics: Metrics;
  readonly chain: AckChain;
  readonly feed: AlertFeed;
  readonly ledger: RuleLedger;
  /** Held bytes past which reading stops. */
  readonly heldLimit: number;
  readonly engines: () => Engines;
  readonly listening: () => boolean;
}

export interface NumberedAlert extends AlertSummary {
  readonly seq: number;
  /** When the alert was made, ISO 8601; `time` is the event's. */
  readonly at: string;
}

export class StageStatus {
  readonly #parts: StageParts;

  constructor(parts: StageParts) {
    this.#parts = parts;
  }

  /** For /readyz. */
  readiness(): { name: string; ok: boolean; reason: string }[] {
    const { config, output, delivery, ledger } = this.#parts;
    const listening = this.#parts.listening();
    const { rules, hash } = this.#parts.engines().ruleSet;
    const running = rules.length - ledger.quarantinedCount;
    const kept = ledger.loadErrors.length > 0 ? '; the last reload failed and left this set in force' : '';
    const bytes = delivery.spooledBytes;
    const { maxBytes } = config.alertsSpool;
    const check = (name: string, ok: boolean, good: string, bad: string) => ({
      name,
      ok,
      reason: ok ? good : bad,
    });
    return [
      check(
        'rules',
        running > 0 || config.rules.paths.length === 0,
        `${running} rules in force (set ${hash})${kept}`,
        'rules are configured and none is in force',
      ),
      check('listening', listening, 'accepting connections', 'not listening'),
      check('output', output.ready, `${output.name} is reachable`, `${output.name} is away`),
      check(
        'spool',
        bytes < maxBytes,
        `${bytes} of ${maxBytes} bytes are used`,
        `the alert spool is full (${bytes} of ${maxBytes} bytes)`,
      ),
    ];
  }

  status() {
    const { metrics, delivery, output, chain, feed, config, ledger } = this.#parts;
    const { ruleSet } = this.#parts.engines();
    return {
      events_in: metrics.eventsIn,
      events_out: metrics.eventsOut,
      matches: metrics.totals().matches,
      alerts: feed.count,
      connections: metrics.connections,
      held_bytes: chain.heldBytes,
      held_chunks: chain.heldChunks,
      held_limit: this.#parts.heldLimit,
      spooled_alerts: delivery.spooled,
      spool_bytes: delivery.spooledBytes,
      spool_limit: config.alertsSpool.maxBytes,
      failing_sinks: delivery.troubled,
      sinks: delivery.names,
      output: output.name,
      output_ready: output.ready,
      rule_set: ruleSet.hash,
      rules: ruleSet.rules.length,
      rules_quarantined: ledger.quarantinedCount,
      load_errors: ledger.loadErrors,
    };
  }

  rules(): { rules: RuleStatus[]; load_errors: readonly string[] } {
    const { ledger, metrics } = this.#parts;
    const engines = this.#parts.engines();
    return {
      rules: ledger.list(engines.ruleSet, engines.costs(), metrics.eventsIn),
      load_errors: ledger.loadErrors,
    };
  }

  /** Which fields that rules read the traffic has never had: rules that hang on one of them cannot fire. */
  fields(): { fields: { field: string; seen: boolean; rules: number }[] } {
    const engines = this.#parts.engines();
    const readers = new Map<string, number>();
    for (const rule of engines.ruleSet.rules)
      for (const field of fieldsOf(rule.predicate)) readers.set(field, (readers.get(field) ?? 0) + 1);
    const seen = engines.fieldsSeen();
    return {
      fields: [...readers].map(([field, rules]) => ({ field, seen: seen.get(field) === true, rules })),
    };
  }

  /**
   * @param since a sequence number: the first `limit` alerts after it; an ISO 8601 time: those made after it; null: the
   * latest `limit`. The oldest first. `next` is what to ask for then; `kept` the oldest number that is still there.
   */
  alerts(
    since: number | string | null,
    limit: number,
  ): { next: number; kept: number; alerts: NumberedAlert[] } {
    const { feed } = this.#parts;
    const seq = typeof since === 'number' ? since : 0;
    const { kept, alerts } = feed.after(seq);
    const from = typeof since === 'string' ? feed.afterTime(Date.parse(since)) : alerts;
    const chosen = since === null ? from.slice(-limit) : from.slice(0, limit);
    const start = typeof since === 'number' ? seq : feed.newest;
    return { next: chosen.at(-1)?.seq ?? start, kept, alerts: chosen.map(numbered) };
  }

  /** One alert in full, as JSON text: integers over 2^53 keep their digits. Null: it is not kept. */
  alert(seq: number): string | null {
    const fed = this.#parts.feed.find(seq);
    if (!fed) return null;
    const { ruleSet } = this.#parts.engines();
    const { alert } = fed;
    const rule = ruleSet.rules.find((r) => r.id === alert.ruleId) ?? null;
    const { fieldMapping } = this.#parts.config.rules;
    const more = {
      evidence: rule ? evidenceOf(rule, alert.record, fieldMapping, alert.tag.replace(/^alert\./, '')) : [],
      query: rule?.query ?? null,
      description: rule?.description ?? null,
      guide: rule?.note ?? null,
      references: rule?.references ?? [],
      false_positives: rule?.falsePositives ?? [],
    };
    return withRecord({ ...numbered(fed), ...more }, alert.record);
  }

  /** Alerts as they come. @param from the number after which; null: new ones only. Returns what ends it. */
  follow(from: number | null, tell: (alert: NumberedAlert, whole: () => string) => void): () => void {
    const { feed } = this.#parts;
    const told = (fed: FedAlert): void => {
      const summary = numbered(fed);
      tell(summary, () => withRecord(summary, fed.alert.record));
    };
    if (from !== null) for (const fed of feed.after(from).alerts) told(fed);
    return feed.listen(told);
  }
}

function numbered(fed: FedAlert): NumberedAlert {
  return { seq: fed.seq, at: new Date(fed.at).toISOString(), ...fed.summary };
}

function withRecord(fields: object, record: Buffer): string {
  return `${JSON.stringify(fields).slice(0, -1)},"record":${msgpackToJson(record, 0)}}`;
}
