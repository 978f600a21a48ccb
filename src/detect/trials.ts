// A rule as it is tried in one view, and what it has cost; and the trial of a whole list of them for one record.
import type { Rule } from '../rules/rule.js';
import { type Need, narrowest, needAsProgram, needsOf } from './needs.js';
import { type Program, type ProgramBuilder, weight } from './program.js';
import { type Step, stepOf } from './steps.js';

/** What one rule has cost an engine so far. */
export interface RuleCost {
  /** Events for which it was evaluated at all: its narrowest condition held, or it has none. */
  readonly candidates: number;
  /** Of these, how many were timed, and the ms that they took. */
  readonly timed: number;
  readonly ms: number;
}

export interface Candidate {
  readonly rule: Rule;
  readonly program: Program;
  readonly exceptions: readonly { readonly step: Step; readonly expires: number | null }[];
  /** RuleCost, as it grows. */
  candidates: number;
  timed: number;
  ms: number;
}

/** A rule in the view of one form of records. */
export interface Trial {
  readonly candidate: Candidate;
  /**
   * What of its query the form does not answer by itself: all of it must hold. What fails most often comes to be asked
   * first; what costs more never before what costs less.
   */
  readonly checks: Check[];
  /** The record for which it was put on the list last. */
  listed: number;
  /** How often it was tried since the rule was hung where it hangs. */
  tries: number;
}

interface Check {
  readonly step: Step;
  /** Of what it costs, in steps of four. */
  readonly rank: number;
  /** Atoms of which one must hold for it to hold; null: none. */
  readonly need: Need | null;
  /** How often it was the first that failed, of the trial's `tries`. */
  failures: number;
}

export function trialOf(candidate: Candidate, program: Program, builder: ProgramBuilder): Trial {
  const parts = program.kind === 'and' ? program.of : [program];
  // What a part made of alternatives needs in any case is asked before the part itself.
  const guards = parts
    .filter((p) => p.kind === 'or')
    .flatMap((p) => needsOf(p, builder).map((need) => needAsProgram(need, builder)));
  const checks = [...guards, ...parts].map((part): Check => {
    const cost = weight(part, builder.atoms);
    const needs = part.kind === 'slow' || part.kind === 'all' ? [] : needsOf(part, builder);
    return {
      step: stepOf(part, builder.atoms),
      rank: Math.floor(Math.log2(cost + 1) / 2),
      need: needs.length === 0 ? null : narrowest(needs, builder),
      failures: 0,
    };
  });
  return { candidate, checks: checks.sort((a, b) => a.rank - b.rank), listed: 0, tries: 0 };
}

/** Check `i` was the first that failed: it is asked a little earlier the next time. */
export function failed(checks: Check[], i: number): void {
  const check = checks[i]!;
  check.failures += 1;
  if (i === 0 || checks[i - 1]!.rank < check.rank) return;
  checks[i] = checks[i - 1]!;
  checks[i - 1] = check;
}
