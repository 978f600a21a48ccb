// The spelling of keys in Elastic's azure integration.

/** `_` between a lower-case letter and the capitals after it, then lower case: `riskEventTypes_v2` → `risk_event_types_v2`. */
export function snakeCase(key: string): string {
  return key.replace(/([a-z])([A-Z]+)/g, '$1_$2').toLowerCase();
}
