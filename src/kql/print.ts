// A syntax tree as query text again: canonical, every value list spelled out, for messages and for holding the parser
// against itself. Spans and layout are not kept.
import type { KqlNode, Literal } from './ast.js';

/** Parses back to the same tree, spans apart. */
export function printKql(node: KqlNode): string {
  switch (node.kind) {
    case 'all':
      return '';
    case 'and':
    case 'or':
      return node.of
        .map((n) => (n.kind === 'and' || n.kind === 'or' ? `(${printKql(n)})` : printKql(n)))
        .join(` ${node.kind} `);
    case 'not':
      return node.of.kind === 'and' || node.of.kind === 'or' || node.of.kind === 'not'
        ? `not (${printKql(node.of)})`
        : `not ${printKql(node.of)}`;
    case 'is':
      return `${literal(node.field)}:${literal(node.value)}`;
    case 'range':
      return `${literal(node.field)} ${node.operator} ${literal(node.value)}`;
    case 'nested':
      return `${literal(node.field)}:{ ${printKql(node.of)} }`;
    case 'bare':
      return literal(node.value);
  }
}

function literal({ text, quoted, wildcard }: Literal): string {
  if (quoted) return `"${text.replace(/[\\"]/g, '\\$&').replace(/[\t\r\n]/g, whitespace)}"`;
  if (text === '') return '\\t';
  return (wildcard ?? [text]).map(unquoted).join('*');
}

function unquoted(text: string): string {
  return text
    .replace(/[\\():<>"*{}]/g, '\\$&')
    .replace(/[\t\r\n]/g, whitespace)
    .replace(/(^|[ \u00a0])(and|or)(?=[ \u00a0]|$)/gi, '$1\\$2')
    .replace(/n(?=ot(?:[ \u00a0]|$))/gi, unicode);
}

function whitespace(c: string): string {
  return c === '\t' ? '\\t' : c === '\r' ? '\\r' : '\\n';
}

/** The keyword would be read even at the end of a word; and `\not` would be a newline and `ot`. */
function unicode(c: string): string {
  return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
