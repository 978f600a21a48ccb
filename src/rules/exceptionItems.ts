// Kibana's exception items: entries are all of an item (AND), items of a list are any (OR).
import type { LeafTest, Predicate } from '../kql/predicate.js';
import type { FieldTypes } from '../kql/types.js';
import { Conditions, noSpan } from './conditions.js';
import type { Path, SourceDocument } from './place.js';
import type { RuleException } from './rule.js';
import { RuleFileError } from './ruleError.js';

export interface ExceptionItem {
  readonly listId: string;
  readonly exception: RuleException;
}

export interface ExceptionOptions {
  readonly fieldTypes: FieldTypes;
  /** The test of a value list's values; null: no file beside the items holds it. */
  readonly valueList: (id: string, type: string) => LeafTest['matches'] | null;
  /** An item that cannot be applied, because a value list is missing. */
  readonly onMissingList: (id: string, path: Path) => void;
}

/**
 * Null: the item needs a value list that is not there.
 * @throws RuleFileError for an item that is not understood: an exception is never left out silently.
 */
export function exceptionItem(source: SourceDocument, options: ExceptionOptions): ExceptionItem | null {
  const item = source.value as Record<string, unknown>;
  const entries = Array.isArray(item['entries']) ? (item['entries'] as unknown[]) : [];
  const items = new Entries(source, options);
  const of = entries.map((entry, i) => items.predicate(entry, ['entries', i], ''));
  if (entries.length === 0)
    throw new RuleFileError('exception', source.place(['entries']), 'the item has no entries');
  const osTypes = Array.isArray(item['os_types']) ? (item['os_types'] as unknown[]).map(String) : [];
  const expires = typeof item['expire_time'] === 'string' ? Date.parse(item['expire_time']) : null;
  if (Number.isNaN(expires))
    throw new RuleFileError('exception', source.place(['expire_time']), 'expire_time is no date');
  if (items.missing) return null;
  if (osTypes.length > 0) of.push(items.ofSystems(osTypes));
  return {
    listId: String(item['list_id'] ?? ''),
    exception: {
      name: String(item['name'] ?? item['item_id'] ?? ''),
      predicate: { kind: 'and', of, span: noSpan },
      expires,
      text: JSON.stringify([entries, osTypes]),
    },
  };
}

class Entries {
  /** An entry needs a value list that is not there. */
  missing = false;
  readonly #source: SourceDocument;
  readonly #options: ExceptionOptions;
  readonly #on: Conditions;

  constructor(source: SourceDocument, options: ExceptionOptions) {
    this.#source = source;
    this.#options = options;
    this.#on = new Conditions(options.fieldTypes);
  }

  ofSystems(osTypes: readonly string[]): Predicate {
    const of = osTypes.flatMap((os): Predicate[] => [
      this.#on.phrase('host.os.type', os),
      this.#on.caseless('host.os.name', os),
    ]);
    return { kind: 'or', of, span: noSpan };
  }

  /** @param prefix the path of the nested entry around it, with its dot. */
  predicate(entry: unknown, path: Path, prefix: string): Predicate {
    const bad = (message: string): RuleFileError =>
      new RuleFileError('exception', this.#source.place(path), message);
    if (typeof entry !== 'object' || entry === null) throw bad('an entry is not an object');
    const { field, type, operator, value, entries } = entry as Record<string, unknown>;
    if (typeof field !== 'string') throw bad('an entry has no field');
    if (operator !== undefined && operator !== 'included' && operator !== 'excluded')
      throw bad(`the operator of an entry is ${JSON.stringify(operator)}; it can be included or excluded`);
    const signed = (predicate: Predicate): Predicate =>
      operator === 'excluded' ? { kind: 'not', of: predicate, span: noSpan } : predicate;
    switch (type) {
      case 'match':
      case 'wildcard':
        if (value === undefined || value === null || typeof value === 'object')
          throw bad(`an entry of type ${type} needs a value`);
        if (type === 'match') return signed(this.#on.phrase(field, String(value), prefix));
        return signed(this.#on.wildcard(field, String(value), false, prefix));
      case 'match_any': {
        if (!Array.isArray(value) || value.length === 0)
          throw bad('an entry of type match_any needs a list of values');
        const of = value.map((v: unknown) => this.#on.phrase(field, String(v), prefix));
        return signed({ kind: 'or', of, span: noSpan });
      }
      case 'exists':
        return signed(this.#on.exists(field, prefix));
      case 'nested': {
        if (!Array.isArray(entries) || entries.length === 0) throw bad('a nested entry needs entries');
        const inner = entries.map((e: unknown, i) =>
          this.predicate(e, [...path, 'entries', i], `${prefix}${field}.`),
        );
        return { kind: 'nested', path: field, of: { kind: 'and', of: inner, span: noSpan }, span: noSpan };
      }
      case 'list':
        return signed(this.#inList(field, entry as Record<string, unknown>, path, prefix));
      default:
        throw bad(`entries of type ${JSON.stringify(type)} are not supported`);
    }
  }

  #inList(field: string, entry: Record<string, unknown>, path: Path, prefix: string): Predicate {
    const { id, type } = (entry['list'] ?? {}) as Record<string, unknown>;
    if (typeof id !== 'string' || id === '') {
      const message = 'an entry of type list needs a list with an id';
      throw new RuleFileError('exception', this.#source.place(path), message);
    }
    const matches = this.#options.valueList(id, typeof type === 'string' ? type : 'keyword');
    if (matches !== null) return this.#on.test(field, `in the list ${JSON.stringify(id)}`, matches, prefix);
    this.missing = true;
    this.#options.onMissingList(id, path);
    return { kind: 'all' };
  }
}
