// Several tests of one field's values as one test. What a text means to many wildcards is remembered: names of processes,
// paths and options come again and again.
import type { LeafTest } from '../kql/predicate.js';

/** From so many tests on a text is remembered. */
const MANY = 3;
/** Texts remembered a test; past it they are forgotten. */
const MAX_KNOWN = 256;
/** Where fewer than so many answers came from memory until then, nothing is remembered for a while. */
const WORTH_IT = MAX_KNOWN;
const A_WHILE = 16_384;
/** A longer text is not worth remembering. UTF-16 units. */
const MAX_TEXT = 64;

/** Holds when any of the tests does. */
export function anyTest(tests: readonly LeafTest[]): LeafTest {
  const matches: LeafTest['matches'] = (text, kind) => {
    for (let i = 0; i < tests.length; i += 1) if (tests[i]!.matches(text, kind)) return true;
    return false;
  };
  // A date or a number is another matter: the answer can depend on the clock, or on the kind.
  const isRemembered =
    tests.length >= MANY && tests.every(({ op }) => op === 'wildcard' || op === 'caseless');
  if (!isRemembered) return { op: tests[0]!.op, exact: null, matches };
  const known = new Map<string, boolean>();
  let hits = 0;
  let pause = 0;
  return {
    op: tests[0]!.op,
    exact: null,
    matches: (text, kind) => {
      if (kind !== 'string' || text.length > MAX_TEXT) return matches(text, kind);
      if (pause > 0) {
        pause -= 1;
        return matches(text, kind);
      }
      let holds = known.get(text);
      if (holds !== undefined) {
        hits += 1;
        return holds;
      }
      holds = matches(text, kind);
      if (known.size >= MAX_KNOWN) {
        known.clear();
        // Texts that never come again, as whole command lines are.
        if (hits < WORTH_IT) pause = A_WHILE;
        hits = 0;
      }
      known.set(text, holds);
      return holds;
    },
  };
}
