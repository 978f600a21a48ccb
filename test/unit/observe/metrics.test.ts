// The names that dashboards and alerts are built on, as they stand in the exposition text.
import { describe, expect, it } from 'vitest';
import { Metrics } from '../../../src/observe/metrics.js';

/** The samples of a scrape whose names begin so, as they are written. */
async function scrape(metrics: Metrics, prefix: string): Promise<string[]> {
  const { body } = await metrics.text();
  return body.split('\n').filter((line) => line.startsWith(prefix));
}

describe('the metrics', () => {
  it('are in the text format of Prometheus, each with its type', async () => {
    const { type, body } = await new Metrics().text();
    expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
    const types = [...body.matchAll(/^# TYPE (fluent_detect_\S+) (\S+)$/gm)].map((m) => `${m[1]} ${m[2]}`);
    expect(types.sort()).toEqual([
      'fluent_detect_alerts_total counter',
      'fluent_detect_buffer_bytes gauge',
      'fluent_detect_build_info gauge',
      'fluent_detect_chunk_latency_seconds histogram',
      'fluent_detect_connections gauge',
      'fluent_detect_events_in_total counter',
      'fluent_detect_events_out_total counter',
      'fluent_detect_held_bytes gauge',
      'fluent_detect_held_limit_bytes gauge',
      'fluent_detect_matches_total counter',
      'fluent_detect_output_up gauge',
      'fluent_detect_rejected_total counter',
      'fluent_detect_rule_set gauge',
      'fluent_detect_rules gauge',
      'fluent_detect_sink_up gauge',
      'fluent_detect_spool_bytes gauge',
      'fluent_detect_spool_limit_bytes gauge',
    ]);
  });

  it('have the events and connections of the moment they are scraped, however often', async () => {
    const metrics = new Metrics();
    metrics.eventsIn = 3;
    metrics.eventsOut = 2;
    metrics.connections = 1;
    await metrics.text();
    metrics.eventsIn += 4;
    metrics.connections -= 1;
    expect(await scrape(metrics, 'fluent_detect_events')).toEqual([
      'fluent_detect_events_in_total 7',
      'fluent_detect_events_out_total 2',
    ]);
    expect(await scrape(metrics, 'fluent_detect_connections')).toEqual(['fluent_detect_connections 0']);
  });

  it('ask for bytes, their bounds and who is up when they are scraped', async () => {
    const metrics = new Metrics();
    let spooled = 5;
    let up = true;
    metrics.watch({
      spoolBytes: () => spooled,
      spoolLimit: () => 100,
      heldBytes: () => 11,
      heldLimit: () => 200,
      outputUp: () => up,
      sinksUp: () => [
        ['file:a', true],
        ['http://b/', up],
      ],
    });
    await metrics.text();
    spooled = 8;
    up = false;
    expect(await scrape(metrics, 'fluent_detect_spool')).toEqual([
      'fluent_detect_spool_bytes 8',
      'fluent_detect_spool_limit_bytes 100',
    ]);
    expect(await scrape(metrics, 'fluent_detect_held')).toEqual([
      'fluent_detect_held_bytes 11',
      'fluent_detect_held_limit_bytes 200',
    ]);
    expect(await scrape(metrics, 'fluent_detect_output_up')).toEqual(['fluent_detect_output_up 0']);
    expect(await scrape(metrics, 'fluent_detect_sink_up')).toEqual([
      'fluent_detect_sink_up{sink="file:a"} 1',
      'fluent_detect_sink_up{sink="http://b/"} 0',
    ]);
  });

  it('name the version that runs', async () => {
    expect(await scrape(new Metrics('1.2.3'), 'fluent_detect_build_info')).toEqual([
      'fluent_detect_build_info{version="1.2.3"} 1',
    ]);
  });

  it('have every rule in force at 0 matches from the start, so that a rate can be taken', async () => {
    const metrics = new Metrics();
    metrics.ruleSet('x', [{ id: 'a', severity: 'low' }]);
    metrics.match('a', 'low');
    metrics.ruleSet('y', [
      { id: 'a', severity: 'low' },
      { id: 'b', severity: 'high' },
    ]);
    expect(await scrape(metrics, 'fluent_detect_matches_total')).toEqual([
      'fluent_detect_matches_total{rule_id="a",severity="low"} 1',
      'fluent_detect_matches_total{rule_id="b",severity="high"} 0',
    ]);
  });

  it('give mean and most of the latencies since they were last asked for', () => {
    const metrics = new Metrics();
    expect(metrics.takeLatency()).toBeNull();
    metrics.chunkLatency(0.25);
    metrics.chunkLatency(0.75);
    expect(metrics.takeLatency()).toEqual({ mean: 500, max: 750 });
    expect(metrics.takeLatency()).toBeNull();
  });

  it('count matches by rule and severity', async () => {
    const metrics = new Metrics();
    for (const [rule, severity] of [
      ['a', 'low'],
      ['b', 'high'],
      ['b', 'high'],
    ] as const)
      metrics.match(rule, severity);
    expect(await scrape(metrics, 'fluent_detect_matches_total')).toEqual([
      'fluent_detect_matches_total{rule_id="a",severity="low"} 1',
      'fluent_detect_matches_total{rule_id="b",severity="high"} 2',
    ]);
  });

  it('count alerts by sink and outcome', async () => {
    const metrics = new Metrics();
    metrics.alert('file:alerts', 'delivered');
    metrics.alert('file:alerts', 'delivered', 4);
    metrics.alert('file:alerts', 'spooled');
    metrics.alert('', 'duplicate', 3);
    expect(await scrape(metrics, 'fluent_detect_alerts_total')).toEqual([
      'fluent_detect_alerts_total{sink="",outcome="duplicate"} 3',
      'fluent_detect_alerts_total{sink="",outcome="capped"} 0',
      'fluent_detect_alerts_total{sink="",outcome="suppressed"} 0',
      'fluent_detect_alerts_total{sink="file:alerts",outcome="delivered"} 5',
      'fluent_detect_alerts_total{sink="file:alerts",outcome="spooled"} 1',
    ]);
  });

  it('have every state of rules from the start, and the latest number of each', async () => {
    const metrics = new Metrics();
    metrics.rules('active', 9);
    metrics.rules('active', 7);
    metrics.rules('invalid', 1);
    expect(await scrape(metrics, 'fluent_detect_rules')).toEqual([
      'fluent_detect_rules{state="active"} 7',
      'fluent_detect_rules{state="unsupported"} 0',
      'fluent_detect_rules{state="invalid"} 1',
      'fluent_detect_rules{state="disabled"} 0',
      'fluent_detect_rules{state="quarantined"} 0',
    ]);
  });

  it('name the one rule set that is in force', async () => {
    const metrics = new Metrics();
    metrics.ruleSet('old');
    metrics.ruleSet('new');
    expect(await scrape(metrics, 'fluent_detect_rule_set')).toEqual(['fluent_detect_rule_set{hash="new"} 1']);
  });

  it('have the latency of chunks in seconds as a histogram', async () => {
    const metrics = new Metrics();
    for (const seconds of [0.002, 0.25, 100]) metrics.chunkLatency(seconds);
    const lines = await scrape(metrics, 'fluent_detect_chunk_latency_seconds');
    const at = (le: string): string | undefined => lines.find((line) => line.includes(`le="${le}"`));
    expect(at('0.001')).toMatch(/ 0$/);
    expect(at('0.0025')).toMatch(/ 1$/);
    expect(at('0.25')).toMatch(/ 2$/);
    expect(at('60')).toMatch(/ 2$/);
    expect(at('+Inf')).toMatch(/ 3$/);
    expect(lines).toContain('fluent_detect_chunk_latency_seconds_sum 100.252');
    expect(lines).toContain('fluent_detect_chunk_latency_seconds_count 3');
  });

  it('count what is refused by its reason, whose text cannot break the format', async () => {
    const metrics = new Metrics();
    metrics.rejected('too_large');
    metrics.rejected('too_large');
    metrics.rejected('a"} 1\nb\\');
    expect(await scrape(metrics, 'fluent_detect_rejected_total')).toEqual([
      'fluent_detect_rejected_total{reason="too_large"} 2',
      String.raw`fluent_detect_rejected_total{reason="a\"} 1\nb\\"} 1`,
    ]);
  });

  it.each([
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'nodejs_heap_size_used_bytes',
    'nodejs_eventloop_lag_seconds',
    `nodejs_version_info{version="${process.version}"`,
  ])("have node's own %s", async (name) => {
    expect(await scrape(new Metrics(), name)).toEqual([expect.stringMatching(/ [\d.e-]+$/)]);
  });

  it('are nobody else’s: two stages in one process count apart', async () => {
    const [one, other] = [new Metrics(), new Metrics()];
    one.match('a', 'low');
    expect(await scrape(other, 'fluent_detect_matches_total')).toEqual([]);
    expect([one.totals(), other.totals()]).toEqual([
      { matches: 1, duplicates: 0 },
      { matches: 0, duplicates: 0 },
    ]);
  });

  it('have totals over all rules, of matches and of duplicates only', () => {
    const metrics = new Metrics();
    metrics.match('a', 'low');
    metrics.match('b', 'high');
    metrics.alert('', 'duplicate', 3);
    metrics.alert('', 'capped', 5);
    expect(metrics.totals()).toEqual({ matches: 2, duplicates: 3 });
  });
});
