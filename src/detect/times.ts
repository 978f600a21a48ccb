// An event's time, read from what logs write it as: ISO 8601 in its spellings, US dates of the Azure portal, seconds,
// milliseconds, microseconds or nanoseconds since the epoch.

export interface EventInstant {
  /** Epoch ms. */
  readonly ms: number;
  /** ISO 8601 in UTC, with nine fractional digits when there is a fraction. */
  readonly iso: string;
}

export function instantOf(seconds: number, nanos: number): EventInstant | null {
  const ms = seconds * 1000 + Math.floor(nanos / 1e6);
  if (!(Math.abs(ms) <= 8.64e15)) return null;
  const iso = new Date(ms).toISOString();
  return { ms, iso: nanos === 0 ? iso : `${iso.slice(0, 20)}${String(nanos).padStart(9, '0')}Z` };
}

/** Null: this is no time. */
export function parseInstant(value: string | number | bigint): EventInstant | null {
  if (typeof value !== 'string') return ofNumber(String(value));
  const text = value.trim();
  return ofNumber(text) ?? ofIso(text) ?? ofUsDate(text);
}

/** 1764000000, 1764000000.123456789; thirteen digits are ms, sixteen µs, nineteen ns. */
function ofNumber(text: string): EventInstant | null {
  const m = /^(-?\d{1,19})(?:\.(\d{1,9})\d*)?$/.exec(text);
  if (!m) return null;
  const whole = BigInt(m[1]!);
  const digits = m[1]!.replace('-', '').length;
  if (digits <= 11) return instantOf(Number(whole), Number((m[2] ?? '').padEnd(9, '0')));
  const scale = digits <= 14 ? 1_000_000n : digits <= 17 ? 1000n : 1n;
  const nanos = whole * scale;
  const rest = ((nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return instantOf(Number((nanos - rest) / 1_000_000_000n), Number(rest));
}

/** `2026-03-10T09:30:41.9879036Z`, `2026-03-10 09:30:41 +0100`; without a zone it is UTC. */
function ofIso(text: string): EventInstant | null {
  const m =
    /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?)?\s*(Z|UTC|[+-]\d\d:?\d\d)?$/i.exec(
      text,
    );
  if (!m) return null;
  const [, y, mo, d, h = '0', mi = '0', s = '0', fraction = '', zone = 'Z'] = m;
  const at = Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s));
  const z = /^([+-])(\d\d):?(\d\d)$/.exec(zone);
  const offset = z ? (z[1] === '-' ? -1 : 1) * (Number(z[2]) * 60 + Number(z[3])) * 60 : 0;
  return instantOf(at / 1000 - offset, Number(fraction.padEnd(9, '0')));
}

/** `12/12/2025 3:03:58 PM`, with an optional fraction: UTC, as Azure's exports mean it. */
function ofUsDate(text: string): EventInstant | null {
  const m = /^(\d{1,2})\/(\d{1,2})\/(\d{4}),? (\d{1,2}):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?: ([AP]M))?$/i.exec(
    text,
  );
  if (!m) return null;
  const [, mo, d, y, h, mi, s, fraction = '', half] = m;
  const hour = half === undefined ? Number(h) : (Number(h) % 12) + (half.toUpperCase() === 'PM' ? 12 : 0);
  const at = Date.UTC(Number(y), Number(mo) - 1, Number(d), hour, Number(mi), Number(s));
  return instantOf(at / 1000, Number(fraction.padEnd(9, '0')));
}
