// The spelling of keys in Elastic's azure integration.

/** Keys remembered: a source has a few hundred. Past it (a hostile sender's random keys) they are forgotten. */
const MAX_KNOWN = 4096;
/** A longer key is not worth remembering. Characters. */
const MAX_LENGTH = 128;
const known = new Map<string, string>();

/** `_` between a lower-case letter and the capitals after it, then lower case: `riskEventTypes_v2` → `risk_event_types_v2`. */
export function snakeCase(key: string): string {
  const before = known.get(key);
  if (before !== undefined) return before;
  const name = key.replace(/([a-z])([A-Z]+)/g, '$1_$2').toLowerCase();
  if (key.length > MAX_LENGTH) return name;
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(key, name);
  return name;
}
