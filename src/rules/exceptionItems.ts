// Kibana's exception items: entries are all of an item (AND), items of a list are any (OR).

import { existsTest } from '../kql/leafTests.js';
import type { LeafTest, Predicate } from '../kql/predicate.js';
import { wildcard } from './filters.js';
import type { SourceDocument } from './place.js';
import type { RuleException } from './rule.js';
import { RuleFileError } from './ruleError.js';

export interface ExceptionItem {
  readonly listId: string;
  readonly exception: RuleException;
}

const span = { start: 0, end: 0 };

/** @throws RuleFileError for an item that is not understood: an exception is never left out silently. */
export function exceptionItem(source: SourceDocument): ExceptionItem {
  const item = source.value as Record<string, unknown>;
  const entries = Array.isArray(item['entries']) ? (item['entries'] as unknown[]) : [];
  const of = entries.map((entry, i) => entryPredicate(entry, source, ['entries', i]));
  const osTypes = Array.isArray(item['os_types']) ? (item['os_types'] as unknown[]).map(String) : [];
  if (osTypes.length > 0) of.push(osPredicate(osTypes));
  if (entries.length === 0)
    throw new RuleFileError('exception', source.place(['entries']), 'the item has no entries');
  const expires = typeof item['expire_time'] === 'string' ? Date.parse(item['expire_time']) : null;
  if (Number.isNaN(expires))
    throw new RuleFileError('exception', source.place(['expire_time']), 'expire_time is no date');
  return {
    listId: String(item['list_id'] ?? ''),
    exception: {
      name: String(item['name'] ?? item['item_id'] ?? ''),
      predicate: { kind: 'and', of, span },
      expires,
      text: JSON.stringify([entries, osTypes]),
    },
  };
}

function osPredicate(osTypes: readonly string[]): Predicate {
  const of = osTypes.flatMap((os): Predicate[] => [
    leaf('host.os.type', equals(os)),
    leaf('host.os.name', caseless(os)),
  ]);
  return { kind: 'or', of, span };
}

function entryPredicate(
  entry: unknown,
  source: SourceDocument,
  path: readonly (string | number)[],
): Predicate {
  const bad = (message: string): RuleFileError => new RuleFileError('exception', source.place(path), message);
  if (typeof entry !== 'object' || entry === null) throw bad('an entry is not an object');
  const { field, type, operator, value, entries } = entry as Record<string, unknown>;
  if (typeof field !== 'string') throw bad('an entry has no field');
  const signed = (predicate: Predicate): Predicate =>
    operator === 'excluded' ? { kind: 'not', of: predicate, span } : predicate;
  switch (type) {
    case 'match':
      return signed(leaf(field, equals(String(value))));
    case 'match_any': {
      const values = Array.isArray(value) ? (value as unknown[]) : [value];
      return signed({ kind: 'or', of: values.map((v) => leaf(field, equals(String(v)))), span });
    }
    case 'wildcard':
      return signed(leaf(field, wildcard(String(value), false)));
    case 'exists':
      return signed(leaf(field, existsTest));
    case 'nested': {
      const inner = (Array.isArray(entries) ? (entries as unknown[]) : []).map((e, i) =>
        entryPredicate(e, source, [...path, 'entries', i]),
      );
      return { kind: 'nested', path: field, of: { kind: 'and', of: inner, span }, span };
    }
    default:
      throw bad(`entries of type ${JSON.stringify(type)} are not supported`);
  }
}

function leaf(name: string, test: LeafTest): Predicate {
  return { kind: 'leaf', field: { name, wildcard: false }, test, span };
}
function equals(text: string): LeafTest {
  return { op: 'equals', exact: text, matches: (t) => t === text };
}
function caseless(text: string): LeafTest {
  const lower = text.toLowerCase();
  return { op: 'caseless', exact: null, matches: (t) => t.toLowerCase() === lower };
}
