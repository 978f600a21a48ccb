// How fast a replay sends: events a second, or times as fast as it happened.

/** `5000/s` or `5000`; null: neither. */
export function rateOf(text: string): number | null {
  const m = /^(\d+(?:\.\d+)?)(?:\/s)?$/.exec(text);
  return m && Number(m[1]) > 0 ? Number(m[1]) : null;
}

/** `60x` or `60`; null: neither. */
export function speedOf(text: string): number | null {
  const m = /^(\d+(?:\.\d+)?)x?$/.exec(text);
  return m && Number(m[1]) > 0 ? Number(m[1]) : null;
}
