// Elements and numbers for people. Text only ever becomes text: nothing here makes markup of a value.

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * An element. `on*` attributes are listeners; true sets an empty attribute, false and null leave it out.
 * @template {keyof HTMLElementTagNameMap} N
 * @param {N} name
 * @param {Record<string, string | number | boolean | null | ((event: any) => void)>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[N]}
 */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null)
      element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(...texts(children));
  return element;
}

/**
 * @param {readonly Child[]} children
 * @returns {(Node | string)[]}
 */
function texts(children) {
  return children
    .filter((c) => c !== null && c !== undefined && c !== false)
    .map((c) => (c instanceof Node ? c : String(c)));
}

/**
 * The element of the page with this id.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 */
export function svg(name, attributes) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 });

/** @param {number} n */
export const count = (n) => whole.format(n);

/** Three digits where it is small. @param {number} n */
export const amount = (n) => (Math.abs(n) >= 100 ? whole.format(n) : short.format(n));

/** @param {number} bytes */
export function size(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let n = bytes;
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) {
    n /= 1024;
    unit += 1;
  }
  return `${amount(n)} ${units[unit]}`;
}

/** @param {string} iso */
export function clock(iso) {
  const date = new Date(iso);
  const today = date.toDateString() === new Date().toDateString();
  return today ? date.toLocaleTimeString() : date.toLocaleString();
}

/** @param {number} seconds */
export function lasting(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

/** @param {string} severity */
export const severityClass = (severity) =>
  ['low', 'medium', 'high', 'critical'].includes(severity) ? severity : '';

/** ATT&CK ids. @param {readonly string[]} ids */
export const chips = (ids) => ids.map((id) => make('span', { class: 'chip' }, id));
