// Characters and literals of KQL. There is no token stream: whether a space ends a literal depends on the keyword
// that may follow it, so literals are read in place. Grammar: kbn-es-query, kuery grammar ("Literal", "Keyword").
import type { Literal } from './ast.js';
import { KqlError } from './error.js';

/** Space = [\ \t\r\n\xA0] */
export function isSpace(c: string | undefined): boolean {
  return c === ' ' || c === '\t' || c === '\r' || c === '\n' || c === '\u00a0';
}

const SPECIAL = '\\():<>"*{}';
const ESCAPED_SPACE: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n' };

export function skipSpace(text: string, at: number): number {
  while (isSpace(text[at])) at += 1;
  return at;
}

/** Or = Space+ "or"i Space+; And = Space+ "and"i Space+. The offset past it; -1: not there. */
export function operatorAt(text: string, at: number, word: 'or' | 'and'): number {
  const start = skipSpace(text, at);
  if (start === at) return -1;
  const end = start + word.length;
  if (text.slice(start, end).toLowerCase() !== word || !isSpace(text[end])) return -1;
  return skipSpace(text, end);
}

/** Not = "not"i Space+. The offset past it; -1: not there. */
export function notAt(text: string, at: number): number {
  if (text.slice(at, at + 3).toLowerCase() !== 'not' || !isSpace(text[at + 3])) return -1;
  return skipSpace(text, at + 3);
}

/** Keyword = Or / And / Not. */
function keywordAt(text: string, at: number): boolean {
  if (isSpace(text[at])) return operatorAt(text, at, 'or') !== -1 || operatorAt(text, at, 'and') !== -1;
  return notAt(text, at) !== -1;
}

/** Literal = QuotedString / UnquotedLiteral. Null: none starts here. Leaves the offset past it in `past`. */
export function literalAt(text: string, at: number): { literal: Literal; past: number } | null {
  return text[at] === '"' ? quotedAt(text, at) : unquotedAt(text, at);
}

/** QuotedString = '"' (EscapedWhitespace / EscapedUnicodeSequence / '\\' [\\"] / [^"])* '"' */
function quotedAt(text: string, start: number): { literal: Literal; past: number } {
  let out = '';
  let at = start + 1;
  for (;;) {
    const c = text[at];
    if (c === undefined) {
      throw new KqlError('unclosed_quote', { start, end: start + 1 }, 'this quote is never closed', ["'\"'"]);
    }
    if (c === '"') break;
    if (c === '\\') {
      const escaped = escapeAt(text, at, '\\"');
      if (escaped) {
        out += escaped.char;
        at = escaped.past;
        continue;
      }
    }
    out += c;
    at += 1;
  }
  const literal = { text: out, quoted: true, wildcard: null, span: { start, end: at + 1 } };
  return { literal, past: at + 1 };
}

/** EscapedWhitespace, EscapedUnicodeSequence, or `\` before one of `chars`. Null: the backslash stands for itself. */
function escapeAt(text: string, at: number, chars: string): { char: string; past: number } | null {
  const c = text[at + 1];
  if (c === undefined) return null;
  const space = ESCAPED_SPACE[c];
  if (space !== undefined) return { char: space, past: at + 2 };
  if (chars.includes(c)) return { char: c, past: at + 2 };
  const hex = c === 'u' ? text.slice(at + 2, at + 6) : '';
  if (/^[0-9a-fA-F]{4}$/.test(hex))
    return { char: String.fromCharCode(Number.parseInt(hex, 16)), past: at + 6 };
  return null;
}

/**
 * UnquotedLiteral = UnquotedCharacter+, UnquotedCharacter = escapes / EscapedKeyword / '*' / !SpecialCharacter !Keyword .
 * Escaped whitespace goes before escaped keywords, so `\not` is a newline and `ot`.
 */
function unquotedAt(text: string, start: number): { literal: Literal; past: number } | null {
  const pieces: string[] = [''];
  let at = start;
  for (;;) {
    const c = text[at];
    if (c === undefined) break;
    if (c === '\\') {
      const escaped = escapeAt(text, at, SPECIAL) ?? escapedKeywordAt(text, at);
      if (!escaped) break;
      pieces[pieces.length - 1] += escaped.char;
      at = escaped.past;
      continue;
    }
    if (c === '*') {
      pieces.push('');
      at += 1;
      continue;
    }
    if (SPECIAL.includes(c) || keywordAt(text, at)) break;
    // A run of space is looked past once: no keyword after it means none from any place in it.
    const past = isSpace(c) ? skipSpace(text, at) : at + 1;
    pieces[pieces.length - 1] += text.slice(at, past);
    at = past;
  }
  if (at === start) return null;
  pieces[0] = pieces[0]!.trimStart();
  pieces[pieces.length - 1] = pieces[pieces.length - 1]!.trimEnd();
  const end = start + text.slice(start, at).trimEnd().length;
  const literal = {
    text: pieces.join('*'),
    quoted: false,
    wildcard: pieces.length > 1 ? pieces : null,
    span: { start, end: Math.max(end, start + 1) },
  };
  return { literal, past: at };
}

function escapedKeywordAt(text: string, at: number): { char: string; past: number } | null {
  for (const word of ['or', 'and', 'not']) {
    const written = text.slice(at + 1, at + 1 + word.length);
    if (written.toLowerCase() === word) return { char: written, past: at + 1 + word.length };
  }
  return null;
}
