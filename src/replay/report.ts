// `--report FILE.html`: one page, complete in itself (no network). Log values in it are attackers' values: they travel
// as JSON data and are put in as text; the page's policy lets no other script or request through.
import { createHash } from 'node:crypto';
import type { EventInstant } from '../detect/times.js';
import { pairsAt, pastBlanks, withoutKeys } from '../msgpack/jsonText.js';
import { techniquesOf } from '../rules/attack.js';
import type { JsonAlert } from '../stage/jsonDetection.js';
import { evidenceOf, type FieldEvidence } from './evidence.js';
import { type ReplayTotals, type RuleFindings, top } from './replay.js';
import { reportScript } from './reportScript.js';
import { reportStyle } from './reportStyle.js';

/** Alerts shown in full, and characters of records over all of them; further alerts are only counted. */
const MAX_ALERTS = 2000;
const MAX_CHARACTERS = 64 * 1024 * 1024;

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
  /** `FILE:LINE`. */
  readonly place: string;
  readonly evidence: readonly FieldEvidence[];
  /** JSON text: numbers stay what they were. */
  readonly record: string;
}

export class ReportCollector {
  readonly #alerts: ReportAlert[] = [];
  #characters = 0;
  #more = 0;

  /** To be called while the match can be read. */
  add({ id, match, text }: JsonAlert, time: EventInstant, place: string): void {
    if (this.#alerts.length >= MAX_ALERTS || this.#characters + text.length > MAX_CHARACTERS) {
      this.#more += 1;
      return;
    }
    this.#characters += text.length;
    this.#alerts.push({
      id,
      rule: match.rule.id,
      name: match.name,
      severity: match.severity,
      time: time.iso,
      user: match.view.values('user.name')[0] ?? '',
      ip: match.view.values('source.ip')[0] ?? '',
      path: match.path,
      place,
      evidence: evidenceOf(match),
      record: withoutAlert(text),
    });
  }

  html(summary: ReportSummary): string {
    const { totals, errors, findings, captures } = summary;
    const fired = findings.filter((f) => f.matches > 0).sort((a, b) => b.matches - a.matches);
    const rules = fired.map(({ rule, matches, alerts, first, last, users, addresses }) => ({
      id: rule.id,
      name: rule.name,
      severity: rule.severity,
      matches,
      alerts,
      first,
      last,
      users: top(users, 3),
      addresses: top(addresses, 3),
      note: rule.note ?? '',
      references: rule.references,
      attack: techniquesOf(rule).map((t) => ({
        id: t.id,
        name: t.name,
        tactic: t.tactic.id,
        tacticName: t.tactic.name,
      })),
    }));
    const silent = findings.length - rules.length;
    const alerts = [...this.#alerts].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
    const json = JSON.stringify({
      captures,
      totals,
      errors,
      silent,
      rules,
      more: this.#more,
      alerts,
    }).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
    return page(json);
  }
}

function page(json: string): string {
  const policy = `default-src 'none'; script-src ${hash(reportScript)}; style-src ${hash(reportStyle)}; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'`;
  const head = [
    'Rule',
    'Severity',
    'Matches',
    'Alerts',
    'First seen',
    'Last seen',
    'Top users',
    'Top source IPs',
  ]
    .map((name) => `<th scope="col"${/^(Matches|Alerts)$/.test(name) ? ' class="n"' : ''}>${name}</th>`)
    .join('');
  const options = ['critical', 'high', 'medium', 'low'].map((s) => `<option>${s}</option>`).join('');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer"><title>fluent-detect replay</title><style>${reportStyle}</style></head>
<body><header><h1>What the rules would have found</h1><p id="captures"></p><button type="button" class="theme" id="theme">Theme: system</button></header>
<main><dl class="tiles" id="totals"></dl>
<section aria-labelledby="h-time"><h2 id="h-time">Alerts over time (UTC)</h2><div id="timeline" class="scroll"></div></section>
<section aria-labelledby="h-attack"><h2 id="h-attack">MITRE ATT&amp;CK</h2><div id="attack" class="attack"></div></section>
<section aria-labelledby="h-rules"><h2 id="h-rules">Rules that fired</h2><div class="scroll"><table><thead><tr>${head}</tr></thead><tbody id="rules"></tbody></table></div><p id="silent" class="quiet"></p></section>
<section aria-labelledby="h-alerts"><h2 id="h-alerts">Alerts</h2>
<div class="filters"><label>Search <input id="search" type="search" autocomplete="off" spellcheck="false"></label><label>Severity <select id="severity"><option value="">any</option>${options}</select></label><label>Rule <select id="rule"><option value="">any</option></select></label><button type="button" id="clear" hidden>Clear filters</button></div>
<p id="shown" role="status"></p><div id="alerts"></div>
<p class="quiet keys"><kbd>/</kbd> search, <kbd>j</kbd> <kbd>k</kbd> next and previous alert, <kbd>Enter</kbd> opens it, <kbd>Esc</kbd> clears the filters</p></section></main>
<script type="application/json" id="data">${json}</script><script>${reportScript}</script></body></html>
`;
}

/** The alert's record without what is Kibana's: the event, and what is added to it inline. */
function withoutAlert(text: string): string {
  const { pairs } = pairsAt(text, pastBlanks(text, 0));
  return withoutKeys(
    text,
    pairs.map((p) => p.key).filter((key) => /^kibana(\.|$)/.test(key)),
  );
}

function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
