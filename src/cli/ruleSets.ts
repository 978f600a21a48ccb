// Rules for a command: loaded by the config, their problems said, and whether the command may go on.
import type { Config } from '../config/config.js';
import { fieldKnowledge } from '../fields/knownFields.js';
import { sourceMappings } from '../fields/mappings.js';
import { FieldTypes } from '../kql/types.js';
import { type LoadResult, loadRules, RulePathError } from '../rules/load.js';

/** Null: a path is not there; that has been said. */
export function rulesOf(
  config: Pick<Config, 'rules'>,
  say: (message: string) => void,
  lint = false,
): LoadResult | null {
  try {
    const { paths, overlays, fieldTypes } = config.rules;
    const isKnownField = fieldKnowledge(sourceMappings, Object.keys(fieldTypes));
    return loadRules(paths, {
      overlays,
      fieldTypes: new FieldTypes(fieldTypes),
      ...(lint ? { isKnownField } : {}),
    });
  } catch (error) {
    if (!(error instanceof RulePathError)) throw error;
    say(error.message);
    return null;
  }
}

/** How many rules are left out, by reason; '' when none is. */
export function unsupportedSummary(result: LoadResult): string {
  const reasons = new Map<string, number>();
  for (const { reason } of result.ruleSet.unsupported) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  return [...reasons].map(([reason, count]) => `${count}: ${reason}`).join('; ');
}
