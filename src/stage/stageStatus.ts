// What a running stage tells about itself: whether it is ready, its numbers, its rules, the fields they read, its alerts.
// Field names are the admin API's.
import type { Config } from '../config/config.js';
import type { Engines } from '../detect/engines.js';
import { fieldsOf } from '../kql/fieldsOf.js';
import type { Metrics } from '../observe/metrics.js';
import type { Output } from '../sinks/output.js';
import type { AckChain } from './ackChain.js';
import type { AlertFeed } from './alertFeed.js';
import type { DeliveryStatus } from './alertSide.js';
import type { RuleLedger, RuleStatus } from './ruleLedger.js';

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

/** What the admin server asks of a stage, or of all workers together. */
export type StageReport = Pick<StageStatus, 'readiness' | 'status' | 'rules' | 'fields'>;

/** One of the reasons at /readyz. */
interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly reason: string;
}

function check(name: string, ok: boolean, good: string, bad: string): Check {
  return { name, ok, reason: ok ? good : bad };
}

/** Whether the alert spool takes more. */
export function spoolCheck(bytes: number, maxBytes: number): Check {
  const used = `${bytes} of ${maxBytes} bytes`;
  return check('spool', bytes < maxBytes, `${used} are used`, `the alert spool is full (${used})`);
}

export class StageStatus {
  readonly #parts: StageParts;

  constructor(parts: StageParts) {
    this.#parts = parts;
  }

  /** For /readyz. */
  readiness(): Check[] {
    const { config, output, delivery, ledger } = this.#parts;
    const listening = this.#parts.listening();
    const { rules, hash } = this.#parts.engines().ruleSet;
    const running = rules.length - ledger.quarantinedCount;
    const kept = ledger.loadErrors.length > 0 ? '; the last reload failed and left this set in force' : '';
    return [
      check(
        'rules',
        running > 0 || config.rules.paths.length === 0,
        `${running} rules in force (set ${hash})${kept}`,
        'rules are configured and none is in force',
      ),
      check('listening', listening, 'accepting connections', 'not listening'),
      check('output', output.ready, `${output.name} is reachable`, `${output.name} is away`),
      spoolCheck(delivery.spooledBytes, config.alertsSpool.maxBytes),
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
}
