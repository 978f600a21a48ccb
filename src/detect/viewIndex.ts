// The rules in the view of one form of records: those that the form itself rules out (a sign-in is never a CloudTrail
// event) are gone, each of the others hangs on its narrowest need. Made when the first record of the form comes.
import { DerivedLook } from './derivedLook.js';
import { FieldPlan } from './fieldPlan.js';
import { type Need, narrowest, needsOf } from './needs.js';
import { type Atom, narrowed, type Program, type ProgramBuilder } from './program.js';
import { type Candidate, type Trial, trialOf } from './trials.js';
import type { View } from './views.js';

/** A rule is hung elsewhere when of so many trials or more */
const ENOUGH = 32;
/** this share failed by one of its conditions; */
const MOSTLY = 0.75;
/** and when it is tried on this share of the records for which some rule is. */
const OFTEN = 0.02;

/** The trials that hang on one field. */
export class FieldIndex {
  /** Its "atoms" are places in `lists`. */
  readonly plan = new FieldPlan();
  readonly lists: Trial[][] = [];
  /** Those that hang on its having a value; on a value at it or below. */
  readonly present: Trial[] = [];
  readonly exists: Trial[] = [];
  readonly #places = new Map<number, number>();

  hang(trial: Trial, id: number, atom: Atom): void {
    if (atom.kind === 'exists') this.exists.push(trial);
    else if (atom.kind !== 'exact') this.present.push(trial);
    else {
      let place = this.#places.get(id);
      if (place === undefined) {
        place = this.lists.push([]) - 1;
        this.#places.set(id, place);
        this.plan.add(place, atom);
      }
      this.lists[place]!.push(trial);
    }
  }

  /** All of them. */
  get all(): Trial[] {
    return [...this.present, ...this.exists, ...this.lists.flat()];
  }
}

interface Hung {
  readonly trial: Trial;
  need: Need;
  /** The need before, and the share of records that it held for; null: none. */
  before: { readonly need: Need; readonly share: number } | null;
  /** It was worse elsewhere. */
  settled: boolean;
}

export class ViewIndex {
  /** Tried for every record of the form. */
  readonly always: readonly Trial[];
  /** The derived fields that some rule hangs on. */
  derived: readonly DerivedLook[] = [];
  /** The derived fields that have a value where the record has nothing to make it of, and that no record had yet. */
  unseen: readonly number[];
  readonly #hung: Hung[] = [];
  readonly #view: View;
  readonly #builder: ProgramBuilder;
  readonly #fields = new Map<number, FieldIndex>();

  constructor(candidates: readonly Candidate[], view: View, builder: ProgramBuilder) {
    this.#view = view;
    this.#builder = builder;
    const always: Trial[] = [];
    const known = knownAtoms(view, builder);
    const trials = candidates.flatMap((candidate) => {
      const left = narrowed(candidate.program, known);
      if (left === false) return [];
      const program: Program = left === true ? { kind: 'all' } : left;
      return [{ trial: trialOf(candidate, program, builder), needs: needsOf(program, builder) }];
    });
    const asked = new Map<number, number>();
    for (const { needs } of trials)
      for (const atom of needs.flat()) asked.set(atom, (asked.get(atom) ?? 0) + 1);
    for (const { trial, needs } of trials) {
      if (needs.length === 0) always.push(trial);
      else this.#hung.push({ trial, need: narrowest(needs, builder, asked), before: null, settled: false });
    }
    this.always = always;
    this.unseen = view.derived.filter((d) => d.as(d.slots.map(() => [])).length > 0).map((d) => d.field);
    this.#hang();
  }

  /** Undefined: no rule hangs on it. */
  field(field: number): FieldIndex | undefined {
    return this.#fields.get(field);
  }

  /**
   * Which need of a rule is the narrowest is a guess, until records come: rules whose other conditions were seen to fail
   * are hung on those. All needs are as good for the outcome. False: none is hung elsewhere.
   * @param looks records for which some rule was tried since the last time.
   */
  rehang(looks: number): boolean {
    let changed = false;
    for (const hung of this.#hung) {
      const { trial, before } = hung;
      const share = trial.tries / looks;
      const failing = trial.checks.reduce((a, b) => (b.need !== null && b.failures > a.failures ? b : a));
      let need: Need | null = null;
      if (!hung.settled && before !== null && share > before.share) {
        need = before.need;
        hung.settled = true;
      } else if (!hung.settled && trial.tries >= ENOUGH && share >= OFTEN) {
        if (failing.need !== null && failing.failures > trial.tries * MOSTLY) need = failing.need;
      }
      for (const check of trial.checks) check.failures = 0;
      trial.tries = 0;
      if (need === null || need === hung.need) continue;
      hung.before = { need: hung.need, share };
      hung.need = need;
      changed = true;
    }
    if (changed) this.#hang();
    return changed;
  }

  #hang(): void {
    const builder = this.#builder;
    this.#fields.clear();
    for (const { trial, need } of this.#hung) {
      for (const id of need) {
        const atom = builder.atoms[id]!;
        let index = this.#fields.get(atom.field);
        if (!index) {
          index = new FieldIndex();
          this.#fields.set(atom.field, index);
        }
        index.hang(trial, id, atom);
      }
    }
    this.derived = this.#view.derived.flatMap((d) => {
      const index = this.#fields.get(d.field);
      return index ? [new DerivedLook(d, index)] : [];
    });
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
