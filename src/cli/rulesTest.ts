// `fluent-detect rules test PATH…`: the examples kept beside the rules, each against its own rule.
import { writeFileSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { Engines } from '../detect/engines.js';
import { sourceMappings } from '../fields/mappings.js';
import type { UserMapping } from '../fields/userMapping.js';
import { jsonToMsgpack } from '../msgpack/json.js';
import { type Example, exampleFilesOf, readExamples, stemOf } from '../rules/examples.js';
import { RulePathError } from '../rules/folders.js';
import { ruleFilesOf } from '../rules/load.js';
import type { Rule } from '../rules/rule.js';
import { formatRuleError } from '../rules/ruleError.js';
import type { CommandIo, ExitStatus } from './io.js';
import { junitReport } from './junit.js';
import { loadForCommand, type RulesFlags } from './rulesFlags.js';

export interface TestFlags extends RulesFlags {
  /** A JUnit report is written there. */
  readonly junit?: string;
}

interface Outcome {
  readonly example: Example;
  /** Null: as expected. */
  readonly failure: string | null;
}

export function rulesTest(paths: readonly string[], flags: TestFlags, io: CommandIo): ExitStatus {
  const say = (line: string): void => void io.stderr.write(`${line}\n`);
  const from = paths.map((p) => resolve(io.cwd, p));
  let files: string[];
  let rulePaths: string[];
  try {
    files = [...new Set(from.flatMap(exampleFilesOf))];
    // Of an examples file named by itself, the rules are those of its folder.
    rulePaths = from.flatMap((p) => (files.includes(p) ? rulesBeside(p) : [p]));
  } catch (error) {
    if (!(error instanceof RulePathError)) throw error;
    say(error.message);
    return 2;
  }
  const loaded = loadForCommand(rulePaths, flags, io);
  if (!loaded) return 2;
  for (const error of loaded.errors) say(formatRuleError(error));
  const read = files.map(readExamples);
  const errors = read.flatMap((r) => r.errors);
  for (const error of errors) say(formatRuleError(error));
  const rules = [...loaded.ruleSet.rules, ...loaded.ruleSet.disabled];
  const outcomes = read.flatMap((r) => r.examples).map((e) => outcomeOf(e, rules, loaded.fieldMapping));
  for (const { example, failure } of outcomes) {
    const place = `${example.file}:${example.line}`.replace(`${io.cwd}/`, '');
    say(failure === null ? `ok      ${example.name}` : `FAILED  ${place}: ${example.name}: ${failure}`);
  }
  const failed = outcomes.filter((o) => o.failure !== null).length;
  say(`${outcomes.length - failed} passed, ${failed} failed, in ${files.length} files`);
  if (outcomes.length === 0) say('no examples found: they stand beside a rule as NAME.examples.yaml');
  if (flags.json) io.stdout.write(`${JSON.stringify(outcomes.map(jsonOf), null, 2)}\n`);
  if (flags.junit !== undefined) {
    const cases = outcomes.map(({ example, failure }) => ({
      classname: stemOf(example.file),
      name: example.name,
      failure,
      detail: `${example.file}:${example.line}`,
    }));
    writeFileSync(resolve(io.cwd, flags.junit), junitReport('fluent-detect rules test', cases));
  }
  return failed > 0 || errors.length > 0 || loaded.errors.length > 0 ? 1 : 0;
}

function rulesBeside(file: string): string[] {
  const folder = resolve(file, '..');
  const stem = stemOf(file);
  const own = ruleFilesOf(folder).filter((f) => basename(f, extname(f)) === stem);
  return own.length > 0 ? own : [folder];
}

function outcomeOf(example: Example, rules: readonly Rule[], fieldMapping: UserMapping): Outcome {
  const stem = stemOf(example.file);
  const own = rules.filter((r) =>
    example.ruleId === null
      ? basename(r.source.file, extname(r.source.file)) === stem
      : r.id === example.ruleId,
  );
  if (own.length === 0) {
    const which =
      example.ruleId === null ? `no rule file ${stem} beside it` : `no rule has the id ${example.ruleId}`;
    return { example, failure: which };
  }
  const engine = new Engines(
    { rules: own, disabled: [], unsupported: [], hash: '' },
    { routes: {}, fieldMapping },
    // What an example shows of a stateful rule is its query.
    { mappings: sourceMappings, gate: () => ({}) },
  ).for(example.tag);
  const bytes = jsonToMsgpack(JSON.stringify(example.record));
  engine.match(bytes, 0, bytes.length, Date.now());
  const matched = engine.matches.length > 0;
  if (matched === example.matches) return { example, failure: null };
  return {
    example,
    failure: matched ? 'the rule matches, and must not' : 'the rule does not match, and must',
  };
}

function jsonOf({ example, failure }: Outcome): Record<string, unknown> {
  const { file, line, name, matches, ruleId } = example;
  return {
    file,
    line,
    rule_id: ruleId,
    name,
    matches,
    passed: failure === null,
    ...(failure ? { failure } : {}),
  };
}
