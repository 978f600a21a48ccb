// The records of an event that rules are judged on, over plain values: the twin of `detect/recordTree.ts`, which does
// it over bytes and says why.
import { jsonInText } from './jsonText.js';
import type { SourceMapping } from './mapping.js';
import { recognise } from './view.js';

type Plain = Readonly<Record<string, unknown>>;

export interface JudgedRecord {
  /** `records[3]`, `message`; null: the event itself. */
  readonly path: string | null;
  readonly record: Plain;
  readonly mapping: SourceMapping | null;
  /** The records around it, the nearest last: their ECS fields count where it has none. */
  readonly outers: readonly Outer[];
}

interface Outer {
  readonly record: Plain;
  /** The key that holds the inner record. */
  readonly carries: string;
}

interface Inner {
  readonly key: string;
  readonly path: string;
  readonly record: Plain;
  readonly onlyKnown: boolean;
}

const listKeys = ['records', 'Records', 'value', 'logEvents', 'data.events'];
const recordKeys = ['message', 'log', 'payload', 'detail'];
const MAX_NESTING = 4;

/** @param jsonText the config's further keys that hold records. */
export function judgedRecords(
  event: Plain,
  mappings: readonly SourceMapping[],
  jsonText: readonly string[] = [],
): JudgedRecord[] {
  const keys = [...recordKeys, ...jsonText];
  const known = (record: Plain): SourceMapping | null => recognise(record, mappings);
  const inside = (record: Plain, path: string | null, depth: number): Inner[] =>
    depth >= MAX_NESTING ? [] : recordsIn(record, path, keys);
  const carries = ({ record, path }: Inner, depth: number): boolean => {
    const mapping = known(record);
    if (mapping && !mapping.general) return true;
    return inside(record, path, depth).some((inner) => carries(inner, depth + 1));
  };
  const judged = (record: Plain, path: string | null, outers: readonly Outer[]): JudgedRecord[] => {
    const mapping = known(record);
    const self = { path, record, mapping, outers };
    const inner = mapping && !mapping.general ? [] : inside(record, path, outers.length);
    const taken = inner.filter((i) => !i.onlyKnown || carries(i, outers.length + 1));
    const below = taken.flatMap((i) => judged(i.record, i.path, [...outers, { record, carries: i.key }]));
    return inner.some((i) => carries(i, outers.length + 1)) ? below : [self, ...below];
  };
  return judged(event, null, []);
}

function recordsIn(record: Plain, path: string | null, keys: readonly string[]): Inner[] {
  return [...listKeys, ...keys].flatMap((key) => {
    const value = valueAt(record, key);
    const at = path === null ? key : `${path}.${key}`;
    return placesIn(value, key, at).map((place) => ({ ...place, key }));
  });
}

type Place = Omit<Inner, 'key'>;

function placesIn(value: unknown, key: string, at: string): Place[] {
  const isList = listKeys.includes(key);
  if (Array.isArray(value)) return ['message', 'log', 'detail'].includes(key) ? [] : elements(value, at);
  if (isList) return [];
  if (typeof value === 'string') return insideText(value, at);
  return isPlain(value) && key !== 'log' ? [{ path: at, record: value, onlyKnown: key !== 'payload' }] : [];
}

/** The value at a path that may be spelled nested or dotted. */
function valueAt(record: Plain, path: string): unknown {
  if (Object.hasOwn(record, path)) return record[path];
  const dot = path.indexOf('.');
  const inner = dot === -1 ? undefined : record[path.slice(0, dot)];
  return isPlain(inner) ? valueAt(inner, path.slice(dot + 1)) : undefined;
}

function elements(value: readonly unknown[], path: string): Place[] {
  return value.flatMap((element, n): Place[] => {
    const here = `${path}[${n}]`;
    if (isPlain(element)) return [{ path: here, record: element, onlyKnown: false }];
    return typeof element === 'string' ? insideText(element, here) : [];
  });
}

function insideText(text: string, path: string): Place[] {
  const inside = jsonInText(text);
  if (Array.isArray(inside)) return elements(inside, path);
  return isPlain(inside) ? [{ path, record: inside, onlyKnown: false }] : [];
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
