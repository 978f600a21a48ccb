// Values at a path of a plain record (objects, Maps, arrays looked through), keys spelled nested, dotted or mixed.
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
  const visit = (value: unknown, rest: string, at: string): void => {
    if (Array.isArray(value)) {
      for (const element of value) visit(element, rest, at);
      return;
    }
    if (rest === '') {
      if (isMap(value)) {
        if (options.deep) for (const [key, inner] of plainEntries(value)) visit(inner, '', `${at}.${key}`);
      } else {
        pushScalar(value, out);
        if (typeof value === 'string' && options.jsonText.includes(at)) {
          const parsed = parseJson(value);
          if (typeof parsed === 'object' && parsed !== null) visit(parsed, '', '\u0000');
        }
      }
      return;
    }
    if (isMap(value)) {
      for (const [key, inner] of plainEntries(value)) {
        const name = options.keys === 'snake' ? snakeCase(key) : key;
        const here = at === '' ? key : `${at}.${key}`;
        if (name === rest) visit(inner, '', here);
        else if (rest.startsWith(`${name}.`)) visit(inner, rest.slice(name.length + 1), here);
      }
    } else if (typeof value === 'string' && options.jsonText.includes(at)) {
      const parsed = parseJson(value);
      if (typeof parsed === 'object' && parsed !== null) visit(parsed, rest, '\u0000');
    }
  };
  visit(record, path, '');
  return out;
}

/** Undefined: not JSON (then it is text, and holds nothing). */
export function parseJson(text: string): unknown {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function pushScalar(value: unknown, out: RawValue[]): void {
  if (typeof value === 'string') out.push({ kind: 'string', text: value });
  else if (typeof value === 'number' || typeof value === 'bigint')
    out.push({ kind: 'number', text: String(value) });
  else if (typeof value === 'boolean') out.push({ kind: 'boolean', text: String(value) });
  else if (Buffer.isBuffer(value)) out.push({ kind: 'string', text: value.toString('utf8') });
}
