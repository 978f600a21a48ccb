// `replay --expect` and `--junit`: the expectations read with their errors said, and the outcomes as people and CI
// systems read them.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ExpectationOutcome, type Expectations, readExpectations } from '../replay/expectations.js';
import type { Replay } from '../replay/replay.js';
import type { RuleSet } from '../rules/rule.js';
import { formatRuleError } from '../rules/ruleError.js';
import type { CommandIo } from './io.js';
import { junitReport } from './junit.js';

/** What is wrong with the file has been said when it is `unreadable`. */
export function expectationsOf(path: string, ruleSet: RuleSet, io: CommandIo): Expectations | 'unreadable' {
  let text: string;
  try {
    text = readFileSync(resolve(io.cwd, path), 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    io.stderr.write(`${path}: ${(error as Error).message}\n`);
    return 'unreadable';
  }
  const read = readExpectations(path, text, ruleSet);
  if ('expectations' in read) return read.expectations;
  for (const error of read.errors) io.stderr.write(`${formatRuleError(error)}\n`);
  return 'unreadable';
}

export function failureText({ name, place, failure }: ExpectationOutcome): string {
  return `${place === '' ? '' : `${place}: `}NOT AS EXPECTED: rule "${name}": ${failure}`;
}

/** A case a rule: with expectations whether they hold; without, what each rule found. */
export function replayJunit(
  replay: Replay,
  errors: number,
  outcomes: readonly ExpectationOutcome[] | null,
): string {
  const cases = outcomes
    ? outcomes.map((o) => ({ classname: o.ruleId, name: o.name, failure: o.failure, detail: o.place }))
    : replay.findings.map(({ rule, matches, alerts }) => ({
        classname: rule.id,
        name: `${rule.name}: ${matches} matches, ${alerts} alerts`,
        failure: null,
        detail: '',
      }));
  const reading = {
    classname: 'captures',
    name: 'every line can be read',
    failure: errors === 0 ? null : `${errors} lines could not be read`,
    detail: '',
  };
  return junitReport('fluent-detect replay', [reading, ...cases]);
}
