// `--report FILE.html`: one page, complete in itself (no network). Log values in it are attackers' values: they travel
// as JSON data and are put in as text; the page's policy lets no other script or request through.
import { createHash } from 'node:crypto';
import { fieldsOf } from '../kql/fieldsOf.js';
import type { JsonAlert } from '../stage/jsonDetection.js';
import type { ReplayTotals, RuleFindings } from './replay.js';
import { script, style } from './reportPage.js';

/** Alerts shown in full; further ones are only counted. */
const MAX_ALERTS = 2000;

export interface ReportSummary {
  readonly captures: readonly string[];
  readonly totals: ReplayTotals;
  readonly errors: number;
  readonly findings: readonly RuleFindings[];
}

interface ReportAlert {
  readonly id: string;
  readonly rule: string;
  readonly name: string;
  readonly severity: string;
  readonly time: string;
  readonly user: string;
  readonly ip: string;
  readonly path: string | null;
  readonly evidence: readonly (readonly [field: string, values: string])[];
  readonly record: unknown;
}

export class ReportCollector {
  readonly #alerts: ReportAlert[] = [];
  #more = 0;

  /** To be called while the match can be read. */
  add(alert: JsonAlert): void {
    if (this.#alerts.length >= MAX_ALERTS) {
      this.#more += 1;
      return;
    }
    const { match } = alert;
    const record = JSON.parse(alert.text) as Record<string, unknown>;
    this.#alerts.push({
      id: alert.id,
      rule: match.rule.id,
      name: match.name,
      severity: match.severity,
      time: originalTime(record),
      user: match.view.values('user.name')[0] ?? '',
      ip: match.view.values('source.ip')[0] ?? '',
      path: match.path,
      evidence: [...fieldsOf(match.rule.predicate, true)].flatMap((field) => {
        const values = match.view.values(field);
        return values.length === 0 ? [] : [[field, values.join(', ')] as const];
      }),
      record: withoutAlert(record),
    });
  }

  html(summary: ReportSummary): string {
    const { totals, errors, findings, captures } = summary;
    const rules = findings
      .filter((f) => f.matches > 0)
      .map((f) => ({
        id: f.rule.id,
        name: f.rule.name,
        severity: f.rule.severity,
        matches: f.matches,
        alerts: f.alerts,
        first: f.first,
        last: f.last,
        note: f.rule.note ?? '',
        attack: f.rule.threat.flatMap((t) => [
          `${t.tactic.id} ${t.tactic.name}`,
          ...t.technique.flatMap((q) => [
            `${q.id} ${q.name}`,
            ...q.subtechnique.map((s) => `${s.id} ${s.name}`),
          ]),
        ]),
      }));
    const data = {
      captures,
      totals,
      errors,
      silent: findings.length - rules.length,
      rules,
      more: this.#more,
    };
    const json = JSON.stringify({ ...data, alerts: this.#alerts }).replace(
      /[<>&\u2028\u2029]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; base-uri 'none'; form-action 'none'`;
    return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>fluent-detect replay</title><style>${style}</style></head>
<body><header><h1>What the rules would have found</h1><p id="captures"></p></header>
<main><dl id="totals"></dl>
<section aria-labelledby="h-time"><h2 id="h-time">Timeline</h2><div id="timeline" class="scroll"></div></section>
<section aria-labelledby="h-rules"><h2 id="h-rules">Rules that fired</h2><div class="scroll"><table><thead><tr><th>Rule</th><th>Severity</th><th>Matches</th><th>Alerts</th><th>First seen</th><th>Last seen</th><th>ATT&amp;CK</th></tr></thead><tbody id="rules"></tbody></table></div><p id="silent"></p></section>
<section aria-labelledby="h-alerts"><h2 id="h-alerts">Alerts</h2><p><label>Search <input id="search" type="search" autocomplete="off"></label> <span id="shown" role="status"></span></p><div id="alerts"></div></section></main>
<script type="application/json" id="data">${json}</script><script>${script}</script></body></html>
`;
  }
}

function originalTime(record: Record<string, unknown>): string {
  const nested = (record['kibana'] as { alert?: { original_time?: unknown } } | undefined)?.alert
    ?.original_time;
  return String(nested ?? record['kibana.alert.original_time'] ?? '');
}

function withoutAlert(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !/^kibana(\.|$)/.test(key)));
}

function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
