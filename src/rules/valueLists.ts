// Kibana's value lists, which exception items name and an export leaves out: a text file beside the items, called after
// the list's id (Kibana calls a list after the file it was read from), one value a line.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { addressKey, networkTest } from '../kql/ip.js';
import type { LeafTest } from '../kql/predicate.js';
import { readText } from './readText.js';

/** The test of a list's values; null: there is no file `ID` or `ID.txt` in the folder, or it cannot be read. */
export function valueList(folder: string, id: string, type: string): LeafTest['matches'] | null {
  if (/[/\\]/.test(id) || id === '.' || id === '..') return null;
  const file = [join(folder, id), join(folder, `${id}.txt`)].find((path) => existsSync(path));
  if (file === undefined) return null;
  const { text, problem } = readText(file);
  if (problem !== null) return null;
  const values = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return type === 'ip' || type === 'ip_range' ? inAddresses(values) : inTexts(values);
}

function inTexts(values: readonly string[]): LeafTest['matches'] {
  const known = new Set(values);
  return (text) => known.has(text);
}

/** Single addresses by their value, networks, and `first-last`. */
function inAddresses(values: readonly string[]): LeafTest['matches'] {
  const single = new Set<string>();
  const ranges: ((address: string) => boolean)[] = [];
  for (const value of values) {
    const key = addressKey(value);
    const network = networkTest(value);
    const [first, last] = value.split('-').map((end) => addressKey(end.trim()));
    if (key !== null) single.add(key);
    else if (network !== null) ranges.push(network);
    else if (first && last) ranges.push((address) => isBetween(addressKey(address), first, last));
  }
  return (text) => {
    const key = addressKey(text);
    return key !== null && (single.has(key) || ranges.some((holds) => holds(text)));
  };
}

function isBetween(key: string | null, first: string, last: string): boolean {
  return key !== null && key >= first && key <= last;
}
