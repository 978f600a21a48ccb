// Wildcard patterns by segment search: the pieces between `*` are found one after another, each at its first place.
// No regular expression, no backtracking: at most (length of the value × length of the pattern) steps, and each piece
// is looked for only in what is left of the value.

/** @param pieces the literal text between the stars; `*a*` is `['', 'a', '']`. Anchored at both ends. */
export function matchesPieces(pieces: readonly string[], value: string): boolean {
  const first = pieces[0]!;
  const last = pieces[pieces.length - 1]!;
  if (pieces.length === 1) return value === first;
  if (value.length < first.length + last.length || !value.startsWith(first) || !value.endsWith(last))
    return false;
  const end = value.length - last.length;
  let at = first.length;
  for (let i = 1; i < pieces.length - 1; i += 1) {
    const piece = pieces[i]!;
    const found = value.indexOf(piece, at);
    if (found === -1 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}
