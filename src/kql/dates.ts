// Dates of queries and events: ISO 8601 in any precision, epoch milliseconds, and Elasticsearch's date math
// (`now-5m/d`, `2026-01-01||+1M/d`). UTC where no zone is written. The present comes in as an argument; nothing here
// reads a clock.

const ISO =
  /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d{2}:?\d{2})?)?)?)?$/;

/** The first and last millisecond that a date text covers: `2026-01` is the whole month. Null: no date. */
export function dateRange(text: string): { readonly from: number; readonly to: number } | null {
  const m = ISO.exec(text);
  if (!m) return null;
  const parts = [m[1], m[2], m[3], m[4], m[5], m[6]];
  const [year, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.map((p) =>
    p === undefined ? undefined : Number(p),
  );
  const ms = Number((m[7] ?? '').padEnd(3, '0').slice(0, 3));
  const from = Date.UTC(year!, month - 1, day, hour, minute, second, ms) - zoneMs(m[8]);
  const check = new Date(Date.UTC(year!, month - 1, day));
  if (check.getUTCMonth() !== month - 1 || hour > 23 || minute > 59 || second > 59) return null;
  const unit = UNITS[parts.filter((p) => p !== undefined).length - 1]!;
  return { from, to: m[7] === undefined ? add(from, 1, unit) - 1 : from };
}

/** By written precision: year, month, day, hour, minute, second. */
const UNITS: readonly Unit[] = ['y', 'M', 'd', 'h', 'm', 's'];
type Unit = 'y' | 'M' | 'w' | 'd' | 'h' | 'H' | 'm' | 's';

function zoneMs(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0;
  const sign = zone[0] === '-' ? -1 : 1;
  const digits = zone.slice(1).replace(':', '');
  return sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60_000;
}

/** Digits are epoch milliseconds, but four of them are a year. Null: not digits. */
function epochMs(text: string): number | null {
  return /^-?\d{1,16}$/.test(text) && !/^\d{4}$/.test(text) ? Number(text) : null;
}

/** What a query's date literal covers in epoch ms, epoch digits and `now` math included. Null: no date. */
export function queryDate(text: string, now: number): { readonly from: number; readonly to: number } | null {
  let base: { from: number; to: number } | null;
  let math: string;
  if (text.startsWith('now')) {
    base = { from: now, to: now };
    math = text.slice(3);
  } else {
    const epoch = epochMs(text);
    if (epoch !== null) return { from: epoch, to: epoch };
    const bar = text.indexOf('||');
    base = dateRange(bar === -1 ? text : text.slice(0, bar));
    math = bar === -1 ? '' : text.slice(bar + 2);
  }
  if (!base) return null;
  let { from, to } = base;
  const step = /([+-])(\d{0,9})([yMwdhHms])|\/([yMwdhHms])/y;
  while (step.lastIndex < math.length) {
    const m = step.exec(math);
    if (!m) return null;
    if (m[4] === undefined) {
      const count = Number(m[2] || 1) * (m[1] === '-' ? -1 : 1);
      from = add(from, count, m[3] as Unit);
      to = add(to, count, m[3] as Unit);
    } else {
      from = floor(from, m[4] as Unit);
      to = add(floor(to, m[4] as Unit), 1, m[4] as Unit) - 1;
    }
  }
  return { from, to };
}

/** Whether a literal could be a date at all, at whatever time. */
export function isQueryDate(text: string): boolean {
  return queryDate(text, 0) !== null;
}

function add(ms: number, count: number, unit: Unit): number {
  const d = new Date(ms);
  switch (unit) {
    case 'y':
      return add(ms, count * 12, 'M');
    case 'M': {
      const day = d.getUTCDate();
      d.setUTCDate(1);
      d.setUTCMonth(d.getUTCMonth() + count);
      const last = new Date(Date.UTC(d.getUTCFullYear(), d.getUTCMonth() + 1, 0)).getUTCDate();
      d.setUTCDate(Math.min(day, last));
      return d.getTime();
    }
    case 'w':
      return ms + count * 604_800_000;
    case 'd':
      return ms + count * 86_400_000;
    case 'h':
    case 'H':
      return ms + count * 3_600_000;
    case 'm':
      return ms + count * 60_000;
    case 's':
      return ms + count * 1000;
  }
}

function floor(ms: number, unit: Unit): number {
  const d = new Date(ms);
  switch (unit) {
    case 'y':
      return Date.UTC(d.getUTCFullYear(), 0);
    case 'M':
      return Date.UTC(d.getUTCFullYear(), d.getUTCMonth());
    case 'w': {
      const monday = (d.getUTCDay() + 6) % 7;
      return Date.UTC(d.getUTCFullYear(), d.getUTCMonth(), d.getUTCDate() - monday);
    }
    case 'd':
      return Math.floor(ms / 86_400_000) * 86_400_000;
    case 'h':
    case 'H':
      return Math.floor(ms / 3_600_000) * 3_600_000;
    case 'm':
      return Math.floor(ms / 60_000) * 60_000;
    case 's':
      return Math.floor(ms / 1000) * 1000;
  }
}

/** An event's date in epoch ms: ISO text or epoch milliseconds. Null: no date. */
export function eventDate(text: string): number | null {
  return epochMs(text) ?? dateRange(text)?.from ?? null;
}
