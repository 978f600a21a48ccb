// Which fields a predicate reads, patterns left out.
import type { Predicate } from './predicate.js';

/** @param positive only those that it does not negate. */
export function fieldsOf(predicate: Predicate, positive = false, into = new Set<string>()): Set<string> {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      for (const inner of predicate.of) fieldsOf(inner, positive, into);
      return into;
    case 'not':
      return positive ? into : fieldsOf(predicate.of, positive, into);
    case 'leaf':
      if (!predicate.field.wildcard) into.add(predicate.field.name);
      return into;
    case 'all':
    case 'any':
    case 'nested':
      return into;
  }
}
