// The syntax tree of a KQL query, as Kibana's grammar makes it (kbn-es-query, kuery grammar). No types of fields yet.
import type { Span } from './span.js';

/** A literal as written: quoted ones hold no wildcard; unquoted ones are trimmed after unescaping. */
export interface Literal {
  readonly text: string;
  readonly quoted: boolean;
  /** The pieces between unescaped `*` of an unquoted literal; null: it has none. */
  readonly wildcard: readonly string[] | null;
  readonly span: Span;
}

export type RangeOperator = '<' | '<=' | '>' | '>=';

export type KqlNode =
  | { readonly kind: 'all'; readonly span: Span }
  | { readonly kind: 'and' | 'or'; readonly of: readonly KqlNode[]; readonly span: Span }
  | { readonly kind: 'not'; readonly of: KqlNode; readonly span: Span }
  | { readonly kind: 'is'; readonly field: Literal; readonly value: Literal; readonly span: Span }
  | {
      readonly kind: 'range';
      readonly field: Literal;
      readonly operator: RangeOperator;
      readonly value: Literal;
      readonly span: Span;
    }
  /** `field:{ … }`. */
  | { readonly kind: 'nested'; readonly field: Literal; readonly of: KqlNode; readonly span: Span }
  /** A value without a field. */
  | { readonly kind: 'bare'; readonly value: Literal; readonly span: Span };

/** `*` alone; `**` is a wildcard of two stars. */
export function isLoneStar(value: Literal): boolean {
  return value.wildcard !== null && value.wildcard.length === 2 && value.text === '*';
}
