// What a compiled KQL query is: a tree of and/or/not over field leaves, each leaf with a pure test of one
// scalar value. It knows no event format: `evaluate.ts` runs it over plain values (the reference), and
// `src/detect/` runs the same tree over bytes.
import type { Span } from './span.js';

/** The JSON kinds of value that a field can hold. `null`, containers and msgpack ext types are no value. */
export type ScalarKind = 'string' | 'number' | 'boolean';

/** One test of one value of a field. A field with several values satisfies it when any of them does. */
export interface LeafTest {
  readonly op: 'equals' | 'wildcard' | 'range' | 'exists' | 'text' | 'caseless' | 'ip';
  /**
   * Not null: a value of kind `string` satisfies the test exactly when it is this text, code point for
   * code point. The index over bytes lives on this. Numbers and booleans still go through `matches`.
   */
  readonly exact: string | null;
  /** `text` is the JSON text of the value (a string's content without its quotes). Never throws. */
  matches(text: string, kind: ScalarKind): boolean;
}

/** A field as the event spells it (`.caseless` and `.text` are resolved already), or a pattern of such. */
export interface FieldRef {
  /** Dotted path. With `wildcard`, `*` in it stands for any run of characters, dots included. */
  readonly name: string;
  readonly wildcard: boolean;
  /** Of a wildcard: the text between its stars (a `*` of `name` may have been escaped). */
  readonly pieces?: readonly string[];
  /** Of a wildcard: the test for one field that it names, by that field's own class; absent: the leaf's test. */
  readonly testAt?: (path: string) => LeafTest;
}

export type Predicate =
  /** Every event (`*`, `*:*`, the empty query). */
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Predicate[]; readonly span: Span }
  | { readonly kind: 'not'; readonly of: Predicate; readonly span: Span }
  /** The field's values, arrays and arrays of objects flattened; `exists` also sees values below the path. */
  | {
      readonly kind: 'leaf';
      readonly field: FieldRef;
      readonly test: LeafTest;
      readonly span: Span;
      /** The condition for people: as written, of a list of values with this one alone. */
      readonly text: string;
    }
  /** A bare value: any leaf value of the event. */
  | { readonly kind: 'any'; readonly test: LeafTest; readonly span: Span }
  /** `path:{ … }`: the inner predicate holds inside one object at `path`; its fields are relative to it. */
  | { readonly kind: 'nested'; readonly path: string; readonly of: Predicate; readonly span: Span };
