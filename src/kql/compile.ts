// Query text to a predicate: parsed, its fields given their classes, each leaf its test; with warnings for what is
// legal but hardly meant. It reads no event.
import type { KqlNode, Literal } from './ast.js';
import { isQueryDate } from './dates.js';
import { KqlError } from './error.js';
import { addressKey, networkTest } from './ip.js';
import { type Clock, existsTest, isTest, rangeTest } from './leafTests.js';
import { isNumeric } from './numbers.js';
import { type KqlLimits, parseKql } from './parse.js';
import type { FieldRef, LeafTest, Predicate } from './predicate.js';
import type { Span } from './span.js';
import { FieldTypes, type ResolvedField } from './types.js';

export type KqlWarningCode =
  /** A pattern that begins with `*`. */
  | 'leading_wildcard'
  | 'bare_value'
  /** `and`, `or` or `not` read as part of a value: a space is missing. */
  | 'operator_in_value'
  /** `*` inside quotes. */
  | 'quoted_wildcard'
  /** `?` in a pattern. */
  | 'question_mark'
  | 'never_holds'
  /** A value that does not fit the field's class of the built-in table; compared as text. */
  | 'wrong_class'
  /** A network on a field that is not `ip`. */
  | 'cidr_on_keyword'
  /** A pattern that Elasticsearch splits at its spaces. */
  | 'split_pattern'
  /** `*` after `<`, `<=`, `>` or `>=`. */
  | 'wildcard_in_range';

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
        const { text, wildcard, span } = node.field;
        if (wildcard) this.#warn('never_holds', span, 'the name before "{" is taken as it is, * included');
        const outer = this.#prefix;
        this.#prefix = `${outer}${text}.`;
        const of = this.compile(node.of);
        this.#prefix = outer;
        return { kind: 'nested', path: text, of, span: node.span };
      }
      case 'bare':
        return this.#bare(node.value);
      case 'range':
        return this.#range(node);
      case 'is':
        return this.#is(node.field, node.value, node.span);
    }
  }

  #range({ field: name, operator, value, span }: Extract<KqlNode, { kind: 'range' }>): Predicate {
    const field = this.#resolve(name);
    this.#refuseNull(value);
    if (value.wildcard) {
      this.#warn('wildcard_in_range', value.span, `* is no wildcard after ${operator}: it stands for itself`);
    }
    this.#checkClass(field, value);
    return this.#leaf(name, field, span, (f) => rangeTest(fitting(f, value), operator, value, this.#now));
  }

  #is(name: Literal, value: Literal, span: Span): Predicate {
    const field = this.#resolve(name);
    this.#operatorInside(name);
    if (isLoneStar(value)) {
      if (isLoneStar(name)) return { kind: 'all' };
      return this.#leaf(name, field, span, () => existsTest);
    }
    this.#check(field, value);
    return this.#leaf(name, field, span, (f) => isTest(fitting(f, value), value, this.#now));
  }

  #bare(value: Literal): Predicate {
    if (isLoneStar(value)) return { kind: 'all' };
    this.#warn('bare_value', value.span, 'a value without a field is looked for in every field of the event');
    this.#check(anyField, value);
    return { kind: 'any', test: isTest(anyField, value, this.#now), span: value.span };
  }

  /** The class belongs to the full name, whatever braces the leaf stands in. */
  #resolve(name: Literal): ResolvedField {
    return this.#types.resolve(`${this.#prefix}${name.text}`);
  }

  #leaf(name: Literal, field: ResolvedField, span: Span, testOf: (f: ResolvedField) => LeafTest): Predicate {
    const test = testOf(field);
    const short = field.name.slice(this.#prefix.length);
    if (!name.wildcard) return { kind: 'leaf', field: { name: short, wildcard: false }, test, span };
    const pieces = withoutSuffix(name.wildcard, name.text.length - short.length);
    const ref: FieldRef = { name: short, wildcard: true, pieces };
    if (test.op === 'exists' || short !== name.text || field.declared) {
      return { kind: 'leaf', field: ref, test, span };
    }
    const prefix = this.#prefix;
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
    return { kind: 'leaf', field: { ...ref, testAt }, test, span };
  }

  #check(field: ResolvedField, value: Literal): void {
    this.#refuseNull(value);
    this.#hints(field, value);
    if (!value.wildcard) this.#checkClass(field, value);
  }

  /** Elasticsearch rejects the query: there is no null term. */
  #refuseNull(value: Literal): void {
    if (value.quoted || value.text !== 'null') return;
    const message = 'null is no value that a field can have; for a missing field write "not field:*"';
    throw new KqlError('null_value', value.span, message);
  }

  #hints(field: ResolvedField, value: Literal): void {
    const { wildcard, span, text } = value;
    this.#operatorInside(value);
    const analysed = field.class === 'text' || field.class === 'pattern_text';
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
    if (wildcard && (analysed || field.class === 'wildcard') && /\s/.test(text)) {
      const cure = 'quote the words, or write a condition for each';
      this.#warn('split_pattern', span, `this is taken as several patterns, split at the spaces; ${cure}`);
    }
    if (value.quoted && text.includes('*') && !analysed) {
      this.#warn('quoted_wildcard', span, '* inside quotes is no wildcard: it stands for itself');
    }
  }

  #operatorInside({ quoted, span, text }: Literal): void {
    if (quoted || span.end - span.start !== text.length) return;
    const word = /^(and|or)\s|\s(and|or|not)$/i.exec(text)?.[0].trim();
    if (word)
      this.#warn('operator_in_value', span, `"${word}" is read as part of "${text}", not as an operator`);
  }

  #checkClass(field: ResolvedField, value: Literal): void {
    const { text, span } = value;
    const wanted = misfit(field, text);
    if (wanted !== null) {
      const holds = `${field.name} holds ${wanted}`;
      if (field.declared) this.#warn('never_holds', span, `${holds}: this condition can never hold`);
      else this.#warn('wrong_class', span, `${holds} in ECS; this value is compared as text`);
      return;
    }
    const network = networkTest(text) !== null;
    if (field.class === 'keyword' && network && !field.declared && field !== anyField) {
      const why = `${field.name} is not declared as ip: Elasticsearch would compare the text`;
      this.#warn('cidr_on_keyword', span, `${why}; here it is a network`);
    }
  }

  /** `f:x and not f:x`, `f:x and not f:*`. */
  #contradictions(nodes: readonly KqlNode[]): void {
    for (const node of nodes) {
      if (node.kind !== 'not' || node.of.kind !== 'is') continue;
      const denied = node.of;
      for (const other of nodes) {
        if (!isDenied(other, denied.field, denied.value)) continue;
        const message = `${denied.field.text} is asked for and ruled out: this can never hold`;
        this.#warn('never_holds', other.span, message);
      }
    }
  }

  #warn(code: KqlWarningCode, span: Span, message: string): void {
    this.warnings.push({ code, span, message });
  }
}

/** Every field at once. */
const anyField: ResolvedField = { name: '*', class: 'keyword', caseless: false, declared: false };

/** `*` alone; `**` is a wildcard of two stars. */
function isLoneStar(value: Literal): boolean {
  return value.wildcard !== null && value.wildcard.length === 2 && value.text === '*';
}

/** Without the last `length` characters: `.caseless` or `.text`. */
function withoutSuffix(pieces: readonly string[], length: number): readonly string[] {
  if (length === 0) return pieces;
  const last = pieces[pieces.length - 1]!;
  return [...pieces.slice(0, -1), last.slice(0, last.length - length)];
}

/** What the field holds, when the literal can never be that; null: it can. */
function misfit(field: ResolvedField, text: string): string | null {
  switch (field.class) {
    case 'long':
    case 'double':
      return isNumeric(text) ? null : 'numbers';
    case 'boolean':
      return text === 'true' || text === 'false' ? null : 'true or false';
    case 'date':
      return isQueryDate(text) ? null : 'dates';
    case 'ip':
      return addressKey(text) !== null || networkTest(text) ? null : 'IP addresses';
    case 'keyword':
    case 'wildcard':
    case 'text':
    case 'pattern_text':
      return null;
  }
}

/**
 * The built-in table goes by names, and a vendor's `*.status_code` may well be text: a value that does not fit says so.
 * A declared class stands.
 */
function fitting(field: ResolvedField, value: Literal): ResolvedField {
  if (field.declared || value.wildcard || misfit(field, value.text) === null) return field;
  return { ...field, class: 'keyword' };
}

/** Whether `node` asks for what `not field:value` rules out. */
function isDenied(node: KqlNode, field: Literal, value: Literal): boolean {
  if (node.kind !== 'is' && node.kind !== 'range') return false;
  if (node.field.text !== field.text || node.field.quoted !== field.quoted) return false;
  if (isLoneStar(value)) return true;
  return node.kind === 'is' && node.value.text === value.text && node.value.quoted === value.quoted;
}
