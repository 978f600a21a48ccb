// What rules ask of one field by its values alone: exact literals, found by bytes or by text.
import type { ScalarKind } from '../kql/predicate.js';
import { LiteralTable } from './literals.js';
import type { Atom } from './program.js';

/** Numbers remembered a field; past it they are forgotten. */
const MAX_KNOWN = 1024;
const none: readonly number[] = [];

export class FieldPlan {
  readonly literals = new LiteralTable();
  /** Exact atoms whose literal could also be the text of a number or boolean. */
  readonly #loose: { readonly atom: number; readonly test: Extract<Atom, { kind: 'exact' }>['test'] }[] = [];
  /** The same few numbers come again and again. */
  readonly #known = new Map<string, readonly number[]>();

  add(atom: number, { text, test }: Extract<Atom, { kind: 'exact' }>): void {
    this.literals.add(text, atom);
    if (text === 'true' || text === 'false' || /^[-+.]?\d|nan|inf/i.test(text))
      this.#loose.push({ atom, test });
  }

  get isLoose(): boolean {
    return this.#loose.length > 0;
  }

  /** The atoms that hold for a number or boolean. */
  looseAtoms(text: string, kind: ScalarKind): readonly number[] {
    if (this.#loose.length === 0) return none;
    let atoms = this.#known.get(text);
    if (atoms === undefined) {
      atoms = this.#loose.filter(({ test }) => test.matches(text, kind)).map(({ atom }) => atom);
      if (this.#known.size >= MAX_KNOWN) this.#known.clear();
      this.#known.set(text, atoms);
    }
    return atoms;
  }
}

/** By field. */
export function planFields(fieldCount: number, atoms: readonly Atom[]): FieldPlan[] {
  const plans = Array.from({ length: fieldCount }, () => new FieldPlan());
  atoms.forEach((atom, id) => {
    if (atom.kind === 'exact') plans[atom.field]!.add(id, atom);
  });
  return plans;
}
