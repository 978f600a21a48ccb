// What the workers tell about themselves, put together: sums, the worst of what is ready, each rule's hits and cost.
import { Metrics, type MetricsSnapshot } from '../observe/metrics.js';
import type { StageReport } from '../stage/stageStatus.js';

type Status = ReturnType<StageReport['status']>;
type Rule = ReturnType<StageReport['rules']>['rules'][number];

export interface WorkerReport {
  readonly status: Status;
  readonly readiness: ReturnType<StageReport['readiness']>;
  readonly rules: readonly Rule[];
  readonly fields: ReturnType<StageReport['fields']>['fields'];
  readonly metrics: MetricsSnapshot;
  /** Of the chunks acked since the last report, ms. */
  readonly latency: { readonly mean: number; readonly max: number } | null;
}

/** Totals and what is held. The rest is the same in every worker. */
export function summedStatus(statuses: readonly Status[], first: Status): Status {
  const sum = (read: (s: Status) => number): number => statuses.reduce((total, s) => total + read(s), 0);
  return {
    ...first,
    events_in: sum((s) => s.events_in),
    events_out: sum((s) => s.events_out),
    matches: sum((s) => s.matches),
    connections: sum((s) => s.connections),
    held_bytes: sum((s) => s.held_bytes),
    held_chunks: sum((s) => s.held_chunks),
    held_limit: Math.round(sum((s) => s.held_limit)),
    rules_quarantined: Math.max(...statuses.map((s) => s.rules_quarantined)),
    output_ready: statuses.every((s) => s.output_ready),
  };
}

/** A check holds when it holds in every worker; otherwise the first that fails says why. */
export function worstOf(all: readonly WorkerReport[], name: string): { ok: boolean; reason: string } {
  const checks = all.flatMap((r) => r.readiness.filter((c) => c.name === name));
  return checks.find((c) => !c.ok) ?? checks[0] ?? { ok: false, reason: 'no worker is running' };
}

/** Hits added up; cost an evaluation as the average over all. @param alerts the primary's own count, by rule. */
export function mergedRules(all: readonly WorkerReport[], alerts: ReadonlyMap<string, number>): Rule[] {
  const merged = new Map<string, Rule>();
  for (const { rules } of all)
    for (const rule of rules) merged.set(rule.id, addedTo(merged.get(rule.id), rule));
  return [...merged.values()].map((rule) => ({ ...rule, alerts: alerts.get(rule.id) ?? 0 }));
}

function addedTo(before: Rule | undefined, rule: Rule): Rule {
  if (!before) return rule;
  const last = [before.last_match, rule.last_match].filter((t) => t !== null).sort();
  return {
    ...(before.error === null ? rule : before),
    matches: before.matches + rule.matches,
    last_match: last.at(-1) ?? null,
    cost: addedCost(before.cost, rule.cost),
  };
}

function addedCost(a: Rule['cost'], b: Rule['cost']): Rule['cost'] {
  const candidates = a.candidates + b.candidates;
  const mean = (x: number | null, y: number | null, wx: number, wy: number): number | null => {
    if (x === null || y === null) return x ?? y;
    return wx + wy === 0 ? x : (x * wx + y * wy) / (wx + wy);
  };
  return {
    candidates,
    ns_per_candidate: mean(a.ns_per_candidate, b.ns_per_candidate, a.candidates, b.candidates),
    // Workers are given connections in turn: their shares of the events are about the same.
    ns_per_event: mean(a.ns_per_event, b.ns_per_event, 1, 1),
  };
}

/** A field was seen when any worker saw it. */
export function mergedFields(all: readonly WorkerReport[]): WorkerReport['fields'] {
  const merged = new Map<string, WorkerReport['fields'][number]>();
  for (const { fields } of all)
    for (const f of fields) merged.set(f.field, { ...f, seen: f.seen || merged.get(f.field)?.seen === true });
  return [...merged.values()];
}

/** A worker that is gone, with those before it: what they counted stays, what they held does not. */
export async function departed(before: WorkerReport | null, gone: WorkerReport): Promise<WorkerReport> {
  const all = before ? [before, gone] : [gone];
  const statuses = all.map((r) => r.status);
  return {
    status: {
      ...summedStatus(statuses, gone.status),
      connections: 0,
      held_bytes: 0,
      held_chunks: 0,
      held_limit: 0,
      output_ready: true,
    },
    readiness: [],
    rules: mergedRules(all, new Map()),
    fields: mergedFields(all),
    metrics: await Metrics.departed(all.map((r) => r.metrics)),
    latency: null,
  };
}

/** The mean over the workers that acked something, and the most. */
export function mergedLatency(latencies: readonly WorkerReport['latency'][]): WorkerReport['latency'] {
  const some = latencies.filter((l) => l !== null);
  if (some.length === 0) return null;
  const mean = some.reduce((sum, l) => sum + l.mean, 0) / some.length;
  return { mean, max: Math.max(...some.map((l) => l.max)) };
}
