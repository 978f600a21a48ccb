// Values at a path of a plain record (objects, Maps, arrays looked through), keys spelled nested, dotted or mixed.
import { jsonInText } from './jsonText.js';
import type { RawValue } from './mapping.js';
import { isMap, plainEntries } from './plain.js';
import { snakeCase } from './snakeCase.js';

export interface RawPathOptions {
  /** `snake`: a key fits when its snake_case does. */
  readonly keys: 'exact' | 'snake';
  /** Values below the path count too. */
  readonly deep: boolean;
  /** Raw paths whose string holds JSON text, looked into as if it stood in place. */
  readonly jsonText: readonly string[];
}

export function rawValues(record: unknown, path: string, options: RawPathOptions): RawValue[] {
  const out: RawValue[] = [];
  find(record, path, options, (value) => {
    pushScalar(value, out);
    return false;
  });
  return out;
}

/** The first map, list or scalar at the path; undefined: none. */
export function firstAt(record: unknown, path: string, options: RawPathOptions): unknown {
  const found: unknown[] = [];
  find(record, path, options, (value) => {
    if (value !== null && value !== undefined) found.push(value);
    return true;
  });
  return found[0];
}

/** The path as the record itself spells it, where it has a value there first; undefined: it has none. */
export function spellingOf(record: unknown, path: string, options: RawPathOptions): string | undefined {
  let spelled: string | undefined;
  find(record, path, options, (value, at) => {
    if (value !== null && value !== undefined) spelled ??= at;
    return spelled !== undefined;
  });
  return spelled;
}

/** Calls `found` with what lies at the path, and how it is spelled; true: what is inside need not be looked at. */
function find(
  record: unknown,
  path: string,
  options: RawPathOptions,
  found: (value: unknown, at: string) => boolean,
): void {
  const visit = (value: unknown, rest: string, at: string): void => {
    if (rest === '' && found(value, at)) return;
    if (Array.isArray(value)) {
      for (const element of value) visit(element, rest, at);
    } else if (isMap(value)) {
      for (const [key, inner] of plainEntries(value)) {
        const here = at === '' ? key : `${at}.${key}`;
        if (rest === '') {
          if (options.deep) visit(inner, '', here);
          continue;
        }
        const name = options.keys === 'snake' ? snakeCase(key) : key;
        if (name === rest) visit(inner, '', here);
        else if (rest.startsWith(`${name}.`)) visit(inner, rest.slice(name.length + 1), here);
      }
    } else if (typeof value === 'string' && options.jsonText.includes(at)) {
      const inside = jsonInText(value);
      if (inside !== undefined) visit(inside, rest, at);
    }
  };
  visit(record, path, '');
}

export function pushScalar(value: unknown, out: RawValue[]): void {
  if (typeof value === 'string') out.push({ kind: 'string', text: value });
  else if (typeof value === 'number' || typeof value === 'bigint')
    out.push({ kind: 'number', text: String(value) });
  else if (typeof value === 'boolean') out.push({ kind: 'boolean', text: String(value) });
  else if (Buffer.isBuffer(value)) out.push({ kind: 'string', text: value.toString('utf8') });
}
