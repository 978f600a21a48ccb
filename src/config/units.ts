// Fluentd's units in config values: sizes (`8m`, `1g`) and times (`10s`, `5m`, `0.5s`).

const SIZE: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };
const TIME: Readonly<Record<string, number>> = { '': 1000, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Bytes; null: no size. */
export function sizeOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? value : null;
  const m = typeof value === 'string' ? /^(\d+)\s*([kmgt]?)b?$/i.exec(value.trim()) : null;
  return m ? Number(m[1]) * SIZE[m[2]!.toLowerCase()]! : null;
}

/** Milliseconds; a bare number is seconds, as in Fluentd. Null: no time. */
export function timeOf(value: unknown): number | null {
  if (typeof value === 'number') return value >= 0 ? value * 1000 : null;
  const text = typeof value === 'string' ? value.trim() : '';
  const ms = /^(\d+)ms$/.exec(text);
  if (ms) return Number(ms[1]);
  const m = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text);
  return m ? Number(m[1]) * TIME[m[2]!]! : null;
}
