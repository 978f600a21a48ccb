// The exact string literals that rules compare one field with, found by the bytes of a value: one hash, and one
// comparison on a hit. This is what makes the cost of a field independent of the number of rules that read it.

interface Entry {
  readonly bytes: Buffer;
  readonly atom: number;
  readonly chained: Entry | null;
}

export class LiteralTable {
  #table: (Entry | null)[] = [null];
  #mask = 0;
  /** Bit n: some literal is n (or, for the last bit, 31 or more) bytes long. Most values fail here. */
  #lengths = 0;
  #size = 0;
  readonly #byText = new Map<string, number>();

  add(text: string, atom: number): void {
    if (this.#byText.has(text)) return;
    this.#byText.set(text, atom);
    const bytes = Buffer.from(text, 'utf8');
    this.#size += 1;
    if (this.#size > this.#table.length) this.#widen();
    this.#insert(bytes, atom);
    this.#lengths |= 1 << Math.min(bytes.length, 31);
  }

  get size(): number {
    return this.#size;
  }

  /** The atom of the literal with exactly these bytes; -1: none. */
  findBytes(buf: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if ((this.#lengths & (1 << Math.min(length, 31))) === 0) return -1;
    next: for (let e = this.#table[hashOf(buf, start, length) & this.#mask]!; e !== null; e = e.chained!) {
      const bytes = e.bytes;
      if (bytes.length !== length) continue;
      for (let i = 0; i < length; i += 1) if (bytes[i] !== buf[start + i]) continue next;
      return e.atom;
    }
    return -1;
  }

  /** The atom of the literal with exactly this text; -1: none. */
  findText(text: string): number {
    return this.#byText.get(text) ?? -1;
  }

  #widen(): void {
    const old = this.#table.flatMap(chain);
    this.#table = new Array(Math.max(8, this.#table.length * 4)).fill(null);
    this.#mask = this.#table.length - 1;
    for (const e of old) this.#insert(e.bytes, e.atom);
  }

  #insert(bytes: Buffer, atom: number): void {
    const at = hashOf(bytes, 0, bytes.length) & this.#mask;
    this.#table[at] = { bytes, atom, chained: this.#table[at]! };
  }
}

function chain(head: Entry | null): Entry[] {
  const out: Entry[] = [];
  for (let e = head; e !== null; e = e.chained) out.push(e);
  return out;
}

/** FNV-1a over at most 24 bytes from each end: ids that differ only in the middle of long texts share a bucket. */
function hashOf(buf: Uint8Array, start: number, length: number): number {
  let h = 0x811c9dc5 ^ length;
  const head = length > 24 ? start + 24 : start + length;
  for (let i = start; i < head; i += 1) h = Math.imul(h ^ buf[i]!, 0x01000193);
  if (length > 24) {
    const end = start + length;
    for (let i = end - Math.min(24, length - 24); i < end; i += 1) h = Math.imul(h ^ buf[i]!, 0x01000193);
  }
  return (h ^ (h >>> 15)) >>> 0;
}
