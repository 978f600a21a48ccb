// JSON text inside a plain record: what it holds, however often it is wrapped in JSON text. Twin of what the walk over
// bytes does (`detect/recordUnits.ts`).

/** Longer text is not looked into (UTF-16 units). */
const JSON_TEXT_LIMIT = 8 * 1024 * 1024;
const MAX_WRAPS = 3;

/** The map or list that the text is JSON of; undefined: it is text, and holds nothing. */
export function jsonInText(text: string): object | undefined {
  let inner: unknown = text;
  for (let wraps = 0; wraps <= MAX_WRAPS && typeof inner === 'string'; wraps += 1) {
    if (inner.length > JSON_TEXT_LIMIT || !/^\ufeff?[ \n\r\t]*("[ \n\r\t]*[{[\\]|[{[])/.test(inner))
      return undefined;
    inner = parsed(inner);
  }
  return typeof inner === 'object' && inner !== null ? inner : undefined;
}

function parsed(text: string): unknown {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0) end -= 1;
  try {
    return JSON.parse(text.slice(text.charCodeAt(0) === 0xfeff ? 1 : 0, end));
  } catch {
    // Text that only looks like JSON.
    return undefined;
  }
}
