// Plain maps of a decoded record: objects without a class of their own, or Maps.

export type Plain = Record<string, unknown>;
export type AnyMap = Map<unknown, unknown> | Plain;

export function isMap(value: unknown): value is AnyMap {
  if (value instanceof Map) return true;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Own keys and values; none of what is no map. */
export function plainEntries(value: unknown): [string, unknown][] {
  if (value instanceof Map) return [...value].map(([k, v]) => [String(k), v]);
  return isMap(value) ? Object.entries(value) : [];
}
