// The cards of numbers, with the curves of the last five minutes.
import { amount, byId, count, make, size, svg } from './dom.js';

/** @typedef {import('./api.js').Sample} Sample */

const WIDE = 150;
const HIGH = 30;

class Card {
  /**
   * @param {string} title
   * @param {{ curve?: boolean, meter?: boolean }} parts
   */
  constructor(title, parts) {
    this.title = title;
    this.value = make('div', { class: 'value' }, '–');
    this.more = make('div', { class: 'more' });
    this.element = make('article', { class: 'card' }, make('h2', {}, title), this.value, this.more);
    if (parts.curve) {
      this.svg = svg('svg', { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: 'none', role: 'img' });
      this.area = svg('path', { class: 'area' });
      this.line = svg('path', { class: 'line' });
      this.svg.append(this.area, this.line);
      this.element.append(this.svg);
    }
    if (parts.meter) {
      this.meter = make('meter', { min: 0, max: 1, value: 0, 'aria-label': `${title}, of its bound` });
      this.element.append(this.meter);
    }
  }

  /**
   * @param {string} value
   * @param {string} unit
   * @param {string} more
   */
  show(value, unit, more) {
    this.value.replaceChildren(value, make('small', {}, ` ${unit}`));
    this.more.textContent = more;
  }

  /**
   * @param {readonly (number | null)[]} values
   * @param {string} unit
   */
  curve(values, unit) {
    const known = values.map((v) => v ?? 0);
    const most = Math.max(...known, 1e-9);
    const points = known.map(
      (v, i) => `${WIDE - known.length + i + 0.5},${HIGH - 1 - (v / most) * (HIGH - 3)}`,
    );
    this.line?.setAttribute('d', points.length > 1 ? `M${points.join('L')}` : '');
    const left = WIDE - known.length + 0.5;
    this.area?.setAttribute(
      'd',
      points.length > 1 ? `M${left},${HIGH}L${points.join('L')}L${WIDE - 0.5},${HIGH}Z` : '',
    );
    const now = known.at(-1) ?? 0;
    const label = `${this.title}, the last five minutes: now ${amount(now)} ${unit}, at most ${amount(most < 1e-6 ? 0 : most)}`;
    this.svg?.setAttribute('aria-label', label);
  }

  /** @param {number} used 0 to 1 */
  fill(used) {
    if (this.meter) this.meter.value = Math.min(1, used);
    this.alarm(used >= 1);
  }

  /** @param {boolean} on */
  alarm(on) {
    this.element.classList.toggle('alarm', on);
  }
}

const cards = {
  in: new Card('Events in', { curve: true }),
  out: new Card('Events out, confirmed', { curve: true }),
  latency: new Card('Ack latency', { curve: true }),
  alerts: new Card('Alerts', { curve: true }),
  held: new Card('Held, not yet acked', { meter: true }),
  spool: new Card('Alert spool', { meter: true }),
  connections: new Card('Connections', {}),
};
byId('overview').append(...Object.values(cards).map((c) => c.element));

/**
 * @param {any} status /api/status
 * @param {{ samples: Sample[] }} history /api/history
 */
export function showOverview(status, { samples }) {
  const now = samples.at(-1);
  /** @param {(s: Sample) => number | null} of */
  const curve = (of) => samples.map(of);
  cards.in.show(amount(now?.in ?? 0), 'a second', `${count(status.events_in)} since the start`);
  cards.in.curve(
    curve((s) => s.in),
    'a second',
  );
  cards.out.show(amount(now?.out ?? 0), 'a second', `${count(status.events_out)} since the start`);
  cards.out.curve(
    curve((s) => s.out),
    'a second',
  );
  const acked = samples.findLast((s) => s.latency_ms !== null);
  const most = Math.max(0, ...samples.map((s) => s.latency_max_ms ?? 0));
  cards.latency.show(
    acked?.latency_ms ? amount(acked.latency_ms) : '–',
    'ms',
    `at most ${amount(most)} ms in five minutes`,
  );
  cards.latency.curve(
    curve((s) => s.latency_ms),
    'ms',
  );
  cards.alerts.show(count(status.alerts), 'since the start', `${count(status.matches)} matches`);
  cards.alerts.curve(
    curve((s) => s.alerts),
    'a second',
  );
  cards.held.show(
    size(status.held_bytes),
    status.held_chunks === 1 ? 'in 1 chunk' : `in ${count(status.held_chunks)} chunks`,
    `of ${size(status.held_limit)}, then reading stops`,
  );
  cards.held.fill(status.held_bytes / status.held_limit);
  const failing =
    status.failing_sinks.length > 0
      ? `failing: ${status.failing_sinks.join(', ')}`
      : `of ${size(status.spool_limit)}`;
  cards.spool.show(count(status.spooled_alerts), `alerts, ${size(status.spool_bytes)}`, failing);
  cards.spool.fill(status.spool_bytes / status.spool_limit);
  cards.spool.alarm(status.failing_sinks.length > 0);
  cards.connections.show(count(status.connections), '', `to ${status.output}`);
  cards.connections.alarm(!status.output_ready);
}
