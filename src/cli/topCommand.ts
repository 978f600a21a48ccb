// `fluent-detect top`: the rules of a running stage by hits or cost, once or again and again.
import { EndpointError } from '../config/endpoints.js';
import type { RuleStatus } from '../stage/ruleLedger.js';
import { AdminError, type AdminFlags, adminClient } from './adminClient.js';
import type { CommandIo, ExitStatus } from './io.js';
import { table } from './table.js';

export interface TopFlags extends AdminFlags {
  readonly by: 'matches' | 'cost';
  readonly limit: number;
  /** Seconds. */
  readonly interval: number;
  readonly json?: boolean;
  readonly once?: boolean;
}

interface Status {
  readonly events_in: number;
  readonly events_out: number;
  readonly matches: number;
  readonly alerts: number;
  readonly spooled_alerts: number;
  readonly output_ready: boolean;
}

export async function topCommand(flags: TopFlags, io: CommandIo): Promise<ExitStatus> {
  try {
    const client = adminClient(flags, io);
    if (!client) return 2;
    const isLive = !flags.json && !flags.once && (io.stdout as { isTTY?: boolean }).isTTY === true;
    for (;;) {
      const [{ rules }, status] = (await Promise.all([
        client.get('/api/rules'),
        client.get('/api/status'),
      ])) as [{ rules: RuleStatus[] }, Status];
      const sorted = rules.sort(orders[flags.by]);
      const chosen = flags.limit > 0 ? sorted.slice(0, flags.limit) : sorted;
      if (flags.json) io.stdout.write(`${JSON.stringify(chosen, null, 2)}\n`);
      else io.stdout.write(isLive ? screen(status, chosen, io) : pageOf(status, chosen).join('\n'));
      if (!isLive) return 0;
      await new Promise((resolve) => setTimeout(resolve, flags.interval * 1000));
    }
  } catch (error) {
    if (!(error instanceof AdminError) && !(error instanceof EndpointError)) throw error;
    io.stderr.write(`${error.message}\n`);
    return 2;
  }
}

const byName = (a: RuleStatus, b: RuleStatus): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
const orders = {
  matches: (a: RuleStatus, b: RuleStatus) => b.matches - a.matches || byName(a, b),
  cost: (a: RuleStatus, b: RuleStatus) =>
    (b.cost.ns_per_event ?? -1) - (a.cost.ns_per_event ?? -1) || byName(a, b),
};

/** Lines: the totals, then the table; the last is ''. */
function pageOf(status: Status, rules: readonly RuleStatus[]): string[] {
  const n = (value: number): string => value.toLocaleString('en-US');
  const totals = [
    `events ${n(status.events_in)} in, ${n(status.events_out)} out`,
    `matches ${n(status.matches)}`,
    `alerts ${n(status.alerts)}`,
    `spool ${n(status.spooled_alerts)}`,
    ...(status.output_ready ? [] : ['OUTPUT AWAY']),
  ];
  const head = ['matches', 'alerts', 'candidates', 'ns/cand.', 'ns/event', 'severity', 'state', 'rule'];
  const rows = rules.map((r) => [
    r.matches,
    r.alerts,
    r.cost.candidates,
    r.cost.ns_per_candidate ?? '-',
    r.cost.ns_per_event ?? '-',
    r.severity ?? '-',
    r.state,
    r.error === null ? r.name : `${r.name}: ${r.error}`,
  ]);
  return [totals.join('  '), '', ...table(head, rows).split('\n')];
}

/** The same over the whole terminal: cut at its edges, the rest of it cleared. */
function screen(status: Status, rules: readonly RuleStatus[], io: CommandIo): string {
  const { columns = 80, rows = 24 } = io.stdout as { columns?: number; rows?: number };
  const lines = pageOf(status, rules).slice(0, rows - 1);
  return `\u001b[H${lines.map((line) => `${line.slice(0, columns)}\u001b[K`).join('\n')}\u001b[J`;
}
