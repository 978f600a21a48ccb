// The fields that rules read, those that the traffic never had first.
import { byId, count, make } from './dom.js';

/** @typedef {{ field: string, seen: boolean, rules: number }} Field */

const search = /** @type {HTMLInputElement} */ (byId('field-search'));
/** @type {Field[]} */
let fields = [];

/** @param {{ fields: Field[] }} answer /api/fields */
export function showFields(answer) {
  fields = answer.fields.toSorted((a, b) => Number(a.seen) - Number(b.seen) || b.rules - a.rules);
  const never = fields.filter((f) => !f.seen).length;
  byId('fields-count').textContent = never === 0 ? '' : `${count(never)} never seen`;
  render();
}

function render() {
  const word = search.value.toLowerCase().trim();
  const shown = fields.filter((f) => f.field.toLowerCase().includes(word));
  byId('field-table')
    .querySelector('tbody')
    ?.replaceChildren(
      ...shown.map((f) =>
        make(
          'tr',
          {},
          make('th', { scope: 'row' }, make('code', {}, f.field)),
          make('td', { class: 'number' }, count(f.rules)),
          make('td', { class: f.seen ? 'yes' : 'no' }, f.seen ? 'seen' : 'never seen'),
        ),
      ),
    );
  byId('field-shown').textContent = `${count(shown.length)} of ${count(fields.length)} shown`;
}

search.addEventListener('input', render);
