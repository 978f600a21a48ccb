// The line of a rule file that a message is about, with a caret under the place.
import { caret } from '../kql/error.js';
import type { Lines, Place } from './place.js';

/** Characters of a line that are shown, and how many of them before the place at most. */
const WIDTH = 120;
const BEFORE = 60;

/** Long lines are cut around the place; wide signs and tabs keep the caret where it belongs. '': the line is blank. */
export function excerptOf(lines: Lines, { line, column }: Place): string {
  const whole = lines.line(line);
  if (whole === '') return '';
  const from = Math.max(0, column - 1 - BEFORE);
  const start = column - 1 - from;
  // A carriage return inside a line is no end of it here.
  return caret(whole.slice(from, from + WIDTH).replaceAll('\r', ' '), { start, end: start + 1 });
}
