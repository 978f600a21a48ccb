// Query text to a predicate: parsed, checked, its fields given their classes, each leaf its test. It reads no event.
import { isLoneStar, type KqlNode, type Literal } from './ast.js';
import { checkQuery, type KqlWarning, misfit } from './check.js';
import { type Clock, existsTest, isTest, rangeTest } from './leafTests.js';
import { type KqlLimits, parseKql } from './parse.js';
import type { FieldRef, LeafTest, Predicate } from './predicate.js';
import type { Span } from './span.js';
import { FieldTypes, type ResolvedField } from './types.js';

export interface CompileOptions {
  readonly fieldTypes?: FieldTypes;
  readonly limits?: Partial<KqlLimits>;
  /** Epoch ms, asked each time a leaf with `now` in it is tested. */
  readonly now?: Clock;
}

export interface Compiled {
  readonly predicate: Predicate;
  readonly warnings: readonly KqlWarning[];
}

const plainTypes = new FieldTypes();

/** @throws KqlError */
export function compileKql(text: string, options: CompileOptions = {}): Compiled {
  const types = options.fieldTypes ?? plainTypes;
  const node = parseKql(text, options.limits);
  const warnings = checkQuery(node, types);
  return { predicate: new Compiler(text, types, options.now ?? Date.now).compile(node, ''), warnings };
}

class Compiler {
  readonly #text: string;
  readonly #types: FieldTypes;
  readonly #now: Clock;

  constructor(text: string, types: FieldTypes, now: Clock) {
    this.#text = text;
    this.#types = types;
    this.#now = now;
  }

  /** @param prefix the paths of the braces around the node, each with its dot: a class belongs to the full name. */
  compile(node: KqlNode, prefix: string): Predicate {
    switch (node.kind) {
      case 'all':
        return { kind: 'all' };
      case 'and':
      case 'or':
        return { kind: node.kind, of: node.of.map((n) => this.compile(n, prefix)), span: node.span };
      case 'not':
        return { kind: 'not', of: this.compile(node.of, prefix), span: node.span };
      case 'nested': {
        const path = node.field.text;
        return { kind: 'nested', path, of: this.compile(node.of, `${prefix}${path}.`), span: node.span };
      }
      case 'bare':
        if (isLoneStar(node.value)) return { kind: 'all' };
        return { kind: 'any', test: isTest(anyField, node.value, this.#now), span: node.span };
      case 'range': {
        const { operator, value, span } = node;
        const testOf = (f: ResolvedField) => rangeTest(fitting(f, value), operator, value, this.#now);
        return this.#leaf(node.field, prefix, span, `${operator} ${this.#written(value)}`, testOf);
      }
      case 'is': {
        const { field, value, span } = node;
        const text = `: ${this.#written(value)}`;
        if (!isLoneStar(value)) {
          return this.#leaf(field, prefix, span, text, (f) => isTest(fitting(f, value), value, this.#now));
        }
        return isLoneStar(field) ? { kind: 'all' } : this.#leaf(field, prefix, span, text, () => existsTest);
      }
    }
  }

  #written({ span }: Literal): string {
    return this.#text.slice(span.start, span.end);
  }

  /** @param asks what is asked of the field, as written. */
  #leaf(
    name: Literal,
    prefix: string,
    span: Span,
    asks: string,
    testOf: (f: ResolvedField) => LeafTest,
  ): Predicate {
    const text = `${this.#written(name)}${asks.startsWith(':') ? '' : ' '}${asks}`;
    const field = this.#types.resolve(name.text, prefix);
    const test = testOf(field);
    const short = field.name.slice(prefix.length);
    if (!name.wildcard) return { kind: 'leaf', field: { name: short, wildcard: false }, test, span, text };
    const pieces = withoutSuffix(name.wildcard, name.text.length - short.length);
    const ref: FieldRef = { name: short, wildcard: true, pieces };
    if (test.op === 'exists' || short !== name.text || field.declared) {
      return { kind: 'leaf', field: ref, test, span, text };
    }
    // One test a class: the names come from events, and must not pile up.
    const tests = new Map<string, LeafTest>();
    const testAt = (path: string): LeafTest => {
      const own = this.#types.asWritten(`${prefix}${path}`);
      const key = `${own.class} ${own.declared}`;
      let known = tests.get(key);
      if (!known) {
        known = testOf(own);
        tests.set(key, known);
      }
      return known;
    };
    return { kind: 'leaf', field: { ...ref, testAt }, test, span, text };
  }
}

/** Every field at once. */
const anyField: ResolvedField = { name: '*', class: 'keyword', caseless: false, declared: false };

/** Without the last `length` characters: `.caseless` or `.text`. */
function withoutSuffix(pieces: readonly string[], length: number): readonly string[] {
  if (length === 0) return pieces;
  const last = pieces[pieces.length - 1]!;
  return [...pieces.slice(0, -1), last.slice(0, last.length - length)];
}

/**
 * The built-in table goes by names, and a vendor's `*.status_code` may well be text: a value that does not fit says so.
 * A declared class stands.
 */
export function fitting(field: ResolvedField, value: Literal): ResolvedField {
  if (field.declared || value.wildcard || misfit(field, value.text) === null) return field;
  return { ...field, class: 'keyword' };
}
