// The alerts as they come, searched and filtered; and one of them in full.
import { get } from './api.js';
import { byId, chips, clock, count, make, severityClass } from './dom.js';
import { guideOf } from './guide.js';

/** @typedef {import('./api.js').Alert} Alert */
/** @typedef {import('./api.js').WholeAlert} WholeAlert */

const KEPT = 500;
const severities = ['low', 'medium', 'high', 'critical'];
const list = byId('alert-list');
const search = /** @type {HTMLInputElement} */ (byId('alert-search'));
const severity = /** @type {HTMLSelectElement} */ (byId('alert-severity'));
const pause = byId('alert-pause');
const dialog = /** @type {HTMLDialogElement} */ (byId('detail'));

/** The latest first. @type {{ alert: Alert, text: string, row: HTMLLIElement }[]} */
const alerts = [];
/** Came while paused, the latest last. @type {Alert[]} */
const waiting = [];
let paused = false;

/**
 * @param {Alert} alert
 * @param {boolean} isNew
 */
export function addAlert(alert, isNew) {
  if (paused) {
    waiting.push(alert);
    if (waiting.length > KEPT) waiting.shift();
    pause.textContent = `Resume (${waiting.length} new)`;
    return;
  }
  const row = make('li', { class: isNew ? 'new' : null }, rowOf(alert));
  // Once: not again whenever the view is shown.
  row.addEventListener('animationend', () => row.classList.remove('new'));
  const text = [
    alert.rule,
    alert.rule_id,
    alert.user,
    alert.source_ip,
    alert.severity,
    alert.tag,
    alert.reason,
    ...alert.attack,
  ];
  alerts.unshift({ alert, text: text.join('\n').toLowerCase(), row });
  list.prepend(row);
  for (const { row: old } of alerts.splice(KEPT)) old.remove();
  filterRow(/** @type {(typeof alerts)[0]} */ (alerts[0]));
  told();
}

/** @param {Alert} alert */
function rowOf(alert) {
  const kind = severityClass(alert.severity);
  const from = [alert.user, alert.source_ip].filter(Boolean).join('  ·  ');
  return make(
    'button',
    { type: 'button', class: kind, 'data-seq': alert.seq, onclick: () => void open(alert.seq) },
    make('span', { class: 'severity' }, alert.severity),
    make('span', { class: 'name' }, alert.rule),
    make('time', { class: 'when', datetime: alert.time }, clock(alert.time)),
    make('span', { class: 'who' }, from || alert.tag),
    make('span', { class: 'ids' }, ...chips(alert.attack)),
  );
}

/** @param {(typeof alerts)[0]} entry */
function filterRow({ alert, text, row }) {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const least = severities.indexOf(severity.value);
  row.hidden = severities.indexOf(alert.severity) < least || !words.every((word) => text.includes(word));
}

function filterAll() {
  for (const entry of alerts) filterRow(entry);
  told();
}

function told() {
  const shown = alerts.filter((a) => !a.row.hidden).length;
  byId('alert-empty').hidden = alerts.length > 0;
  byId('alert-shown').textContent =
    shown === alerts.length ? '' : `${count(shown)} of ${count(alerts.length)} shown`;
}

search.addEventListener('input', filterAll);
severity.addEventListener('change', filterAll);
pause.addEventListener('click', () => {
  paused = !paused;
  pause.setAttribute('aria-pressed', String(paused));
  pause.textContent = paused ? 'Resume' : 'Pause';
  if (!paused) for (const alert of waiting.splice(0)) addAlert(alert, true);
});

/** Up and down move over the alerts that are shown. */
list.addEventListener('keydown', (event) => {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  const shown = alerts.filter((a) => !a.row.hidden).map((a) => a.row.querySelector('button'));
  const at = shown.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
  const next = shown[at + (event.key === 'ArrowDown' ? 1 : -1)];
  if (!next) return;
  event.preventDefault();
  next.focus();
});

/** @param {number} seq */
async function open(seq) {
  /** @type {Node[]} */
  let content;
  try {
    const alert = /** @type {WholeAlert} */ (await get(`api/alerts/${seq}`));
    dialog.className = severityClass(alert.severity);
    content = whole(alert);
  } catch (error) {
    dialog.className = '';
    content = [
      bar('This alert cannot be shown', ''),
      make('p', { class: 'inside' }, /** @type {Error} */ (error).message),
    ];
  }
  dialog.replaceChildren(...content);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

/**
 * @param {string} title
 * @param {string} severityName
 */
function bar(title, severityName) {
  return make(
    'div',
    { class: 'bar' },
    make(
      'div',
      {},
      make('h2', { id: 'detail-title' }, title),
      make('span', { class: 'severity' }, severityName),
    ),
    make('button', { type: 'button', autofocus: true, onclick: () => dialog.close() }, 'Close'),
  );
}
dialog.addEventListener('click', (event) => {
  if (event.target === dialog) dialog.close();
});

/** @param {WholeAlert} alert */
function whole(alert) {
  const { kibana: _alert, ...event } = /** @type {Record<string, unknown>} */ (alert.record);
  const eventOnly = Object.fromEntries(Object.entries(event).filter(([key]) => !key.startsWith('kibana.')));
  /** @type {[string, string | Node][]} */
  const facts = [
    ['Event time', new Date(alert.time).toLocaleString()],
    ['User', alert.user || '–'],
    ['Source address', alert.source_ip || '–'],
    ['Risk score', String(alert.risk_score)],
    ['ATT&CK', make('span', {}, ...chips(alert.attack))],
    ['Tag', alert.tag],
    ['Rule', alert.rule_id],
    ['Alert', alert.id],
  ];
  const text = JSON.stringify(eventOnly, null, 2);
  const copy = make('button', { type: 'button', onclick: () => void copied(text, copy) }, 'Copy the event');
  return [
    bar(alert.rule, alert.severity),
    make(
      'div',
      { class: 'inside' },
      make('dl', {}, ...facts.flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)])),
      alert.reason && make('p', {}, alert.reason),
      alert.evidence.length > 0 && make('h3', {}, 'Evidence'),
      alert.evidence.length > 0 &&
        make(
          'table',
          { class: 'evidence' },
          make('caption', { class: 'unseen' }, 'Fields that the rule asks, with their values'),
          make(
            'thead',
            { class: 'unseen' },
            make('tr', {}, make('th', { scope: 'col' }, 'Field'), make('th', { scope: 'col' }, 'Values')),
          ),
          make(
            'tbody',
            {},
            ...alert.evidence.map((e) =>
              make(
                'tr',
                {},
                make('th', { scope: 'row' }, make('code', {}, e.field)),
                make('td', {}, e.values.join(', ')),
              ),
            ),
          ),
        ),
      alert.query !== null && make('h3', {}, 'Query'),
      alert.query !== null && make('pre', { tabindex: 0, 'aria-label': 'Query' }, alert.query.trim()),
      make('h3', {}, 'Event'),
      make('pre', { tabindex: 0, 'aria-label': 'Event' }, text),
      make('p', {}, copy),
      alert.guide !== null && make('h3', {}, 'Guide'),
      alert.guide !== null && make('div', { class: 'guide' }, ...guideOf(alert.guide)),
      alert.false_positives.length > 0 && make('h3', {}, 'Known false positives'),
      alert.false_positives.length > 0 &&
        make('ul', {}, ...alert.false_positives.map((f) => make('li', {}, f))),
      alert.references.length > 0 && make('h3', {}, 'References'),
      alert.references.length > 0 &&
        make('ul', {}, ...alert.references.map((r) => make('li', {}, linkTo(r)))),
    ),
  ];
}

/** A link that tells the other side nothing of where it came from; anything but https stays text. @param {string} to */
function linkTo(to) {
  return to.startsWith('https://')
    ? make('a', { href: to, rel: 'noreferrer noopener', target: '_blank' }, to)
    : to;
}

/**
 * @param {string} text
 * @param {HTMLElement} button
 */
async function copied(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  } catch {
    // Over plain HTTP from elsewhere than localhost there is no clipboard.
    button.textContent = 'The browser does not allow it here: select the text';
  }
}
