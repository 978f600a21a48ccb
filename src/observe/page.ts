// The page at `/`: throughput, rules and the latest alerts, read from the JSON beside it. Values from logs are put in
// as text, never as markup, and the policy lets nothing in from elsewhere.
import { createHash } from 'node:crypto';

const style = `
:root { color-scheme: light dark; --edge: light-dark(#d0d7de, #30363d); --soft: light-dark(#57606a, #8b949e); }
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1rem; }
h1 { font-size: 1.25rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin: 0; }
dl div { border: 1px solid var(--edge); border-radius: 6px; padding: .5rem .75rem; }
dt { color: var(--soft); font-size: .8rem; } dd { margin: 0; font-size: 1.2rem; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--edge); vertical-align: top; }
.low { color: light-dark(#1a7f37, #57ab5a); } .medium { color: light-dark(#9a6700, #d29922); }
.high { color: light-dark(#bc4c00, #e0823d); } .critical { color: light-dark(#cf222e, #f47067); }
`;

const script = `
const $ = (id) => document.getElementById(id);
const cell = (row, text, kind) => { const td = row.insertCell(); td.textContent = text; if (kind) td.className = kind; };
let last = null;
async function get(path) { const r = await fetch(path); if (!r.ok) throw new Error(path + ': ' + r.status); return r.json(); }
async function refresh() {
  try {
    const [status, rules, alerts] = await Promise.all([get('api/status'), get('api/rules'), get('api/alerts?limit=1000')]);
    const now = Date.now();
    const rate = last ? Math.round((status.events_in - last.n) / ((now - last.at) / 1000)) : 0;
    last = { n: status.events_in, at: now };
    $('in').textContent = status.events_in.toLocaleString();
    $('out').textContent = status.events_out.toLocaleString();
    $('rate').textContent = rate.toLocaleString();
    $('connections').textContent = status.connections;
    $('spool').textContent = status.spooled_alerts.toLocaleString();
    $('held').textContent = Math.round(status.held_bytes / 1024).toLocaleString() + ' KiB';
    const body = $('alerts'); body.replaceChildren();
    for (const a of alerts.alerts.slice(-100).reverse()) {
      const row = body.insertRow();
      cell(row, a.time); cell(row, a.severity, a.severity); cell(row, a.rule); cell(row, a.user); cell(row, a.source_ip); cell(row, a.attack.join(' '));
    }
    $('none').hidden = alerts.alerts.length > 0;
    const list = $('rules'); list.replaceChildren();
    for (const r of rules.rules.sort((a, b) => b.matches - a.matches).slice(0, 200)) {
      const row = list.insertRow();
      cell(row, r.name); cell(row, r.severity, r.severity); cell(row, String(r.matches)); cell(row, r.id);
    }
    $('state').textContent = '';
  } catch (error) { $('state').textContent = 'The stage does not answer: ' + error.message; }
}
refresh(); setInterval(refresh, 2000);
`;

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src ${hash(style)}`,
  `script-src ${hash(script)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>fluent-detect</title>
<style>${style}</style>
</head>
<body>
<h1>fluent-detect</h1>
<p id="state" role="status"></p>
<dl>
<div><dt>Events in</dt><dd id="in">–</dd></div>
<div><dt>Events out</dt><dd id="out">–</dd></div>
<div><dt>Events a second</dt><dd id="rate">–</dd></div>
<div><dt>Connections</dt><dd id="connections">–</dd></div>
<div><dt>Alerts spooled</dt><dd id="spool">–</dd></div>
<div><dt>Held, not acked</dt><dd id="held">–</dd></div>
</dl>
<h2>Alerts</h2>
<p id="none">No alert since the stage started.</p>
<div class="scroll"><table aria-label="Alerts">
<thead><tr><th>Time</th><th>Severity</th><th>Rule</th><th>User</th><th>Source IP</th><th>ATT&amp;CK</th></tr></thead>
<tbody id="alerts"></tbody>
</table></div>
<h2>Rules</h2>
<div class="scroll"><table aria-label="Rules">
<thead><tr><th>Name</th><th>Severity</th><th>Matches</th><th>Id</th></tr></thead>
<tbody id="rules"></tbody>
</table></div>
<script>${script}</script>
</body>
</html>
`;
