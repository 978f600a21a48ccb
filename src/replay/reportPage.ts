// The style and the script of the replay report. Values are only ever put in by textContent.

export const style = `
:root { color-scheme: light dark; --edge: light-dark(#d0d7de, #30363d); --soft: light-dark(#57606a, #8b949e); }
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1rem; }
h1 { font-size: 1.3rem; margin-bottom: .2rem; } h2 { font-size: 1.05rem; margin-top: 2rem; } header p { color: var(--soft); margin: 0 0 1rem; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: .75rem; margin: 0; }
dl div { border: 1px solid var(--edge); border-radius: 6px; padding: .5rem .75rem; }
dt { color: var(--soft); font-size: .8rem; } dd { margin: 0; font-size: 1.3rem; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--edge); vertical-align: top; }
details { border: 1px solid var(--edge); border-radius: 6px; margin: .5rem 0; padding: .4rem .75rem; }
summary { cursor: pointer; } summary span { margin-right: .9rem; } pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85rem; }
.low { color: light-dark(#1a7f37, #57ab5a); } .medium { color: light-dark(#9a6700, #d29922); }
.high { color: light-dark(#bc4c00, #e0823d); } .critical { color: light-dark(#cf222e, #f47067); }
rect { fill: light-dark(#0969da, #4493f8); } text { fill: var(--soft); font-size: 11px; }
input { font: inherit; padding: .2rem .4rem; }
@media print { details { break-inside: avoid; } input, label { display: none; } }
`;

export const script = `
const data = JSON.parse(document.getElementById('data').textContent);
const $ = (id) => document.getElementById(id);
const make = (name, text, kind) => { const e = document.createElement(name); if (text !== undefined) e.textContent = text; if (kind) e.className = kind; return e; };
$('captures').textContent = data.captures.join(', ');
for (const [name, value] of [['Events', data.totals.events], ['Matches', data.totals.matches], ['Alerts', data.totals.alerts], ['Repeats held back', data.totals.duplicates], ['Over max_signals', data.totals.capped], ['Unreadable lines', data.errors]]) {
  const box = make('div'); box.append(make('dt', name), make('dd', value.toLocaleString())); $('totals').append(box);
}
for (const r of data.rules) {
  const row = $('rules').insertRow();
  for (const [text, kind] of [[r.name], [r.severity, r.severity], [String(r.matches)], [String(r.alerts)], [r.first], [r.last], [r.attack.join(', ')]]) row.append(make('td', text, kind));
}
$('silent').textContent = data.silent + ' other rules in force matched nothing.';
const times = data.alerts.map((a) => Date.parse(a.time)).filter((t) => !Number.isNaN(t));
if (times.length > 0) {
  const from = times.reduce((a, b) => Math.min(a, b)), to = times.reduce((a, b) => Math.max(a, b)), n = 60, wide = Math.max(1, to - from);
  const counts = new Array(n).fill(0);
  for (const t of times) counts[Math.min(n - 1, Math.floor(((t - from) / wide) * n))]++;
  const most = Math.max(...counts), ns = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(ns, 'svg');
  svg.setAttribute('viewBox', '0 0 720 120'); svg.setAttribute('width', '720'); svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', times.length + ' alerts from ' + new Date(from).toISOString() + ' to ' + new Date(to).toISOString());
  counts.forEach((c, i) => { if (!c) return; const r = document.createElementNS(ns, 'rect'); const h = Math.max(3, (c / most) * 90); r.setAttribute('x', i * 12); r.setAttribute('y', 95 - h); r.setAttribute('width', 10); r.setAttribute('height', h); svg.append(r); });
  for (const [x, t, anchor] of [[0, from, 'start'], [720, to, 'end']]) { const l = document.createElementNS(ns, 'text'); l.setAttribute('x', x); l.setAttribute('y', 114); l.setAttribute('text-anchor', anchor); l.textContent = new Date(t).toISOString(); svg.append(l); }
  $('timeline').append(svg);
} else $('timeline').textContent = 'No alert.';
const notes = Object.fromEntries(data.rules.map((r) => [r.id, r.note]));
const cards = data.alerts.map((a) => {
  const card = make('details'), head = make('summary');
  head.append(make('span', a.time), make('span', a.severity, a.severity), make('span', a.name), make('span', a.user), make('span', a.ip), make('span', a.path || ''));
  card.append(head);
  card.addEventListener('toggle', () => {
    if (!card.open || card.childElementCount > 1) return;
    card.append(make('h3', 'Why it matched'));
    const t = make('table'); for (const [f, v] of a.evidence) { const row = t.insertRow(); row.append(make('td', f), make('td', v)); } card.append(t);
    card.append(make('h3', 'Event'), make('pre', JSON.stringify(a.record, null, 2)));
    if (notes[a.rule]) card.append(make('h3', 'Investigation guide'), make('pre', notes[a.rule]));
  });
  $('alerts').append(card);
  return [card, JSON.stringify(a).toLowerCase()];
});
const show = () => {
  const words = $('search').value.toLowerCase().split(/\\s+/).filter(Boolean); let n = 0;
  for (const [card, text] of cards) { card.hidden = !words.every((w) => text.includes(w)); if (!card.hidden) n++; }
  $('shown').textContent = n + ' of ' + (cards.length + data.more) + ' alerts' + (data.more ? ' (' + data.more + ' are not in this page)' : '');
};
$('search').addEventListener('input', show); show();
`;
