// Rules for a command: loaded by the config, their problems said, and whether the command may go on.
import { setImmediate } from 'node:timers/promises';
import type { Config } from '../config/config.js';
import { fieldKnowledge } from '../fields/knownFields.js';
import { sourceMappings } from '../fields/mappings.js';
import { FieldTypes } from '../kql/types.js';
import { RulePathError } from '../rules/folders.js';
import { type LoadResult, loadRules, loadRulesGently } from '../rules/load.js';
import type { LoadOptions } from '../rules/loader.js';
import { formatRuleError } from '../rules/ruleError.js';
import type { CommandIo } from './io.js';

/** Null: a path is not there; that has been said. */
export function rulesOf(
  config: Pick<Config, 'rules'>,
  say: (message: string) => void,
  lint = false,
): LoadResult | null {
  try {
    const { paths, fieldTypes } = config.rules;
    const knowledge = fieldKnowledge(sourceMappings, Object.keys(fieldTypes));
    return loadRules(paths, { ...optionsOf(config), ...(lint ? { fieldKnowledge: knowledge } : {}) });
  } catch (error) {
    if (!(error instanceof RulePathError)) throw error;
    say(error.message);
    return null;
  }
}

/** As `rulesOf`, in short steps: a running stage goes on between them. */
export async function rulesGently(
  config: Pick<Config, 'rules'>,
  say: (message: string) => void,
): Promise<LoadResult | null> {
  try {
    return await loadRulesGently(config.rules.paths, optionsOf(config), () => setImmediate());
  } catch (error) {
    if (!(error instanceof RulePathError)) throw error;
    say(error.message);
    return null;
  }
}

function optionsOf({ rules }: Pick<Config, 'rules'>): LoadOptions {
  return {
    overlays: rules.overlays,
    fieldTypes: new FieldTypes(rules.fieldTypes),
    routes: Object.keys(rules.routes),
  };
}

/** As `rulesOf`, for a command that cannot run when a rule is malformed: every error is said with its place. */
export function soundRulesOf(
  config: Pick<Config, 'rules'>,
  io: CommandIo,
  say: (message: string) => void,
): LoadResult | null {
  const loaded = rulesOf(config, say);
  if (!loaded || loaded.errors.length === 0) return loaded;
  for (const error of loaded.errors) io.stderr.write(`${formatRuleError(error)}\n`);
  say(`rules do not load (${loaded.errors.length} errors): mend them, or leave their files out`);
  return null;
}

/** How many rules are left out, by reason; '' when none is. */
export function unsupportedSummary(result: LoadResult): string {
  const reasons = new Map<string, number>();
  for (const { reason } of result.ruleSet.unsupported) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  return [...reasons].map(([reason, count]) => `${count}: ${reason}`).join('; ');
}
