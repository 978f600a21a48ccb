// A rule as it is tried in one view, and what it has cost; and the trial of a whole list of them for one record.
import type { Rule } from '../rules/rule.js';
import type { Program } from './program.js';

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
  readonly exceptions: readonly { readonly program: Program; readonly expires: number | null }[];
  /** RuleCost, as it grows. */
  candidates: number;
  timed: number;
  ms: number;
}

/** A rule in the view of one form of records. */
export interface Trial {
  readonly candidate: Candidate;
  /** What of its query the form does not answer by itself. */
  readonly program: Program;
  /** The record for which it was put on the list last. */
  listed: number;
}
