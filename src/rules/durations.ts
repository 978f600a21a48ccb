// Elastic's durations: `5m`, `now-9m`, `now-7d/d`.

const UNIT: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_592_000_000,
  y: 31_536_000_000,
};

/** `5m` in ms; null: no duration. */
export function durationMs(text: string): number | null {
  const m = /^(\d+)([smhdw])$/.exec(text);
  return m ? Number(m[1]) * UNIT[m[2]!]! : null;
}

/** How far back `now-9m` lies, in ms (rounding left aside); null: not of that form. */
export function lookBackMs(text: string): number | null {
  const m = /^now(?:-(\d+)([smhdwMy]))?(?:\/[smhdwMy])?$/.exec(text);
  if (!m) return null;
  return m[1] === undefined ? 0 : Number(m[1]) * UNIT[m[2]!]!;
}
