// Where in a record a condition looks that only the reference evaluator can judge: so that no more than that of a raw
// record is brought into the form of ECS for it.
import type { Predicate } from '../kql/predicate.js';

/** What all paths that the condition looks at begin with; '': anywhere. */
export function placeOf(p: Predicate): string {
  switch (p.kind) {
    case 'nested':
      return p.path;
    case 'leaf':
      return p.field.wildcard ? (p.field.pieces ?? p.field.name.split('*'))[0]! : p.field.name;
    case 'not':
      return placeOf(p.of);
    case 'and':
    case 'or':
    case 'any':
    case 'all':
      return '';
  }
}
