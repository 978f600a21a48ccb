// What is legal in a query but hardly meant, and what no engine can answer: warnings and errors by the classes of the
// fields. It makes no tests and reads no event.
import { isLoneStar, type KqlNode, type Literal } from './ast.js';
import { isQueryDate } from './dates.js';
import { KqlError } from './error.js';
import { addressKey, networkTest } from './ip.js';
import { isNumeric } from './numbers.js';
import type { Span } from './span.js';
import type { FieldClass, FieldTypes, ResolvedField } from './types.js';
import { matchesPieces } from './wildcard.js';

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
  | 'wildcard_in_range'
  /** A field that neither ECS nor a mapping has (given by who knows those, not here). */
  | 'unknown_field'
  /** A field that Elastic's pipeline adds by a lookup, and that no raw record of the rule's datasets has (as above). */
  | 'looked_up_field';

export interface KqlWarning {
  readonly code: KqlWarningCode;
  readonly span: Span;
  readonly message: string;
}

/** @throws KqlError for a `null` value. */
export function checkQuery(node: KqlNode, types: FieldTypes): KqlWarning[] {
  const checker = new Checker(types);
  checker.check(node, '');
  return checker.warnings;
}

class Checker {
  readonly warnings: KqlWarning[] = [];
  readonly #types: FieldTypes;

  constructor(types: FieldTypes) {
    this.#types = types;
  }

  /** @param prefix the paths of the braces around the node, each with its dot. */
  check(node: KqlNode, prefix: string): void {
    switch (node.kind) {
      case 'all':
        return;
      case 'and':
      case 'or':
        for (const n of node.of) this.check(n, prefix);
        if (node.kind === 'and') this.#contradictions(node.of, prefix);
        return;
      case 'not':
        if (isEvery(node.of))
          this.#warn('never_holds', node.span, 'every event is ruled out: this can never hold');
        this.check(node.of, prefix);
        return;
      case 'nested': {
        const { text, wildcard, span } = node.field;
        if (wildcard) this.#warn('never_holds', span, 'the name before "{" is taken as it is, * included');
        this.check(node.of, `${prefix}${text}.`);
        return;
      }
      case 'bare':
        if (isLoneStar(node.value)) return;
        this.#warn(
          'bare_value',
          node.span,
          'a value without a field is looked for in every field of the event',
        );
        this.#value(null, node.value);
        return;
      case 'range': {
        const { field, operator, value } = node;
        this.#operatorInside(field);
        refuseNull(value);
        if (value.wildcard) {
          this.#warn(
            'wildcard_in_range',
            value.span,
            `* is no wildcard after ${operator}: it stands for itself`,
          );
        }
        this.#class(this.#types.resolve(field.text, prefix), value);
        return;
      }
      case 'is':
        this.#operatorInside(node.field);
        if (!isLoneStar(node.value)) this.#value(this.#types.resolve(node.field.text, prefix), node.value);
        return;
    }
  }

  /** @param field null: any. */
  #value(field: ResolvedField | null, value: Literal): void {
    refuseNull(value);
    this.#hints(field?.class ?? 'keyword', value);
    if (field && !value.wildcard) this.#class(field, value);
  }

  #hints(fieldClass: FieldClass, value: Literal): void {
    const { wildcard, span, text } = value;
    this.#operatorInside(value);
    const analysed = fieldClass === 'text' || fieldClass === 'pattern_text';
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
    if (wildcard && (analysed || fieldClass === 'wildcard') && /\s/.test(text)) {
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

  #class(field: ResolvedField, value: Literal): void {
    const { text, span } = value;
    const wanted = misfit(field, text);
    if (wanted !== null) {
      const holds = `${field.name} holds ${wanted}`;
      if (field.declared) this.#warn('never_holds', span, `${holds}: this condition can never hold`);
      else this.#warn('wrong_class', span, `${holds} in ECS; this value is compared as text`);
      return;
    }
    const network = networkTest(text) !== null;
    if (field.class === 'keyword' && network && !field.declared) {
      const why = `${field.name} is not declared as ip: Elasticsearch would compare the text`;
      this.#warn('cidr_on_keyword', span, `${why}; here it is a network`);
    }
  }

  /** What one `and` asks for and rules out: `f:x and not f:x`, `f:x and not f:*`, `f:abc and not f:(a* or b)`. */
  #contradictions(nodes: readonly KqlNode[], prefix: string): void {
    const all = nodes.flatMap(conjuncts);
    for (const denied of all.flatMap(ruledOut)) {
      for (const other of all) {
        if (!isDenied(other, denied, this.#types, prefix)) continue;
        const message = `${denied.field.text} is asked for and ruled out: this can never hold`;
        this.#warn('never_holds', other.span, message);
      }
    }
  }

  #warn(code: KqlWarningCode, span: Span, message: string): void {
    this.warnings.push({ code, span, message });
  }
}

/** Elasticsearch rejects the query: there is no null term. */
function refuseNull(value: Literal): void {
  if (value.quoted || value.text !== 'null') return;
  const message = 'null is no value that a field can have; for a missing field write "not field:*"';
  throw new KqlError('null_value', value.span, message);
}

/** What the field holds, when the literal can never be that; null: it can. */
export function misfit(field: ResolvedField, text: string): string | null {
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

type IsNode = Extract<KqlNode, { kind: 'is' }>;

function conjuncts(node: KqlNode): readonly KqlNode[] {
  return node.kind === 'and' ? node.of.flatMap(conjuncts) : [node];
}

/** The conditions none of which may hold. */
function ruledOut(node: KqlNode): IsNode[] {
  if (node.kind !== 'not') return [];
  const of = node.of.kind === 'or' ? node.of.of : [node.of];
  return of.filter((n): n is IsNode => n.kind === 'is');
}

function isEvery(node: KqlNode): boolean {
  if (node.kind === 'bare') return isLoneStar(node.value);
  return node.kind === 'is' && isLoneStar(node.field) && isLoneStar(node.value);
}

/** Whether `node` asks for what `not denied` rules out. */
function isDenied(node: KqlNode, denied: IsNode, types: FieldTypes, prefix: string): boolean {
  if (node.kind !== 'is' && node.kind !== 'range') return false;
  const { field, value } = denied;
  if (node.field.text !== field.text || node.field.quoted !== field.quoted) return false;
  if (isLoneStar(value)) return true;
  if (node.kind !== 'is') return false;
  if (node.value.text === value.text && node.value.quoted === value.quoted) return true;
  const { class: fieldClass, caseless } = types.resolve(field.text, prefix);
  const isPlain = fieldClass === 'keyword' && !caseless && node.value.wildcard === null;
  return isPlain && value.wildcard !== null && matchesPieces(value.wildcard, node.value.text);
}
