// Every metric's name, once. What is counted on the way of an event is a plain number that prom-client reads when it
// is scraped.
import {
  type Aggregator,
  AggregatorRegistry,
  Counter,
  collectDefaultMetrics,
  Gauge,
  Registry,
} from 'prom-client';
import { LatencyHistogram } from './latencyHistogram.js';

export type AlertOutcome = 'delivered' | 'spooled' | 'duplicate' | 'capped' | 'failed' | 'suppressed';
/** What is asked for when it is scraped. */
export interface Watched {
  readonly spoolBytes: () => number;
  readonly spoolLimit: () => number;
  readonly heldBytes: () => number;
  readonly heldLimit: () => number;
  readonly outputUp: () => boolean;
  /** By the sink's name. */
  readonly sinksUp: () => readonly (readonly [sink: string, up: boolean])[];
}

/** What a process counts, for another one to add up. */
export type MetricsSnapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;
export type RuleState = 'active' | 'unsupported' | 'invalid' | 'disabled' | 'quarantined';

/** As Prometheus reads it. */
export interface MetricsText {
  readonly type: string;
  readonly body: string;
}

export class Metrics {
  readonly #registry = new Registry();
  /** Events that came in, and that a downstream has confirmed. */
  eventsIn = 0;
  eventsOut = 0;
  /** Decisions that the shared state was to make, and that were made without it. */
  decidedAlone = 0;
  #sharedUp: Gauge | null = null;
  connections = 0;
  /** Of `output.buffer: disk`. */
  bufferBytes: () => number = () => 0;
  #matched = 0;
  #duplicates = 0;
  /** Since the last scrape: labels cost more than tagging the event. */
  readonly #newMatches = new Map<string, { ruleId: string; severity: string; count: number }>();
  /** Alerts that no sink ever sees, since the last scrape. */
  readonly #unsent = new Map<AlertOutcome, number>();
  readonly #matches: Counter<'rule_id' | 'severity'>;
  readonly #alerts: Counter<'sink' | 'outcome'>;
  readonly #rules: Gauge<'state'>;
  readonly #ruleSet: Gauge<'hash'>;
  readonly #latency = new LatencyHistogram(
    'fluent_detect_chunk_latency_seconds',
    'From accepting a chunk to acking it.',
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  );
  readonly #rejected: Counter<'reason'>;
  #watched: Watched | null = null;
  #latencySum = 0;
  #latencyMax = 0;
  #latencyCount = 0;

  /** @param version the program's. */
  constructor(version = '') {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    // Gauges whose names say counter (promtool refuses them); their parts by type stay.
    for (const what of ['handles', 'requests', 'resources'])
      this.#registry.removeSingleMetric(`nodejs_active_${what}_total`);
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
    const gauged = (name: string, help: string, read: () => number, aggregator: Aggregator = 'sum'): void => {
      const gauge: Gauge = new Gauge({
        name,
        help,
        registers,
        aggregator,
        collect: () => gauge.set(read()),
      });
    };
    counted('fluent_detect_events_in_total', 'Events received.', () => this.eventsIn);
    counted('fluent_detect_events_out_total', 'Events confirmed by the output.', () => this.eventsOut);
    gauged('fluent_detect_connections', 'Open Forward connections.', () => this.connections);
    gauged(
      'fluent_detect_buffer_bytes',
      'Chunks on disk that wait for the output (output.buffer: disk).',
      () => this.bufferBytes(),
    );
    gauged(
      'fluent_detect_spool_bytes',
      'Alerts on disk that wait for a sink.',
      () => this.#watched?.spoolBytes() ?? 0,
    );
    gauged(
      'fluent_detect_spool_limit_bytes',
      'alerts_spool.max_bytes: past it acks are held back.',
      () => this.#watched?.spoolLimit() ?? 0,
      'max',
    );
    gauged(
      'fluent_detect_held_bytes',
      'Chunks accepted and not yet confirmed.',
      () => this.#watched?.heldBytes() ?? 0,
    );
    gauged(
      'fluent_detect_held_limit_bytes',
      'The share of memory_limit for held chunks: past it reading stops.',
      () => this.#watched?.heldLimit() ?? 0,
    );
    gauged(
      'fluent_detect_output_up',
      'Whether the output can be reached (1) or is away (0).',
      () => (this.#watched?.outputUp() ? 1 : 0),
      'min',
    );
    const sinkUp: Gauge = new Gauge({
      name: 'fluent_detect_sink_up',
      help: 'Whether an alert sink takes alerts (1) or fails (0).',
      labelNames: ['sink'],
      registers,
      collect: () => {
        for (const [sink, up] of this.#watched?.sinksUp() ?? []) sinkUp.set({ sink }, up ? 1 : 0);
      },
    });
    const build = new Gauge({
      name: 'fluent_detect_build_info',
      help: 'The version that runs.',
      aggregator: 'max',
      labelNames: ['version'],
      registers,
    });
    build.set({ version }, 1);
    this.#matches = new Counter({
      name: 'fluent_detect_matches_total',
      help: 'Matches by rule.',
      labelNames: ['rule_id', 'severity'],
      registers,
      collect: () => {
        for (const { ruleId, severity, count } of this.#newMatches.values())
          this.#matches.inc({ rule_id: ruleId, severity }, count);
        this.#newMatches.clear();
      },
    });
    this.#alerts = new Counter({
      name: 'fluent_detect_alerts_total',
      help: 'Alerts by sink and what became of them; duplicate, capped and suppressed ones have no sink.',
      labelNames: ['sink', 'outcome'],
      registers,
      collect: () => {
        for (const [outcome, count] of this.#unsent) this.#alerts.inc({ sink: '', outcome }, count);
        this.#unsent.clear();
      },
    });
    this.#rules = new Gauge({
      name: 'fluent_detect_rules',
      help: 'Rules by state.',
      aggregator: 'max',
      labelNames: ['state'],
      registers,
    });
    this.#ruleSet = new Gauge({
      name: 'fluent_detect_rule_set',
      help: 'The rule set in force, by its hash.',
      aggregator: 'max',
      labelNames: ['hash'],
      registers,
    });
    this.#registry.registerMetric(this.#latency.metric);
    this.#rejected = new Counter({
      name: 'fluent_detect_rejected_total',
      help: 'What was refused (a connection) or taken out (an entry that is no event), by reason.',
      labelNames: ['reason'],
      registers,
    });
    for (const state of ['active', 'unsupported', 'invalid', 'disabled', 'quarantined'] as const)
      this.rules(state, 0);
    for (const outcome of ['duplicate', 'capped', 'suppressed'] as const) this.alert('', outcome, 0);
  }

  match(ruleId: string, severity: string, count = 1): void {
    this.#matched += count;
    const key = `${severity} ${ruleId}`;
    const known = this.#newMatches.get(key);
    if (known) known.count += count;
    else this.#newMatches.set(key, { ruleId, severity, count });
  }
  /** `sink` is '' for alerts that no sink ever sees. */
  alert(sink: string, outcome: AlertOutcome, count = 1): void {
    if (outcome === 'duplicate') this.#duplicates += count;
    if (sink === '' && count > 0) this.#unsent.set(outcome, (this.#unsent.get(outcome) ?? 0) + count);
    else this.#alerts.inc({ sink, outcome }, count);
  }
  rules(state: RuleState, count: number): void {
    this.#rules.set({ state }, count);
  }
  /** The rule set in force: its hash, and the rules whose matches are counted from 0. */
  ruleSet(hash: string, rules: readonly { readonly id: string; readonly severity: string }[] = []): void {
    this.#ruleSet.reset();
    this.#ruleSet.set({ hash }, 1);
    for (const { id, severity } of rules) this.#matches.inc({ rule_id: id, severity }, 0);
  }
  chunkLatency(seconds: number): void {
    this.#latency.observe(seconds);
    this.#latencySum += seconds;
    this.#latencyCount += 1;
    if (seconds > this.#latencyMax) this.#latencyMax = seconds;
  }
  /** `count` 0 makes the series appear. */
  rejected(reason: string, count = 1): void {
    this.#rejected.inc({ reason }, count);
  }
  /** Whether the Redis of `alerts.state` answers; the gauge is there only where one is named. */
  sharedStateUp(up: boolean): void {
    const registers = [this.#registry];
    if (this.#sharedUp === null) {
      this.#sharedUp = new Gauge({
        name: 'fluent_detect_shared_state_up',
        help: 'Whether the Redis of alerts.state answers.',
        registers,
      });
      const alone: Counter = new Counter({
        name: 'fluent_detect_decided_alone_total',
        help: 'Alert decisions made without the shared state.',
        registers,
        collect: () => {
          alone.reset();
          alone.inc(this.decidedAlone);
        },
      });
    }
    this.#sharedUp.set(up ? 1 : 0);
  }
  /** Since the start, over all rules. */
  totals(): { readonly matches: number; readonly duplicates: number } {
    return { matches: this.#matched, duplicates: this.#duplicates };
  }
  /** Mean and most of the chunk latencies since the last call, in ms; null: no chunk was acked. */
  takeLatency(): { readonly mean: number; readonly max: number } | null {
    if (this.#latencyCount === 0) return null;
    const taken = { mean: (this.#latencySum / this.#latencyCount) * 1000, max: this.#latencyMax * 1000 };
    this.#latencySum = 0;
    this.#latencyCount = 0;
    this.#latencyMax = 0;
    return taken;
  }
  /** What gauges are read from. */
  watch(watched: Watched): void {
    this.#watched = watched;
  }

  /** The exposition text, and its content type. */
  async text(): Promise<MetricsText> {
    return { type: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  snapshot(): Promise<MetricsSnapshot> {
    return this.#registry.getMetricsAsJSON();
  }

  /** What a process counted that is gone, with what others before it had: no count goes back. Gauges are of the living. */
  static departed(snapshots: readonly MetricsSnapshot[]): Promise<MetricsSnapshot> {
    const counts = snapshots.map((s) => s.filter((m) => ['counter', 'histogram'].includes(String(m.type))));
    return AggregatorRegistry.aggregate(counts).getMetricsAsJSON();
  }

  /** As `text`, with what other processes counted added to it. */
  async textWith(others: readonly MetricsSnapshot[]): Promise<MetricsText> {
    const all = AggregatorRegistry.aggregate([await this.snapshot(), ...others]);
    return { type: all.contentType, body: await all.metrics() };
  }
}
