// Where values stand in a JSON text that is known to be well formed: one scan along the path, nothing is built.
import type { Path } from '../place.js';

/** Offset of the value at a path, or of the last one on the way that is there. */
export function jsonOffset(text: string, path: Path): number {
  let at = skipBlank(text, 0);
  for (const step of path) {
    const next = typeof step === 'number' ? elementAt(text, at, step) : memberAt(text, at, step);
    if (next === -1) return at;
    at = next;
  }
  return at;
}

/** Offset of a character of the string at `start`, by its offset in the string's text: escapes cost more than one. */
export function offsetInJsonString(text: string, start: number, wanted: number): number {
  let at = start + 1;
  for (let seen = 0; seen < wanted && at < text.length && text[at] !== '"'; seen += 1) {
    if (text[at] === '\\') at += text[at + 1] === 'u' ? 6 : 2;
    else at += 1;
  }
  return at;
}

/** The value of a key of the object at `at`; of a key that is there twice the last, as JSON.parse has it. -1: none. */
function memberAt(text: string, at: number, key: string): number {
  if (text[at] !== '{') return -1;
  let found = -1;
  let next = skipBlank(text, at + 1);
  while (text[next] === '"') {
    const past = pastString(text, next);
    const isKey = JSON.parse(text.slice(next, past)) === key;
    const value = skipBlank(text, skipBlank(text, past) + 1);
    if (isKey) found = value;
    next = skipBlank(text, pastValue(text, value));
    if (text[next] === ',') next = skipBlank(text, next + 1);
  }
  return found;
}

function elementAt(text: string, at: number, index: number): number {
  if (text[at] !== '[') return -1;
  let next = skipBlank(text, at + 1);
  for (let i = 0; text[next] !== ']' && next < text.length; i += 1) {
    if (i === index) return next;
    next = skipBlank(text, pastValue(text, next));
    if (text[next] === ',') next = skipBlank(text, next + 1);
  }
  return -1;
}

function pastValue(text: string, start: number): number {
  const c = text[start];
  if (c === '"') return pastString(text, start);
  let at = start;
  if (c !== '{' && c !== '[') {
    while (at < text.length && !',]} \t\r\n'.includes(text[at]!)) at += 1;
    return at;
  }
  let depth = 0;
  do {
    const d = text[at];
    if (d === '"') {
      at = pastString(text, at);
      continue;
    }
    if (d === '{' || d === '[') depth += 1;
    else if (d === '}' || d === ']') depth -= 1;
    at += 1;
  } while (depth > 0 && at < text.length);
  return at;
}

function pastString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function skipBlank(text: string, start: number): number {
  let at = start;
  while (at < text.length && ' \t\r\n'.includes(text[at]!)) at += 1;
  return at;
}
