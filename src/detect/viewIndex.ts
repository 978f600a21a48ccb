// The rules in the view of one form of records: those that the form itself rules out (a sign-in is never a CloudTrail
// event) are gone, each of the others hangs on its narrowest need. Made when the first record of the form comes.
import { DerivedLook } from './derivedLook.js';
import { FieldPlan } from './fieldPlan.js';
import { type Need, narrowest, needsOf } from './needs.js';
import { narrowed, type Program, type ProgramBuilder } from './program.js';
import { type Candidate, type Trial, trialOf } from './trials.js';
import type { View } from './views.js';

/** The trials that hang on one field. */
export class FieldIndex {
  readonly plan = new FieldPlan();
  /** Those that hang on its having a value; on a value at it or below. */
  readonly present: Trial[] = [];
  readonly exists: Trial[] = [];
  readonly #byAtom = new Map<number, Trial[]>();

  ofAtom(atom: number): Trial[] {
    let trials = this.#byAtom.get(atom);
    if (!trials) {
      trials = [];
      this.#byAtom.set(atom, trials);
    }
    return trials;
  }

  /** All of them. */
  get all(): Trial[] {
    return [...this.present, ...this.exists, ...[...this.#byAtom.values()].flat()];
  }
}

export class ViewIndex {
  /** Tried for every record of the form. */
  readonly always: readonly Trial[];
  /** The derived fields that some rule hangs on. */
  readonly derived: readonly DerivedLook[];
  readonly #fields = new Map<number, FieldIndex>();

  constructor(candidates: readonly Candidate[], view: View, builder: ProgramBuilder) {
    const trials: Trial[] = [];
    const needs: Need[][] = [];
    const always: Trial[] = [];
    const known = knownAtoms(view, builder);
    for (const candidate of candidates) {
      const left = narrowed(candidate.program, known);
      if (left === false) continue;
      const program: Program = left === true ? { kind: 'all' } : left;
      trials.push(trialOf(candidate, program, builder));
      needs.push(needsOf(program, builder));
    }
    const asked = new Map<number, number>();
    for (const need of needs.flat(2)) asked.set(need, (asked.get(need) ?? 0) + 1);
    trials.forEach((trial, i) => {
      if (needs[i]!.length === 0) always.push(trial);
      else for (const atom of narrowest(needs[i]!, builder, asked)) this.#hang(trial, atom, builder);
    });
    this.always = always;
    this.derived = view.derived.flatMap((d) => {
      const index = this.#fields.get(d.field);
      return index ? [new DerivedLook(d, index)] : [];
    });
  }

  /** Undefined: no rule hangs on it. */
  field(field: number): FieldIndex | undefined {
    return this.#fields.get(field);
  }

  #hang(trial: Trial, atom: number, builder: ProgramBuilder): void {
    const a = builder.atoms[atom]!;
    let index = this.#fields.get(a.field);
    if (!index) {
      index = new FieldIndex();
      this.#fields.set(a.field, index);
    }
    if (a.kind === 'exact') {
      const trials = index.ofAtom(atom);
      if (trials.length === 0) index.plan.add(atom, a);
      trials.push(trial);
    } else if (a.kind === 'exists') index.exists.push(trial);
    else index.present.push(trial);
  }
}

/** What the values that a form itself gives say: whether an atom holds for all its records; null: that depends on them. */
function knownAtoms(view: View, builder: ProgramBuilder): (atom: number) => boolean | null {
  const given = new Map(view.constants.map((c) => [c.field, c.values]));
  return (id) => {
    const atom = builder.atoms[id]!;
    const values = given.get(atom.field);
    // A field without a value can still have those of a record around it.
    if (values === undefined || values.length === 0) return null;
    if (atom.kind !== 'exact') return atom.kind === 'test' ? null : true;
    return values.some((v) => v.text === atom.text);
  };
}
