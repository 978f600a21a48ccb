// Rules for the `rules` commands: from paths on the command line, else from --rules and the config.
import { resolve } from 'node:path';
import type { Flags } from '../config/load.js';
import type { UserMapping } from '../fields/userMapping.js';
import type { LoadResult } from '../rules/load.js';
import { type CommandIo, configFor } from './io.js';
import { rulesOf } from './ruleSets.js';

export interface RulesFlags extends Flags {
  readonly json?: boolean;
  /** The event's tag, for `rules explain`: constants of the config go by it. */
  readonly tag?: string;
}

export interface LoadedForCommand extends LoadResult {
  readonly fieldMapping: UserMapping;
}

/** Null: the command cannot run; why has been said. Files are named as they were given. */
export function loadForCommand(
  paths: readonly string[],
  flags: RulesFlags,
  io: CommandIo,
  lint = false,
): LoadedForCommand | null {
  const config = configFor(flags, io, { output: false });
  if (!config) return null;
  const say = (message: string): void => void io.stderr.write(`${message}\n`);
  const from = paths.length > 0 ? paths.map((p) => resolve(io.cwd, p)) : config.rules.paths;
  if (from.length === 0) {
    say('no rules: name files or folders, or say --rules PATH or --config FILE');
    return null;
  }
  const loaded = rulesOf({ rules: { ...config.rules, paths: from } }, say, lint);
  if (!loaded) return null;
  const near = (file: string): string =>
    file.startsWith(`${io.cwd}/`) ? file.slice(io.cwd.length + 1) : file;
  const placed = <T extends { readonly file: string }>(of: T): T => ({ ...of, file: near(of.file) });
  return {
    ...loaded,
    fieldMapping: config.rules.fieldMapping,
    errors: loaded.errors.map(placed),
    warnings: loaded.warnings.map(placed),
    ruleSet: { ...loaded.ruleSet, unsupported: loaded.ruleSet.unsupported.map(placed) },
  };
}
