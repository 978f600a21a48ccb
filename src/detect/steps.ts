// A program as the engine runs it: steps of one shape, so that the loop over them is one piece of machine code.
import type { Atom, Program } from './program.js';

/** What a step asks: nothing; */
const ALL = 0;
/** of `field` the exact text of atom `id`; */
export const EXACT = 1;
/** of `field` any of the exact texts of `atoms`; */
export const IN = 2;
/** a test of the values of `field`, or whether it exists: atom `id`; */
export const TEST = 3;
export const NOT = 4;
export const AND = 5;
export const OR = 6;
/** whether `field` has a value; */
export const PRESENT = 7;
/** what the reference evaluator is asked: condition `id`. */
export const SLOW = 8;

export interface Step {
  readonly op: number;
  readonly id: number;
  readonly field: number;
  readonly atoms: readonly number[];
  readonly of: readonly Step[];
}

const none: readonly never[] = [];

export function stepOf(p: Program, atoms: readonly Atom[]): Step {
  switch (p.kind) {
    case 'all':
      return { op: ALL, id: -1, field: -1, atoms: none, of: none };
    case 'atom': {
      const { kind, field } = atoms[p.atom]!;
      const op = kind === 'exact' ? EXACT : kind === 'present' ? PRESENT : TEST;
      return { op, id: p.atom, field, atoms: none, of: none };
    }
    case 'in':
      return { op: IN, id: -1, field: p.field, atoms: p.atoms, of: none };
    case 'not':
      return { op: NOT, id: -1, field: -1, atoms: none, of: [stepOf(p.of, atoms)] };
    case 'and':
    case 'or': {
      const of = p.of.map((q) => stepOf(q, atoms));
      return { op: p.kind === 'and' ? AND : OR, id: -1, field: -1, atoms: none, of };
    }
    case 'slow':
      return { op: SLOW, id: p.index, field: -1, atoms: none, of: none };
  }
}
