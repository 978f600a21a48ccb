// The exact string literals that rules compare one field with, found by the bytes of a value: by its length, and where
// many literals have that length by one hash. This is what makes the cost of a field independent of the number of rules
// that read it.

import { dataView } from '../msgpack/dataView.js';

interface Entry {
  readonly bytes: Buffer;
  /** The bytes from the start, four a word, the last word of all overlapping the one before; none if there are fewer than four. */
  readonly words: Int32Array;
  readonly atom: number;
}

/** Literals of one length: few of them are compared one by one, many are hashed. */
interface Bucket {
  readonly entries: Entry[];
  /** Null: few. */
  table: (Entry[] | null)[] | null;
}

/** Literals of one length that are compared one by one: most differ in their last bytes. */
const FEW = 4;

export class LiteralTable {
  /** By length in bytes. */
  readonly #buckets: (Bucket | undefined)[] = [];
  readonly #byText = new Map<string, number>();
  /** Of the longest literal. */
  #longest = -1;

  add(text: string, atom: number): void {
    if (this.#byText.has(text)) return;
    this.#byText.set(text, atom);
    const bytes = Buffer.from(text, 'utf8');
    const { length } = bytes;
    while (this.#buckets.length <= length) this.#buckets.push(undefined);
    this.#longest = this.#buckets.length - 1;
    const bucket: Bucket = this.#buckets[length] ?? { entries: [], table: null };
    this.#buckets[length] = bucket;
    const entry = { bytes, words: wordsOf(bytes), atom };
    bucket.entries.push(entry);
    if (bucket.entries.length <= FEW) return;
    if (bucket.table === null || bucket.entries.length > bucket.table.length)
      bucket.table = tableOf(bucket.entries);
    else insert(bucket.table, entry);
  }

  get size(): number {
    return this.#byText.size;
  }

  /** The atom of the literal with exactly these bytes; -1: none. */
  findBytes(buf: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length > this.#longest) return -1;
    const bucket = this.#buckets[length];
    if (bucket === undefined) return -1;
    const { table } = bucket;
    const entries = table === null ? bucket.entries : table[hashOf(buf, start, length) & (table.length - 1)]!;
    if (entries === null) return -1;
    if (length < 4) return findShort(entries, buf, start);
    const view = dataView(buf);
    const last = view.getInt32(end - 4, true);
    next: for (let e = 0; e < entries.length; e += 1) {
      const { words, atom } = entries[e]!;
      const n = words.length - 1;
      if (words[n] !== last) continue;
      for (let w = 0, at = start; w < n; w += 1, at += 4)
        if (view.getInt32(at, true) !== words[w]) continue next;
      return atom;
    }
    return -1;
  }

  /** The atom of the literal with exactly this text; -1: none. */
  findText(text: string): number {
    return this.#byText.get(text) ?? -1;
  }
}

function findShort(entries: readonly Entry[], buf: Uint8Array, start: number): number {
  next: for (const { bytes, atom } of entries) {
    for (let i = 0; i < bytes.length; i += 1) if (bytes[i] !== buf[start + i]) continue next;
    return atom;
  }
  return -1;
}

function wordsOf(bytes: Buffer): Int32Array {
  const { length } = bytes;
  if (length < 4) return new Int32Array(0);
  const words = new Int32Array(Math.ceil(length / 4));
  for (let w = 0; w < words.length; w += 1) words[w] = bytes.readInt32LE(Math.min(4 * w, length - 4));
  return words;
}

function tableOf(entries: readonly Entry[]): (Entry[] | null)[] {
  let size = 16;
  while (size < entries.length * 2) size *= 2;
  const table: (Entry[] | null)[] = new Array(size).fill(null);
  for (const entry of entries) insert(table, entry);
  return table;
}

function insert(table: (Entry[] | null)[], entry: Entry): void {
  const at = hashOf(entry.bytes, 0, entry.bytes.length) & (table.length - 1);
  const list = table[at]!;
  if (list === null) table[at] = [entry];
  else list.push(entry);
}

/** Over at most 24 bytes from each end, four a step: ids that differ only in the middle of long texts share a bucket. */
function hashOf(buf: Uint8Array, start: number, length: number): number {
  let h = 0x811c9dc5 ^ length;
  const head = Math.min(24, length);
  let i = start;
  for (const last = start + head - 3; i < last; i += 4) {
    h = Math.imul(h ^ (buf[i]! | (buf[i + 1]! << 8) | (buf[i + 2]! << 16) | (buf[i + 3]! << 24)), 0x9e3779b1);
    h ^= h >>> 15;
  }
  for (const last = start + head; i < last; i += 1) h = Math.imul(h ^ buf[i]!, 0x01000193);
  if (length > 24) {
    const end = start + length;
    i = end - Math.min(24, length - 24);
    for (; i + 3 < end; i += 4) {
      h = Math.imul(
        h ^ (buf[i]! | (buf[i + 1]! << 8) | (buf[i + 2]! << 16) | (buf[i + 3]! << 24)),
        0x9e3779b1,
      );
      h ^= h >>> 15;
    }
    for (; i < end; i += 1) h = Math.imul(h ^ buf[i]!, 0x01000193);
  }
  return (h ^ (h >>> 13)) >>> 0;
}
