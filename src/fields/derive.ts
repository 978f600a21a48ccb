// What mappings derive from raw values: outcomes, datasets, parts of names. Pure, and never throws on odd values.
import type { RawValue } from './mapping.js';

type Groups = readonly (readonly RawValue[])[];
const text = (value: string): RawValue[] => [{ kind: 'string', text: value }];

/**
 * `event.outcome` of a sign-in, from `status.errorCode` alone: none or 0 is success, above 0 failure, below 0 nothing.
 * A code that came as text counts as its number (Elastic's pipeline would drop the outcome there).
 */
export function outcomeOfErrorCode(groups: Groups): RawValue[] {
  const code = groups.flat().find((v) => v.text.trim() !== '');
  if (!code) return text('success');
  const n = Number(code.text);
  if (n === 0) return text('success');
  return n > 0 ? text('failure') : [];
}

/** The first value that says success or failure in any case; `Succeeded` and `Failed` too. */
export function outcomeOfResult(groups: Groups): RawValue[] {
  for (const { text: raw } of groups.flat()) {
    const word = raw.toLowerCase();
    if (word === 'success' || word === 'succeeded') return text('success');
    if (word === 'failure' || word === 'failed') return text('failure');
  }
  return [];
}

/** What follows the last slash, in lower case: the kind of an ARM operation (`…/write`). */
export function lastSegment(groups: Groups): RawValue[] {
  const first = groups.flat()[0];
  return first ? text(first.text.slice(first.text.lastIndexOf('/') + 1).toLowerCase()) : [];
}

/** What follows the last slash, as it is: the name at the end of a resource id. */
export function lastName(groups: Groups): RawValue[] {
  const first = groups.flat()[0];
  return first ? text(first.text.slice(first.text.lastIndexOf('/') + 1)) : [];
}

/** The first value, if it looks like an e-mail address. */
export function emailOf(groups: Groups): RawValue[] {
  const first = groups.flat()[0];
  return first && /^[^@\s]+@[^@\s]+$/.test(first.text) ? [first] : [];
}

/** The values of the first path that has one which is not empty: a source may fill a column with ''. */
export function firstFilled(groups: Groups): RawValue[] {
  return groups.map((g) => g.filter((v) => v.text !== '')).find((g) => g.length > 0) ?? [];
}

/** Milliseconds to nanoseconds, as `event.duration` counts. */
export function nanosOfMillis(groups: Groups): RawValue[] {
  const first = firstFilled(groups)[0];
  const ms = Number(first?.text);
  return first && Number.isFinite(ms) ? [{ kind: 'number', text: String(Math.round(ms * 1e6)) }] : [];
}

/** `198.51.100.7:443` to the address; anything else as it is. */
export function withoutPort(groups: Groups): RawValue[] {
  return firstFilled(groups).map((v) => ({
    kind: 'string',
    text: v.text.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1'),
  }));
}
