// A table for a terminal: columns as wide as their longest cell, numbers to the right.

export type Cell = string | number;

export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((row) => shown(row[i] ?? '').length)));
  const line = (cells: readonly Cell[]): string =>
    cells
      .map((cell, i) =>
        typeof cell === 'number' ? shown(cell).padStart(widths[i]!) : shown(cell).padEnd(widths[i]!),
      )
      .join('  ')
      .trimEnd();
  return `${[line(head), ...rows.map(line)].join('\n')}\n`;
}

/** Log values are attackers' values: control characters would drive the terminal, others turn text around. */
function shown(cell: Cell): string {
  return typeof cell === 'number'
    ? String(cell)
    : cell
        .replace(/\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
        .replace(/[\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);
}
