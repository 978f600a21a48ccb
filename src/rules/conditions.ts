// One condition on one field as Elasticsearch's query DSL means it, by the field's class: what filters and exception
// items are made of. They know the same classes, networks, dates and multi-fields as a query.
import type { Literal, RangeOperator } from '../kql/ast.js';
import { fitting } from '../kql/compile.js';
import { existsTest, isTest, rangeTest } from '../kql/leafTests.js';
import type { LeafTest, Predicate } from '../kql/predicate.js';
import type { FieldTypes, ResolvedField } from '../kql/types.js';
import { type DslWildcard, dslWildcard } from './dslWildcard.js';

/** Of what is not written in the rule's query: it has no place there. */
export const noSpan = { start: 0, end: 0 };

export class Conditions {
  readonly #types: FieldTypes;

  constructor(types: FieldTypes) {
    this.#types = types;
  }

  /** `match_phrase`, `term`: the whole value; of analysed text consecutive words. */
  phrase(field: string, text: string, prefix = ''): Predicate {
    return this.#is(field, literal(text, true), prefix);
  }

  /** `match`: of analysed text any of the words, of everything else the whole value. */
  words(field: string, text: string): Predicate {
    return this.#is(field, literal(text, false), '');
  }

  /** The whole value in any case of letters. */
  caseless(field: string, text: string, prefix = ''): Predicate {
    const lower = text.toLowerCase();
    const test: LeafTest = { op: 'caseless', exact: null, matches: (t) => t.toLowerCase() === lower };
    return this.#leaf(field, prefix, asked('in any case', text), () => test);
  }

  exists(field: string, prefix = ''): Predicate {
    return this.#leaf(field, prefix, 'exists', () => existsTest);
  }

  /** The `wildcard` query: `*` any run, `?` one character, `\` takes the next one as it is. */
  wildcard(field: string, pattern: string, anyCase: boolean, prefix = ''): Predicate {
    const matchers = new Map<boolean, DslWildcard>();
    return this.#leaf(field, prefix, asked('wildcard', pattern), ({ caseless }) => {
      const lower = anyCase || caseless;
      const matches = matchers.get(lower) ?? dslWildcard(pattern, lower);
      matchers.set(lower, matches);
      return { op: 'wildcard', exact: null, matches };
    });
  }

  prefix(field: string, text: string, anyCase: boolean): Predicate {
    return this.#leaf(field, '', asked('prefix', text), ({ caseless }) => {
      const lower = anyCase || caseless;
      const wanted = lower ? text.toLowerCase() : text;
      return {
        op: 'wildcard',
        exact: null,
        matches: (t) => (lower ? t.toLowerCase() : t).startsWith(wanted),
      };
    });
  }

  /** All bounds hold for one value. */
  range(field: string, bounds: readonly (readonly [RangeOperator, string])[]): Predicate {
    const asks = bounds.map(([operator, text]) => `${operator} ${text}`).join(' and ');
    return this.#leaf(field, '', asks, (f) => {
      const tests = bounds.map(([operator, text]) => {
        const value = literal(text, true);
        return rangeTest(fitting(f, value), operator, value, Date.now);
      });
      return { op: 'range', exact: null, matches: (t, kind) => tests.every((test) => test.matches(t, kind)) };
    });
  }

  /** Any test of the value's text. */
  test(field: string, asks: string, matches: LeafTest['matches'], prefix = ''): Predicate {
    return this.#leaf(field, prefix, asks, () => ({ op: 'equals', exact: null, matches }));
  }

  #is(field: string, value: Literal, prefix: string): Predicate {
    return this.#leaf(field, prefix, asked('is', value.text), (f) =>
      isTest(fitting(f, value), value, Date.now),
    );
  }

  /** @param prefix the paths of the nested objects around it, each with its dot. */
  #leaf(
    written: string,
    prefix: string,
    asks: string,
    testOf: (field: ResolvedField) => LeafTest,
  ): Predicate {
    const field = this.#types.resolve(written, prefix);
    const name = field.name.slice(prefix.length);
    const text = `${written} ${asks}`;
    return { kind: 'leaf', field: { name, wildcard: false }, test: testOf(field), span: noSpan, text };
  }
}

function asked(how: string, text: string): string {
  return `${how} ${JSON.stringify(text)}`;
}

function literal(text: string, quoted: boolean): Literal {
  return { text, quoted, wildcard: null, span: noSpan };
}
