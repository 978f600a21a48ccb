// The rules: hits, cost, state and last error; sorted by any column, the costliest easily found.
import { amount, byId, chips, clock, count, make, severityClass } from './dom.js';

/** @typedef {import('./api.js').Rule} Rule */

const SHOWN = 200;
const ranks = ['low', 'medium', 'high', 'critical'];
const search = /** @type {HTMLInputElement} */ (byId('rule-search'));
const state = /** @type {HTMLSelectElement} */ (byId('rule-state'));
const more = byId('rule-more');

/** @typedef {{ title: string, hint?: string, kind?: string, by: (r: Rule) => number | string, cell: (r: Rule) => (Node | string)[] }} Column */

/** @param {number | null} n */
const orDash = (n) => [n === null ? '–' : amount(n)];

/** @type {Column[]} */
const columns = [
  {
    title: 'Rule',
    by: (r) => r.name.toLowerCase(),
    cell: (r) => [
      r.name,
      make('span', { class: 'id' }, r.id),
      ...(r.error === null ? [] : [make('span', { class: 'error' }, r.error)]),
      ...chips(r.attack),
    ],
  },
  {
    title: 'Severity',
    kind: 'wide',
    by: (r) => ranks.indexOf(r.severity ?? ''),
    cell: (r) => [make('span', { class: `severity ${severityClass(r.severity ?? '')}` }, r.severity ?? '–')],
  },
  { title: 'State', by: (r) => r.state, cell: (r) => [make('span', { class: `state-${r.state}` }, r.state)] },
  { title: 'Matches', kind: 'number', by: (r) => r.matches, cell: (r) => [count(r.matches)] },
  { title: 'Alerts', kind: 'number wide', by: (r) => r.alerts, cell: (r) => [count(r.alerts)] },
  {
    title: 'Candidates',
    hint: 'Events for which the rule was evaluated at all',
    kind: 'number wide',
    by: (r) => r.cost.candidates,
    cell: (r) => [count(r.cost.candidates)],
  },
  {
    title: 'ns a candidate',
    hint: 'What one evaluation takes',
    kind: 'number wide',
    by: (r) => r.cost.ns_per_candidate ?? -1,
    cell: (r) => orDash(r.cost.ns_per_candidate),
  },
  {
    title: 'ns an event',
    hint: 'What the rule costs every event',
    kind: 'number',
    by: (r) => r.cost.ns_per_event ?? -1,
    cell: (r) => orDash(r.cost.ns_per_event),
  },
  {
    title: 'Last match',
    kind: 'wide',
    by: (r) => r.last_match ?? '',
    cell: (r) => [r.last_match === null ? '–' : clock(r.last_match)],
  },
];

/** @type {Rule[]} */
let rules = [];
let sorted = 3;
let descending = true;
let all = false;

const heads = columns.map((column, i) =>
  make(
    'th',
    { scope: 'col', class: column.kind ?? null },
    make('button', { type: 'button', title: column.hint ?? null, onclick: () => sortBy(i) }, column.title),
  ),
);
const table = byId('rule-table');
table.querySelector('thead tr')?.append(...heads);

/** @param {{ rules: Rule[] }} answer /api/rules */
export function showRules(answer) {
  rules = answer.rules;
  byId('rules-count').textContent = count(rules.filter((r) => r.state === 'active').length);
  render();
}

/** @param {number} i */
function sortBy(i) {
  descending = sorted === i ? !descending : i >= 3;
  sorted = i;
  render();
}

function render() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = rules.filter((r) => {
    const text = [r.name, r.id, r.state, r.type, ...r.attack].join('\n').toLowerCase();
    return (state.value === '' || r.state === state.value) && words.every((word) => text.includes(word));
  });
  const by = /** @type {Column} */ (columns[sorted]).by;
  const turn = descending ? -1 : 1;
  chosen.sort((a, b) => {
    const [x, y] = [by(a), by(b)];
    return x < y ? -turn : x > y ? turn : a.name < b.name ? -1 : 1;
  });
  const shown = all ? chosen : chosen.slice(0, SHOWN);
  heads.forEach((head, i) => {
    if (i === sorted) head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
    else head.removeAttribute('aria-sort');
  });
  table
    .querySelector('tbody')
    ?.replaceChildren(
      ...shown.map((rule) =>
        make(
          'tr',
          {},
          ...columns.map((column, i) =>
            i === 0
              ? make('th', { scope: 'row' }, ...column.cell(rule))
              : make('td', { class: column.kind ?? null }, ...column.cell(rule)),
          ),
        ),
      ),
    );
  byId('rule-shown').textContent = `${count(shown.length)} of ${count(rules.length)} shown`;
  more.hidden = shown.length === chosen.length;
}

search.addEventListener('input', render);
state.addEventListener('change', render);
more.addEventListener('click', () => {
  all = true;
  render();
});
