// Query text to a predicate: parsed, its fields given their classes, each leaf its test; with warnings for what is
// legal but hardly meant.
import type { KqlNode, Literal } from './ast.js';
import { isQueryDate } from './dates.js';
import { KqlError } from './error.js';
import { type Clock, existsTest, isTest, rangeTest } from './leafTests.js';
import { isNumeric } from './numbers.js';
import { type KqlLimits, parseKql } from './parse.js';
import type { FieldRef, LeafTest, Predicate } from './predicate.js';
import type { Span } from './span.js';
import { FieldTypes, type ResolvedField } from './types.js';

export type KqlWarningCode =
  | 'leading_wildcard'
  | 'bare_value'
  | 'quoted_wildcard'
  | 'question_mark'
  | 'never_holds'
  | 'cidr_on_keyword';

export interface KqlWarning {
  readonly code: KqlWarningCode;
  readonly span: Span;
  readonly message: string;
}

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
  const compiler = new Compiler(options.fieldTypes ?? plainTypes, options.now ?? Date.now);
  const predicate = compiler.compile(parseKql(text, options.limits));
  return { predicate, warnings: compiler.warnings };
}

class Compiler {
  readonly warnings: KqlWarning[] = [];
  readonly #types: FieldTypes;
  readonly #now: Clock;
  /** Paths of the `{}` around the node: types belong to the full name. */
  #prefix = '';

  constructor(types: FieldTypes, now: Clock) {
    this.#types = types;
    this.#now = now;
  }

  compile(node: KqlNode): Predicate {
    switch (node.kind) {
      case 'all':
        return { kind: 'all' };
      case 'and':
      case 'or': {
        const of = node.of.map((n) => this.compile(n));
        if (node.kind === 'and') this.#contradictions(node.of);
        return { kind: node.kind, of, span: node.span };
      }
      case 'not':
        return { kind: 'not', of: this.compile(node.of), span: node.span };
      case 'nested': {
        const outer = this.#prefix;
        this.#prefix = `${outer}${node.field.text}.`;
        const of = this.compile(node.of);
        this.#prefix = outer;
        return { kind: 'nested', path: node.field.text, of, span: node.span };
      }
      case 'bare':
        return this.#bare(node.value);
      case 'range': {
        const { field, ref } = this.#field(node.field);
        this.#refuseNull(node.value);
        this.#checkType(field, node.value);
        const test = rangeTest(field, node.operator, node.value, this.#now);
        return { kind: 'leaf', field: ref, test, span: node.span };
      }
      case 'is':
        return this.#is(node.field, node.value, node.span);
    }
  }

  #is(name: Literal, value: Literal, span: Span): Predicate {
    const { field, ref } = this.#field(name);
    if (isLoneStar(value)) {
      if (ref.wildcard && ref.name === '*') return { kind: 'all' };
      return { kind: 'leaf', field: ref, test: existsTest, span };
    }
    return { kind: 'leaf', field: ref, test: this.#test(field, value), span };
  }

  #bare(value: Literal): Predicate {
    if (isLoneStar(value)) return { kind: 'all' };
    this.#warn('bare_value', value.span, 'a value without a field is looked for in every field of the event');
    const field: ResolvedField = { name: '*', class: 'keyword', caseless: false, declared: false };
    return { kind: 'any', test: this.#test(field, value), span: value.span };
  }

  #test(field: ResolvedField, value: Literal): LeafTest {
    this.#refuseNull(value);
    this.#hints(field, value);
    if (!value.wildcard) this.#checkType(field, value);
    return isTest(field, value, this.#now);
  }

  #field(name: Literal): { field: ResolvedField; ref: FieldRef } {
    const field = this.#types.resolve(`${this.#prefix}${name.text}`);
    const base = field.name.slice(this.#prefix.length);
    return { field, ref: { name: base, wildcard: name.wildcard !== null } };
  }

  /** Elasticsearch rejects the query: there is no null term. */
  #refuseNull(value: Literal): void {
    if (value.quoted || value.text !== 'null') return;
    const message = 'null is no value that a field can have; for a missing field write "not field:*"';
    throw new KqlError('null_value', value.span, message);
  }

  #hints(field: ResolvedField, value: Literal): void {
    const { wildcard, span, text } = value;
    if (wildcard && wildcard[0] === '') {
      this.#warn(
        'leading_wildcard',
        span,
        'a pattern that begins with * is tried on every value of the field',
      );
    }
    if (wildcard && text.includes('?')) {
      this.#warn('question_mark', span, '? is no wildcard in KQL: it stands for itself');
    }
    if (value.quoted && text.includes('*') && field.class !== 'text' && field.class !== 'pattern_text') {
      this.#warn('quoted_wildcard', span, '* inside quotes is no wildcard: it stands for itself');
    }
  }

  #checkType(field: ResolvedField, value: Literal): void {
    const { text } = value;
    const wrong =
      ((field.class === 'long' || field.class === 'double') && !isNumeric(text) && 'a number') ||
      (field.class === 'boolean' && text !== 'true' && text !== 'false' && 'true or false') ||
      (field.class === 'date' && !isQueryDate(text) && !/^\d{5,16}$/.test(text) && 'a date');
    if (wrong)
      this.#warn('never_holds', value.span, `${field.name} is ${wrong}: this condition can never hold`);
  }

  /** `f:x and not f:x`, `f:x and not f:*`. */
  #contradictions(nodes: readonly KqlNode[]): void {
    for (const node of nodes) {
      if (node.kind !== 'not' || node.of.kind !== 'is') continue;
      const denied = node.of;
      for (const other of nodes) {
        if (other.kind !== 'is' || other.field.text !== denied.field.text) continue;
        if (!isLoneStar(denied.value) && other.value.text !== denied.value.text) continue;
        if (other.value.quoted !== denied.value.quoted && !isLoneStar(denied.value)) continue;
        this.#warn(
          'never_holds',
          other.span,
          `${other.field.text} is asked for and ruled out: this can never hold`,
        );
      }
    }
  }

  #warn(code: KqlWarningCode, span: Span, message: string): void {
    this.warnings.push({ code, span, message });
  }
}

/** `*` alone; `**` is a wildcard of two stars. */
function isLoneStar(value: Literal): boolean {
  return value.wildcard !== null && value.wildcard.length === 2 && value.text === '*';
}
