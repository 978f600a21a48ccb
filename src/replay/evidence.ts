// Why an event matched: the conditions of the rule's query that held, each with the values that made it hold, and what
// tells a person who and where.
import type { Match } from '../detect/match.js';
import type { LeafTest, Predicate } from '../kql/predicate.js';

export interface FieldEvidence {
  readonly field: string;
  readonly values: readonly string[];
  /** The condition that the values meet, as the rule writes it; null: context, no condition. */
  readonly condition: string | null;
}

/** Values shown a field, and characters a value. */
const MAX_VALUES = 20;
const MAX_LENGTH = 1000;

const context = [
  'user.name',
  'source.ip',
  'host.name',
  'process.name',
  'event.action',
  'event.outcome',
] as const;

/** To be called while the match can be read. */
export function evidenceOf({ rule, view }: Match): FieldEvidence[] {
  const held = holding(rule.predicate, (field) => view.values(field));
  const evidence = held === null || held === 'unknown' ? [] : held;
  const named = new Set(evidence.map((e) => e.field));
  for (const field of context) {
    const values = view.values(field);
    if (values.length > 0 && !named.has(field))
      evidence.push({ field, values: shown(values), condition: null });
  }
  return evidence;
}

/** The conditions that hold; null: the predicate does not; `unknown`: it reads fields that have no fixed name. */
function holding(
  p: Predicate,
  valuesOf: (field: string) => readonly string[],
): FieldEvidence[] | null | 'unknown' {
  switch (p.kind) {
    case 'all':
      return [];
    case 'any':
    case 'nested':
      return 'unknown';
    case 'not': {
      const inner = holding(p.of, valuesOf);
      return inner === null ? [] : inner === 'unknown' ? 'unknown' : null;
    }
    case 'leaf': {
      if (p.field.wildcard) return 'unknown';
      const field = p.field.name;
      const values = valuesOf(field).filter((value) => meets(p.test, value));
      // What is there below a field has no values of its own.
      if (values.length === 0) return p.test.op === 'exists' ? 'unknown' : null;
      return [{ field, values: shown(values), condition: p.text.replace(/\s+/g, ' ') }];
    }
    case 'and':
    case 'or': {
      const parts = p.of.map((q) => holding(q, valuesOf));
      if (p.kind === 'and' ? parts.includes(null) : parts.every((part) => part === null)) return null;
      return parts.flatMap((part) => (part === null || part === 'unknown' ? [] : part));
    }
  }
}

/** A view gives texts: a value counts as what it can be read as. */
function meets(test: LeafTest, value: string): boolean {
  return test.matches(value, 'string') || test.matches(value, 'number') || test.matches(value, 'boolean');
}

function shown(values: readonly string[]): string[] {
  const some = values
    .slice(0, MAX_VALUES)
    .map((v) => (v.length > MAX_LENGTH ? `${v.slice(0, MAX_LENGTH)}…` : v));
  return values.length > MAX_VALUES ? [...some, `… ${values.length - MAX_VALUES} more`] : some;
}
