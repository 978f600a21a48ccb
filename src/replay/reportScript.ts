// The script of the replay report. Log values are attackers' values: they are only ever put in as text. Nothing is
// asked of any network.

export const reportScript = String.raw`
const data = JSON.parse(document.getElementById('data').textContent);
const $ = (id) => document.getElementById(id);
// Characters that turn text around or cannot be seen are shown by their number.
const clean = (text) => String(text).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
const make = (name, text, kind) => { const e = document.createElement(name); if (text !== undefined && text !== null) e.textContent = clean(text); if (kind) e.className = kind; return e; };
const ns = 'http://www.w3.org/2000/svg';
const draw = (name, attributes, text) => { const e = document.createElementNS(ns, name); for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v); if (text !== undefined) e.textContent = text; return e; };
const number = (n) => n.toLocaleString('en-US');
const when = (iso) => String(iso).slice(0, 19).replace('T', ' ');
const severities = ['critical', 'high', 'medium', 'low'];
const rules = new Map(data.rules.map((r) => [r.id, r]));
const state = { search: '', severity: '', rule: '', technique: '', bucket: null };

$('captures').textContent = clean(data.captures.join(', '));
for (const [name, value] of [['Events', data.totals.events], ['Matches', data.totals.matches], ['Alerts', data.totals.alerts], ['Repeats held back', data.totals.duplicates], ['Over max_signals', data.totals.capped], ['Suppressed', data.totals.suppressed], ['Unreadable lines', data.errors]]) {
  if (value === 0 && !['Events', 'Matches', 'Alerts'].includes(name)) continue;
  const box = make('div'); box.append(make('dt', name), make('dd', number(value))); $('totals').append(box);
}

// The timeline: alerts over time, stacked by severity.
const times = data.alerts.map((a) => Date.parse(a.time));
const known = times.filter((t) => !Number.isNaN(t));
const from = known.reduce((a, b) => Math.min(a, b), Infinity), to = known.reduce((a, b) => Math.max(a, b), -Infinity);
const steps = [1e3, 5e3, 15e3, 6e4, 3e5, 9e5, 36e5, 108e5, 216e5, 864e5, 6048e5, 2592e6, 7776e6, 31536e6];
const step = steps.find((s) => (to - from) / s < 60) ?? Math.max(1, (to - from) / 59);
const first = Math.floor(from / step) * step;
const bucketOf = (i) => (Number.isNaN(times[i]) ? -1 : Math.floor((times[i] - first) / step));
if (known.length > 0) {
  const n = Math.floor((to - first) / step) + 1, wide = 900 / Math.max(n, 8);
  const counts = Array.from({ length: n }, () => ({ critical: 0, high: 0, medium: 0, low: 0, all: 0 }));
  data.alerts.forEach((a, i) => { const b = counts[bucketOf(i)]; if (b) { b[a.severity] += 1; b.all += 1; } });
  const most = counts.reduce((m, c) => Math.max(m, c.all), 1);
  const svg = draw('svg', { viewBox: '0 0 960 170', class: 'timeline', role: 'group', 'aria-label': number(known.length) + ' alerts from ' + when(new Date(from).toISOString()) + ' to ' + when(new Date(to).toISOString()) + ' UTC' });
  for (const part of [0, 0.5, 1]) {
    const y = 135 - part * 115, value = Math.round(most * part);
    if (part === 0.5 && most < 2) continue;
    svg.append(draw('line', { x1: 40, x2: 945, y1: y, y2: y }), draw('text', { x: 34, y: y + 4, 'text-anchor': 'end' }, number(value)));
  }
  counts.forEach((c, i) => {
    if (c.all === 0) return;
    const x = 42 + i * wide, start = new Date(first + i * step).toISOString();
    const g = draw('g', { tabindex: 0, role: 'button', 'aria-pressed': 'false', 'aria-label': number(c.all) + ' alerts from ' + when(start) + ' UTC' });
    g.append(draw('title', {}, when(start) + ' UTC: ' + number(c.all) + (c.all === 1 ? ' alert' : ' alerts')), draw('rect', { class: 'hit', x, y: 12, width: wide, height: 125 }));
    let y = 135;
    for (const s of [...severities].reverse()) {
      if (c[s] === 0) continue;
      const h = Math.max(2, (c[s] / most) * 115); y -= h;
      g.append(draw('rect', { class: s, x: x + wide * 0.08, y, width: Math.min(wide * 0.84, 40), height: h }));
    }
    const pick = () => { state.bucket = state.bucket === i ? null : i; show(); };
    g.addEventListener('click', pick);
    g.addEventListener('keydown', (e) => { if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); pick(); } });
    g.bucket = i; svg.append(g);
  });
  const labels = Math.min(n, 6);
  const day = step >= 864e5;
  for (let k = 0; k < labels; k++) {
    const i = labels === 1 ? 0 : Math.round((k * (n - 1)) / (labels - 1)), iso = when(new Date(first + i * step).toISOString());
    const sameDay = when(new Date(from).toISOString()).slice(0, 10) === when(new Date(to).toISOString()).slice(0, 10);
    svg.append(draw('text', { x: 42 + i * wide, y: 154, 'text-anchor': k === 0 ? 'start' : k === labels - 1 && n > 8 ? 'end' : 'middle' }, day ? iso.slice(0, 10) : sameDay && k > 0 ? iso.slice(11, step < 6e4 ? 19 : 16) : iso.slice(0, 16)));
  }
  $('timeline').append(svg);
} else $('timeline').append(make('p', 'No alert.', 'quiet'));

// ATT&CK: tactics with the techniques of the rules that fired.
const tactics = new Map();
for (const r of data.rules) for (const t of r.attack) {
  const tactic = tactics.get(t.tactic) ?? { name: t.tacticName, techniques: new Map() };
  tactics.set(t.tactic, tactic);
  const known = tactic.techniques.get(t.id) ?? { name: t.name, matches: 0 };
  known.matches += r.matches; tactic.techniques.set(t.id, known);
}
const chips = [];
for (const [id, tactic] of [...tactics].sort()) {
  const box = make('section'); box.append(make('h3', id + ' ' + tactic.name));
  for (const [technique, t] of [...tactic.techniques].sort()) {
    const chip = make('button'); chip.type = 'button'; chip.append(make('span', technique + ' ' + t.name), make('span', number(t.matches)));
    chip.technique = technique; chip.setAttribute('aria-pressed', 'false');
    chip.addEventListener('click', () => { state.technique = state.technique === technique ? '' : technique; show(); });
    chips.push(chip); box.append(chip);
  }
  $('attack').append(box);
}
if (tactics.size === 0) $('attack').append(make('p', 'No rule that fired names a technique.', 'quiet'));

const list = (pairs) => { const ul = make('ul'); for (const [name, n] of pairs) ul.append(make('li', n > 1 ? name + ' (' + number(n) + ')' : name)); return ul; };
for (const r of data.rules) {
  const row = $('rules').insertRow();
  const name = make('button', r.name); name.type = 'button';
  name.addEventListener('click', () => { $('rule').value = state.rule = state.rule === r.id ? '' : r.id; show(); $('h-alerts').scrollIntoView(); });
  const cell = (content, kind) => { const td = row.insertCell(); if (kind) td.className = kind; td.append(content); };
  cell(name); cell(make('span', r.severity, 'badge ' + r.severity)); cell(number(r.matches), 'n'); cell(number(r.alerts), 'n');
  cell(when(r.first), 't'); cell(when(r.last), 't'); cell(list(r.users)); cell(list(r.addresses));
  const option = make('option', r.name); option.value = r.id; $('rule').append(option);
}
$('silent').textContent = data.silent === 0 ? '' : number(data.silent) + (data.silent === 1 ? ' other rule' : ' other rules') + ' in force matched nothing.';

// JSON text laid out, its numbers and strings as they stand.
const laidOut = (text) => {
  let out = '', depth = 0;
  const line = () => '\n' + '  '.repeat(depth);
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '"') { let j = i + 1; while (j < text.length && text[j] !== '"') j += text[j] === '\\' ? 2 : 1; out += text.slice(i, j + 1); i = j; }
    else if (c === '{' || c === '[') { const close = c === '{' ? '}' : ']'; let j = i + 1; while (' \t'.includes(text[j])) j++; if (text[j] === close) { out += c + close; i = j; } else { depth++; out += c + line(); } }
    else if (c === '}' || c === ']') { depth--; out += line() + c; }
    else if (c === ',') out += c + line();
    else if (c === ':') out += ': ';
    else if (c !== ' ' && c !== '\t') out += c;
  }
  return out;
};

// A rule's guide: headings, lists, paragraphs, code and https links of markdown; all else is text.
const inline = (into, text) => {
  const token = /\x60([^\x60]+)\x60|\*\*([^*]+)\*\*|\[([^\]]+)\]\((https:\/\/[^\s)]+)\)/g;
  let at = 0;
  for (const m of text.matchAll(token)) {
    into.append(clean(text.slice(at, m.index)));
    if (m[1] !== undefined) into.append(make('code', m[1]));
    else if (m[2] !== undefined) into.append(make('strong', m[2]));
    else into.append(link(m[4], m[3]));
    at = m.index + m[0].length;
  }
  into.append(clean(text.slice(at)));
  return into;
};
const link = (url, text) => { const a = make('a', text); a.href = url; a.rel = 'noopener noreferrer'; a.target = '_blank'; return a; };
const guide = (text) => {
  const box = make('div', undefined, 'guide');
  let items = null, paragraph = [], code = null, item = null;
  const flush = () => { if (paragraph.length > 0) box.append(inline(make('p'), paragraph.join(' '))); paragraph = []; items = null; item = null; };
  for (const raw of text.split(/\r?\n/)) {
    if (/^\s*\x60\x60\x60/.test(raw)) { if (code) { box.append(make('pre', code.join('\n'))); code = null; } else { flush(); code = []; } continue; }
    if (code) { code.push(raw); continue; }
    const heading = /^(#{1,6})\s+(.*)$/.exec(raw), bullet = /^\s*(?:[-*+]|(\d+)\.)\s+(.*)$/.exec(raw);
    if (heading) { flush(); box.append(inline(make('h4'), heading[2])); }
    else if (bullet) {
      if (paragraph.length > 0) flush();
      if (!items) { items = make(bullet[1] === undefined ? 'ul' : 'ol'); box.append(items); }
      item = make('li'); item.words = bullet[2]; inline(item, item.words); items.append(item);
    } else if (raw.trim() === '') { if (!items) flush(); else item = null; }
    else if (item) { item.words += ' ' + raw.trim(); item.replaceChildren(); inline(item, item.words); }
    else { if (items) flush(); paragraph.push(raw.trim()); }
  }
  if (code) box.append(make('pre', code.join('\n')));
  flush();
  return box;
};

const fill = (card, a) => {
  if (card.childElementCount > 1) return;
  const inside = make('div', undefined, 'inside'), rule = rules.get(a.rule);
  const line = [a.place, a.path ? 'record ' + a.path : ''].filter(Boolean).join(' · ');
  inside.append(make('p', line, 'quiet'), make('h3', 'Why it matched'));
  const scroll = make('div', undefined, 'scroll'), t = make('table'), head = t.createTHead().insertRow(), body = t.createTBody();
  for (const name of ['Field', 'Value', 'Condition']) head.append(make('th', name));
  for (const e of a.evidence) {
    const row = body.insertRow();
    row.insertCell().append(clean(e.field)); row.insertCell().append(clean(e.values.join(', ')));
    row.insertCell().append(e.condition === null ? make('span', 'context', 'quiet') : make('code', e.condition));
  }
  scroll.append(t); inside.append(scroll, make('h3', 'Event'));
  const copy = make('button', 'Copy'); copy.type = 'button';
  copy.addEventListener('click', () => navigator.clipboard?.writeText(a.record).then(() => { copy.textContent = 'Copied'; }, () => { copy.textContent = 'Select and copy by hand'; }));
  inside.append(copy, make('pre', laidOut(a.record)));
  if (rule && rule.note) inside.append(make('h3', 'Investigation guide'), guide(rule.note));
  const references = rule ? rule.references.filter((r) => /^https:\/\//.test(r)) : [];
  if (references.length > 0) { const ul = make('ul'); for (const r of references) { const li = make('li'); li.append(link(r, r)); ul.append(li); } inside.append(make('h3', 'References'), ul); }
  inside.append(make('p', 'Alert ' + a.id, 'quiet'));
  card.append(inside);
};
const cards = data.alerts.map((a, i) => {
  const card = make('details', undefined, 'alert'), head = make('summary');
  head.append(make('span', when(a.time), 'when'), make('span', a.severity, 'badge ' + a.severity), make('span', a.name, 'name'), make('span', a.user, 'who'), make('span', a.ip, 'ip'));
  card.append(head); card.addEventListener('toggle', () => { if (card.open) fill(card, a); });
  $('alerts').append(card);
  const techniques = (rules.get(a.rule)?.attack ?? []).map((t) => t.id);
  return { card, alert: a, bucket: bucketOf(i), techniques, text: null };
});
const textOf = (c) => (c.text ??= [c.alert.name, c.alert.severity, c.alert.time, c.alert.user, c.alert.ip, c.alert.place, ...c.techniques, c.alert.evidence.map((e) => e.field + ' ' + e.values.join(' ')).join(' '), c.alert.record].join(' ').toLowerCase());
const show = () => {
  const words = state.search.toLowerCase().split(/\s+/).filter(Boolean); let n = 0;
  for (const c of cards) {
    const fits = (!state.severity || c.alert.severity === state.severity) && (!state.rule || c.alert.rule === state.rule) && (!state.technique || c.techniques.includes(state.technique)) && (state.bucket === null || c.bucket === state.bucket) && words.every((w) => textOf(c).includes(w));
    c.card.hidden = !fits; if (fits) n++;
  }
  for (const chip of chips) chip.setAttribute('aria-pressed', String(chip.technique === state.technique));
  for (const g of document.querySelectorAll('.timeline g')) g.setAttribute('aria-pressed', String(g.bucket === state.bucket));
  $('shown').textContent = number(n) + ' of ' + number(cards.length) + ' alerts' + (data.more ? '; ' + number(data.more) + ' further ones are counted above and not in this page' : '');
  $('clear').hidden = !(state.search || state.severity || state.rule || state.technique || state.bucket !== null);
};
for (const name of ['search', 'severity', 'rule']) $(name).addEventListener('input', () => { state[name] = $(name).value; show(); });
const clear = () => { Object.assign(state, { search: '', severity: '', rule: '', technique: '', bucket: null }); for (const name of ['search', 'severity', 'rule']) $(name).value = ''; show(); };
$('clear').addEventListener('click', clear);
const themes = ['light dark', 'light', 'dark'], names = ['Theme: system', 'Theme: light', 'Theme: dark']; let theme = 0;
$('theme').addEventListener('click', () => { theme = (theme + 1) % 3; document.documentElement.style.colorScheme = themes[theme]; $('theme').textContent = names[theme]; });
document.addEventListener('keydown', (e) => {
  const typing = /^(INPUT|SELECT)$/.test(document.activeElement?.tagName ?? '');
  if (e.key === 'Escape') { if (typing) document.activeElement.blur(); else clear(); return; }
  if (typing || e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.key === '/') { e.preventDefault(); $('search').focus(); }
  if (e.key === 'j' || e.key === 'k') {
    const heads = cards.filter((c) => !c.card.hidden).map((c) => c.card.firstElementChild), at = heads.indexOf(document.activeElement);
    heads[e.key === 'j' ? Math.min(at + 1, heads.length - 1) : Math.max(at - 1, 0)]?.focus();
  }
});
addEventListener('beforeprint', () => { for (const c of cards.filter((x) => !x.card.hidden).slice(0, 200)) { fill(c.card, c.alert); c.card.open = true; } });
show();
`;
