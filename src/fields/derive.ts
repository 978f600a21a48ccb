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

/** The same as Elastic's pipeline has it: a code that came as text gives no outcome. */
export function outcomeOfNumericCode(groups: Groups): RawValue[] {
  return groups.flat().some((v) => v.kind === 'string') ? [] : outcomeOfErrorCode(groups);
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

/** `198.51.100.7:443` and `[2001:db8::7]:443` to the address; anything else as it is. */
export function addressOf(groups: Groups): RawValue[] {
  return firstFilled(groups).map((v) => {
    const m = /^(\d+\.\d+\.\d+\.\d+):\d+$|^\[([^\]]+)\](?::\d+)?$/.exec(v.text);
    return { kind: 'string', text: m?.[1] ?? m?.[2] ?? v.text };
  });
}

/** What stands behind the @ of the first value. */
export function domainOf(groups: Groups): RawValue[] {
  const domain = /^[^@\s]+@([^@\s]+)$/.exec(groups.flat()[0]?.text ?? '')?.[1];
  return domain === undefined ? [] : text(domain);
}

/** `reason (details)`, as Elastic's pipeline makes the message of a sign-in. */
export function statusMessage([reason = [], details = []]: Groups): RawValue[] {
  const [r = '', d = ''] = [reason[0]?.text, details[0]?.text];
  if (r === '' || d === '') return r + d === '' ? [] : text(r + d);
  return text(`${r} (${d})`);
}

/** The first time, in ISO 8601 where it was written as `12/12/2025 3:03:58 PM` (UTC); anything else as it is. */
export function timeOf(groups: Groups): RawValue[] {
  const first = firstFilled(groups)[0];
  if (!first) return [];
  const m = /^(\d{1,2})\/(\d{1,2})\/(\d{4}) (\d{1,2}):(\d\d):(\d\d)(?: ([AP])M)?(?: (Z|\+00:00))?$/i.exec(
    first.text,
  );
  if (!m) return [first];
  const [, month, day, year, h, minute, second, half] = m;
  const hour = half === undefined ? Number(h) : (Number(h) % 12) + (half.toUpperCase() === 'P' ? 12 : 0);
  const two = (n: string | number | undefined): string => String(n).padStart(2, '0');
  return text(`${year}-${two(month)}-${two(day)}T${two(hour)}:${minute}:${second}Z`);
}

export function pathOfUrl(groups: Groups): RawValue[] {
  const path = urlOf(groups)?.[2];
  return path === undefined ? [] : text(path);
}

export function domainOfUrl(groups: Groups): RawValue[] {
  const domain = urlOf(groups)?.[1];
  return domain === undefined ? [] : text(domain);
}

/** Host and path. */
function urlOf(groups: Groups): RegExpExecArray | null {
  return /^(?:[a-z][a-z\d+.-]*:\/\/(?:[^/@?#]*@)?([^/:?#]+)(?::\d+)?)?([^?#]*)/i.exec(
    groups.flat()[0]?.text ?? '',
  );
}

/** The scalar at keys and numbers below a map or list, exactly there. */
export function valueAt(value: unknown, keys: readonly (string | number)[]): RawValue[] {
  let at: unknown = value;
  for (const key of keys) {
    if (Array.isArray(at)) at = at[Number(key)];
    else if (at instanceof Map) at = at.get(key);
    else if (typeof at === 'object' && at !== null) at = (at as Readonly<Record<string, unknown>>)[key];
    else return [];
  }
  if (typeof at === 'string') return text(at);
  if (typeof at === 'number' || typeof at === 'bigint') return [{ kind: 'number', text: String(at) }];
  return typeof at === 'boolean' ? [{ kind: 'boolean', text: String(at) }] : [];
}

/** The values that are addresses of IP. */
export function onlyIps(groups: Groups): RawValue[] {
  return firstFilled(groups).filter((v) => /^(\d{1,3}\.){3}\d{1,3}$|^[\da-f]*:[\da-f:.]+$/i.test(v.text));
}

/** All values of all paths, each once, the empty ones left out. */
export function allOf(groups: Groups): RawValue[] {
  const seen = new Map(groups.flat().map((v) => [v.text, v]));
  return [...seen.values()].filter((v) => v.text !== '');
}
