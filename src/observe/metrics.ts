// Every metric's name, once. What is counted on the way of an event is a plain number that prom-client reads when it
// is scraped.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type AlertOutcome = 'delivered' | 'spooled' | 'duplicate' | 'capped' | 'failed' | 'suppressed';
export type RuleState = 'active' | 'unsupported' | 'invalid' | 'disabled' | 'quarantined';

export class Metrics {
  readonly #registry = new Registry();
  /** Events that came in, and that a downstream has confirmed. */
  eventsIn = 0;
  eventsOut = 0;
  connections = 0;
  #matched = 0;
  #duplicates = 0;
  readonly #matches: Counter<'rule_id' | 'severity'>;
  readonly #alerts: Counter<'sink' | 'outcome'>;
  readonly #rules: Gauge<'state'>;
  readonly #ruleSet: Gauge<'hash'>;
  readonly #latency: Histogram;
  readonly #rejected: Counter<'reason'>;
  #spoolBytes: () => number = () => 0;
  #heldBytes: () => number = () => 0;

  constructor() {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    const counted = (name: string, help: string, read: () => number): void => {
      // A counter that is read, not incremented: the total is the number itself.
      const counter: Counter = new Counter({
        name,
        help,
        registers,
        collect(): void {
          counter.reset();
          counter.inc(read());
        },
      });
    };
    const gauged = (name: string, help: string, read: () => number): void => {
      const gauge: Gauge = new Gauge({ name, help, registers, collect: () => gauge.set(read()) });
    };
    counted('fluent_detect_events_in_total', 'Events received.', () => this.eventsIn);
    counted('fluent_detect_events_out_total', 'Events confirmed by the output.', () => this.eventsOut);
    gauged('fluent_detect_connections', 'Open Forward connections.', () => this.connections);
    gauged('fluent_detect_spool_bytes', 'Alerts on disk that wait for a sink.', () => this.#spoolBytes());
    gauged('fluent_detect_held_bytes', 'Chunks accepted and not yet confirmed.', () => this.#heldBytes());
    this.#matches = new Counter({
      name: 'fluent_detect_matches_total',
      help: 'Matches by rule.',
      labelNames: ['rule_id', 'severity'],
      registers,
    });
    this.#alerts = new Counter({
      name: 'fluent_detect_alerts_total',
      help: 'Alerts by sink and what became of them; duplicate, capped and suppressed ones have no sink.',
      labelNames: ['sink', 'outcome'],
      registers,
    });
    this.#rules = new Gauge({
      name: 'fluent_detect_rules',
      help: 'Rules by state.',
      labelNames: ['state'],
      registers,
    });
    this.#ruleSet = new Gauge({
      name: 'fluent_detect_rule_set',
      help: 'The rule set in force, by its hash.',
      labelNames: ['hash'],
      registers,
    });
    this.#latency = new Histogram({
      name: 'fluent_detect_chunk_latency_seconds',
      help: 'From accepting a chunk to acking it.',
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    });
    this.#rejected = new Counter({
      name: 'fluent_detect_rejected_total',
      help: 'What was refused (a connection) or taken out (an entry that is no event), by reason.',
      labelNames: ['reason'],
      registers,
    });
    for (const state of ['active', 'unsupported', 'invalid', 'disabled', 'quarantined'] as const)
      this.rules(state, 0);
  }

  match(ruleId: string, severity: string): void {
    this.#matched += 1;
    this.#matches.inc({ rule_id: ruleId, severity });
  }
  /** `sink` is '' for alerts that no sink ever sees. */
  alert(sink: string, outcome: AlertOutcome, count = 1): void {
    if (outcome === 'duplicate') this.#duplicates += count;
    this.#alerts.inc({ sink, outcome }, count);
  }
  rules(state: RuleState, count: number): void {
    this.#rules.set({ state }, count);
  }
  /** The hash of the rule set in force. */
  ruleSet(hash: string): void {
    this.#ruleSet.reset();
    this.#ruleSet.set({ hash }, 1);
  }
  chunkLatency(seconds: number): void {
    this.#latency.observe(seconds);
  }
  /** `count` 0 makes the series appear. */
  rejected(reason: string, count = 1): void {
    this.#rejected.inc({ reason }, count);
  }
  /** Since the start, over all rules. */
  totals(): { readonly matches: number; readonly duplicates: number } {
    return { matches: this.#matched, duplicates: this.#duplicates };
  }
  /** Gauges that are asked when they are scraped. */
  watch(spoolBytes: () => number, heldBytes: () => number): void {
    this.#spoolBytes = spoolBytes;
    this.#heldBytes = heldBytes;
  }

  /** The exposition text, and its content type. */
  async text(): Promise<{ readonly type: string; readonly body: string }> {
    return { type: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}
