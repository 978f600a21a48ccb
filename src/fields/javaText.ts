// A map or list as the one text that Java's toString() makes of it, which Elastic's aws integration keeps of a request's
// parameters: `{userName=ana, policies=[a, b]}`. Keys are in the record's order (Java's are in that of its hash table).

import type { RawValue } from './mapping.js';

/** For a mapping's `whole`. */
export function asJavaText(value: unknown): RawValue[] {
  const text = javaText(value);
  return text === null ? [] : [{ kind: 'string', text }];
}

/** Null: nothing is left of it once nulls, empty texts and empty containers are dropped, as the pipeline drops them. */
function javaText(value: unknown): string | null {
  if (value === null || value === undefined || value === '') return null;
  if (Array.isArray(value)) {
    const parts = value.map(javaText).filter((part) => part !== null);
    return parts.length === 0 ? null : `[${parts.join(', ')}]`;
  }
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  if (typeof value !== 'object') return String(value);
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  const parts = entries.flatMap(([key, inner]) => {
    const text = javaText(inner);
    return text === null ? [] : [`${String(key)}=${text}`];
  });
  return parts.length === 0 ? null : `{${parts.join(', ')}}`;
}
