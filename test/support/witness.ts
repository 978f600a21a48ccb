// An event that satisfies a query, made from the query itself: a value for each leaf, found by asking the leaf's own test.

import { evaluate } from '../../src/kql/evaluate.js';
import type { LeafTest, Predicate, ScalarKind } from '../../src/kql/predicate.js';

export type Witness = Record<string, (string | number | boolean)[]>;

/** How many ways of satisfying an `or` are gone through. */
const MAX_WAYS = 64;

/** An event with dotted keys that satisfies the predicate of a query; null: none was found. */
export function witnessOf(predicate: Predicate, query: string): Witness | null {
  return waysOf(predicate, query).find((witness) => evaluate(predicate, witness)) ?? null;
}

/** Events that satisfy every condition that is not under a `not`. */
function waysOf(predicate: Predicate, query: string): Witness[] {
  switch (predicate.kind) {
    case 'all':
    case 'not':
      return [{}];
    case 'or':
      return predicate.of.flatMap((p) => waysOf(p, query)).slice(0, MAX_WAYS);
    case 'and':
      return predicate.of
        .map((p) => waysOf(p, query))
        .reduce((all, more) => all.flatMap((a) => more.map((b) => merged(a, b))).slice(0, MAX_WAYS), [{}]);
    case 'nested':
      return waysOf(predicate.of, query).map((inner) =>
        Object.fromEntries(Object.entries(inner).map(([name, v]) => [`${predicate.path}.${name}`, v])),
      );
    case 'any':
      return valuesFor(predicate.test, textsOf(predicate, query)).map((v) => ({ message: [v] }));
    case 'leaf': {
      const name = predicate.field.name.replaceAll('*', 'x');
      return valuesFor(predicate.test, textsOf(predicate, query)).map((v) => ({ [name]: [v] }));
    }
  }
}

function merged(a: Witness, b: Witness): Witness {
  const out = { ...a };
  for (const [name, values] of Object.entries(b)) out[name] = [...new Set([...(out[name] ?? []), ...values])];
  return out;
}

/** What the query may say of the leaf: the last literal of its span (all of it, of several words), unquoted and unescaped. */
function textsOf(
  { span }: { readonly span: { readonly start: number; readonly end: number } },
  query: string,
): string[] {
  const written = query.slice(span.start, span.end);
  const last = /("(?:[^"\\]|\\.)*"|(?:[^\s()":\\]|\\.)+)$/.exec(written)?.[0] ?? '';
  const words = /(?:\(|\bor\s|\band\s|[:<>]=?)\s*([^()":<>]+)$/.exec(written)?.[1] ?? '';
  const unwrapped = [last, words].map((t) => t.replace(/^"([\s\S]*)"$/, '$1'));
  return unwrapped.flatMap((t) => [t, t.replace(/\\([\s\S])/g, '$1')]);
}

function valuesFor(test: LeafTest, texts: readonly string[]): (string | number | boolean)[] {
  const guesses = [
    ...(test.exact === null ? [] : [test.exact]),
    ...texts.flatMap((text) => [
      ...[text, text.replaceAll('*', 'x'), text.replaceAll('*', ''), text.split('/')[0]!],
      ...(text === '' || Number.isNaN(Number(text)) ? [] : [0, 1, -1].map((more) => Number(text) + more)),
    ]),
    ...['x', true, false],
  ];
  return guesses.filter((g) => test.matches(String(g), typeof g as ScalarKind)).slice(0, 2);
}
