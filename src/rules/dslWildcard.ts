// Patterns of Elasticsearch's `wildcard` query, which unlike KQL's know `?`.

/** Whether a value fits, whole. */
export type DslWildcard = (value: string) => boolean;

/** `*` any run, `?` one character, `\` takes the next one as it is. @param lower both sides are lower-cased. */
export function dslWildcard(pattern: string, lower: boolean): DslWildcard {
  const symbols: (string | null)[] = [];
  const characters = [...(lower ? pattern.toLowerCase() : pattern)];
  for (let i = 0; i < characters.length; i += 1) {
    const c = characters[i]!;
    if (c === '\\' && i + 1 < characters.length) {
      i += 1;
      symbols.push(characters[i]!);
    } else if (c === '*') symbols.push(null);
    else symbols.push(c === '?' ? ANY : c);
  }
  return (value) => glob(symbols, [...(lower ? value.toLowerCase() : value)]);
}

const ANY = '\u0000?';

/** Greedy with one point to return to: linear in practice, at most value × pattern. */
function glob(symbols: readonly (string | null)[], value: readonly string[]): boolean {
  let s = 0;
  let v = 0;
  let star = -1;
  let starValue = 0;
  while (v < value.length) {
    const symbol = symbols[s];
    if (s < symbols.length && symbol === null) {
      star = s++;
      starValue = v;
    } else if (s < symbols.length && (symbol === ANY || symbol === value[v])) {
      s += 1;
      v += 1;
    } else if (star !== -1) {
      s = star + 1;
      starValue += 1;
      v = starValue;
    } else return false;
  }
  while (s < symbols.length && symbols[s] === null) s += 1;
  return s === symbols.length;
}
