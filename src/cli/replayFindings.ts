// What a replay found: as a table for a terminal, as JSON, and an alert as a row of a spreadsheet.
import type { EventInstant } from '../detect/times.js';
import { type Replay, top } from '../replay/replay.js';
import { techniquesOf } from '../rules/attack.js';
import type { JsonAlert } from '../stage/jsonDetection.js';
import { table } from './table.js';

/** The document of `--json`. */
export function findingsJson(replay: Replay, errors: number, ruleSet: string): Record<string, unknown> {
  const { totals } = replay;
  return {
    events: totals.events,
    matches: totals.matches,
    alerts: totals.alerts,
    duplicates: totals.duplicates,
    capped: totals.capped,
    suppressed: totals.suppressed,
    errors,
    unseen_fields: replay.unseenFields,
    rule_set: ruleSet,
    rules: replay.findings.map((f) => ({
      id: f.rule.id,
      name: f.rule.name,
      matches: f.matches,
      alerts: f.alerts,
      ...(f.matches === 0
        ? {}
        : {
            first: f.first,
            last: f.last,
            users: Object.fromEntries(top(f.users, 10)),
            source_ips: Object.fromEntries(top(f.addresses, 10)),
          }),
    })),
  };
}

/** The table of rules that fired, and a line with the totals. */
export function findingsTable(replay: Replay, errors: number): string {
  const { totals, findings } = replay;
  const fired = findings.filter((f) => f.matches > 0).sort((a, b) => b.matches - a.matches);
  const rows = fired.map((f) => [
    f.rule.name,
    f.rule.severity,
    f.matches,
    f.alerts,
    seconds(f.first),
    seconds(f.last),
  ]);
  const head = ['rule', 'severity', 'matches', 'alerts', 'first seen', 'last seen'];
  const who = fired
    .map((f) => [f.rule.name, names(f.users), names(f.addresses)])
    .filter(([, users, addresses]) => users !== '' || addresses !== '');
  const found = [
    rows.length === 0 ? '' : `${table(head, rows)}\n`,
    who.length === 0 ? '' : `${table(['rule', 'top users', 'top source IPs'], who)}\n`,
  ].join('');
  const held = [
    totals.duplicates > 0 ? `${totals.duplicates} repeats` : '',
    totals.capped > 0 ? `${totals.capped} over max_signals` : '',
    totals.suppressed > 0 ? `${totals.suppressed} suppressed` : '',
  ].filter((s) => s !== '');
  const heldBack = held.length > 0 ? ` (held back: ${held.join(', ')})` : '';
  const bad = errors > 0 ? `, ${errors} lines could not be read` : '';
  const sum = `${totals.events} events, ${totals.matches} matches, ${totals.alerts} alerts${heldBack}${bad}`;
  return `${found}${sum}${unseen(replay.unseenFields)}`;
}

/** ISO 8601 to the second. */
function seconds(iso: string | null): string {
  return iso === null ? '' : `${iso.slice(0, 19)}Z`;
}

function names(counts: ReadonlyMap<string, number>): string {
  return top(counts, 3)
    .map(([name, n]) => (n === 1 ? name : `${name} (${n})`))
    .join(', ');
}

export const csvHead = csvRow([
  'time',
  'rule_id',
  'rule_name',
  'severity',
  'risk_score',
  'tactics',
  'techniques',
  'user_name',
  'source_ip',
  'event_action',
  'event_outcome',
  'event_id',
  'tag',
  'record',
  'alert_id',
]);

/** An alert as one line of `--csv`. To be called while the match can be read. */
export function csvAlert(alert: JsonAlert, time: EventInstant): string {
  const { match } = alert;
  const field = (name: string): string => match.view.values(name).join(' ');
  return csvRow([
    time.iso,
    match.rule.id,
    match.name,
    match.severity,
    String(match.riskScore),
    match.rule.threat.map((t) => t.tactic.id).join(' '),
    techniquesOf(match.rule)
      .map((t) => t.id)
      .join(' '),
    field('user.name'),
    field('source.ip'),
    field('event.action'),
    field('event.outcome'),
    field('event.id'),
    alert.tag,
    match.path ?? '',
    alert.id,
  ]);
}

/** RFC 4180. A value that a spreadsheet would run as a formula gets an apostrophe before it. */
function csvRow(values: readonly string[]): string {
  return values
    .map((value) => (/^[=+\-@\t\r]/.test(value) ? `'${value}` : value))
    .map((value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value))
    .join(',');
}

/** How many fields a table names; `--json` lists all. */
const MAX_UNSEEN = 10;

/** What keeps rules from firing: fields that they read and no event had. */
function unseen(fields: readonly string[]): string {
  if (fields.length === 0) return '';
  const more =
    fields.length > MAX_UNSEEN ? ` and ${fields.length - MAX_UNSEEN} more (--json lists them)` : '';
  return `\nfields that rules read and no event had: ${fields.slice(0, MAX_UNSEEN).join(', ')}${more}`;
}
