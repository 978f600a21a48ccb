// What the primary tells about all workers: the same as one stage tells, from the workers' last reports and its own alert
// side.
import type { Config } from '../config/config.js';
import type { RuleSet } from '../rules/rule.js';
import type { AlertFeed } from '../stage/alertFeed.js';
import type { DeliveryStatus } from '../stage/alertSide.js';
import type { RuleLedger } from '../stage/ruleLedger.js';
import { type StageReport, spoolCheck } from '../stage/stageStatus.js';
import {
  mergedFields,
  mergedLatency,
  mergedRules,
  summedStatus,
  type WorkerReport,
  worstOf,
} from './report.js';

export interface PrimaryParts {
  readonly config: Config;
  readonly delivery: DeliveryStatus;
  readonly feed: AlertFeed;
  readonly ledger: RuleLedger;
  readonly ruleSet: () => RuleSet;
  /** The last report of each worker that runs. */
  readonly reports: () => WorkerReport[];
  /** What those counted that run no more. */
  readonly departed: () => WorkerReport | null;
  readonly running: () => number;
}

export class PrimaryReport implements StageReport {
  readonly #parts: PrimaryParts;

  constructor(parts: PrimaryParts) {
    this.#parts = parts;
  }

  readiness(): ReturnType<StageReport['readiness']> {
    const { config, delivery, running } = this.#parts;
    const reports = this.#parts.reports();
    const of = (name: string) => ({ name, ...worstOf(reports, name) });
    const workers = `${running()} of ${config.workers} workers`;
    const listening = of('listening');
    return [
      of('rules'),
      { ...listening, ok: listening.ok && running() > 0, reason: `${listening.reason} (${workers})` },
      of('output'),
      spoolCheck(delivery.spooledBytes, config.alertsSpool.maxBytes),
    ];
  }

  status(): ReturnType<StageReport['status']> {
    const { config, delivery, feed, ledger } = this.#parts;
    const ruleSet = this.#parts.ruleSet();
    const statuses = this.#all().map((r) => r.status);
    return {
      ...summedStatus(statuses, statuses[0]!),
      alerts: feed.count,
      spooled_alerts: delivery.spooled,
      spool_bytes: delivery.spooledBytes,
      spool_limit: config.alertsSpool.maxBytes,
      failing_sinks: delivery.troubled,
      sinks: delivery.names,
      rule_set: ruleSet.hash,
      rules: ruleSet.rules.length,
      load_errors: ledger.loadErrors,
    };
  }

  rules(): ReturnType<StageReport['rules']> {
    const { ledger } = this.#parts;
    const rules = mergedRules(this.#all(), ledger.alertCounts());
    return { rules, load_errors: ledger.loadErrors };
  }

  fields(): ReturnType<StageReport['fields']> {
    return { fields: [...mergedFields(this.#all())] };
  }

  /** Of the chunks acked between the workers' last reports, ms. */
  latency(): WorkerReport['latency'] {
    return mergedLatency(this.#parts.reports().map((r) => r.latency));
  }

  #all(): readonly WorkerReport[] {
    const departed = this.#parts.departed();
    return departed ? [...this.#parts.reports(), departed] : this.#parts.reports();
  }
}
