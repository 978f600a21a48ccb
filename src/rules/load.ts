// Rule files and folders to a rule set. Nothing is silently skipped: every document ends as a rule, as disabled, as
// unsupported with the reason, or as an error with its place.
import { extname } from 'node:path';
import { filesBelow, isFolder, RulePathError } from './folders.js';
import { ruleFormats } from './formats/ruleFormats.js';
import { Loader, type LoadOptions } from './loader.js';
import type { RuleSet } from './rule.js';
import type { RuleError, RuleWarning } from './ruleError.js';

export interface LoadResult {
  readonly ruleSet: RuleSet;
  readonly errors: readonly RuleError[];
  /** Rules (and exception items, and files that cannot be read) that the errors are about. */
  readonly invalid: number;
  readonly warnings: readonly RuleWarning[];
  /** Rule files read. */
  readonly files: number;
}

/** @throws RulePathError when a path of `paths` is not there. */
export function loadRules(paths: readonly string[], options: LoadOptions = {}): LoadResult {
  const steps = loading(paths, options);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Longer than this a running stage's events do not wait for the loading of rules. ms. */
const STEP_MS = 4;

/**
 * The same in short steps with `pause` between them, for a program that has other things to do: Elastic's whole
 * repository takes seconds. @throws RulePathError
 */
export async function loadRulesGently(
  paths: readonly string[],
  options: LoadOptions,
  pause: () => Promise<void>,
): Promise<LoadResult> {
  const steps = loading(paths, options);
  let started = performance.now();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (performance.now() - started < STEP_MS) continue;
    await pause();
    started = performance.now();
  }
}

function* loading(paths: readonly string[], options: LoadOptions): Generator<void, LoadResult> {
  const loader = new Loader(options);
  const files = [...new Set(paths.flatMap(ruleFilesOf))];
  for (const file of files) yield* loader.read(file);
  return { ...(yield* loader.finish()), files: files.length };
}

const endings = new Set(ruleFormats.flatMap((f) => f.endings));

/** Rule files at a path: the file itself, or those below a folder. @throws RulePathError */
export function ruleFilesOf(path: string): string[] {
  const isRuleFile = (file: string): boolean => endings.has(extname(file).toLowerCase());
  if (isFolder(path)) return filesBelow(path).filter((file) => isRuleFile(file) && !isExamples(file));
  if (isRuleFile(path)) return [path];
  throw new RulePathError(`${path}: rules are read from files that end in ${[...endings].join(', ')}`);
}

/** `NAME.examples.yaml` beside a rule is its examples. */
export function isExamples(name: string): boolean {
  return /\.examples\.(ya?ml|json)$/i.test(name);
}
