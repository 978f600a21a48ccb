// What is wrong with a configuration, and where: a place in the file, or a flag.

export interface ConfigError {
  /** The file, or the flag (`--in`). */
  readonly where: string;
  /** 1-based; 0: the error has no place in a file. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** The line and a caret; '' without a place. */
  readonly excerpt: string;
}

export function formatConfigError(error: ConfigError): string {
  const { where, line, column, message, excerpt } = error;
  if (line === 0) return `${where}: ${message}`;
  const head = `${where}:${line}:${column}: ${message}`;
  return excerpt === '' ? head : `${head}\n${excerpt.replace(/^/gm, '  ')}`;
}

/** The nearest of `known` within two edits; null: none is near. */
export function nearest(word: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let least = 3;
  for (const candidate of known) {
    const distance = edits(word, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** Levenshtein distance. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + same));
    }
    row = next;
  }
  return row[b.length]!;
}
