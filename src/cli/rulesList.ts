// `fluent-detect rules list [--json]`: the rules in force.

import { viewOf } from '../detect/match.js';
import type { Rule } from '../rules/rule.js';
import { formatRuleError } from '../rules/ruleError.js';
import { detectionRuleOf } from '../tag/leaves.js';
import type { CommandIo, ExitStatus } from './io.js';
import { loadForCommand, type RulesFlags } from './rulesFlags.js';
import { table } from './table.js';

export function rulesList(paths: readonly string[], flags: RulesFlags, io: CommandIo): ExitStatus {
  const loaded = loadForCommand(paths, flags, io);
  if (!loaded) return 2;
  for (const error of loaded.errors) io.stderr.write(`${formatRuleError(error)}\n`);
  const { rules, disabled, unsupported } = loaded.ruleSet;
  if (flags.json) io.stdout.write(`${JSON.stringify(rules.map(jsonOf), null, 2)}\n`);
  else {
    const rows = rules.map((r) => {
      const { tactics, techniques } = attackOf(r);
      return [r.id, r.severity, r.riskScore, r.version, r.name, [...tactics, ...techniques].join(' ')];
    });
    io.stdout.write(table(['id', 'severity', 'risk score', 'version', 'name', 'ATT&CK'], rows));
    io.stderr.write(
      `${rules.length} rules in force, ${disabled.length} disabled, ${unsupported.length} not supported\n`,
    );
  }
  return loaded.errors.length > 0 ? 1 : 0;
}

function jsonOf(rule: Rule): Record<string, unknown> {
  return {
    id: rule.id,
    name: rule.name,
    version: rule.version,
    type: rule.type,
    severity: rule.severity,
    risk_score: rule.riskScore,
    ...attackOf(rule),
    threat: rule.threat,
    tags: rule.tags,
    building_block: rule.buildingBlock,
    file: rule.source.file,
    line: rule.source.line,
  };
}

function attackOf(rule: Rule): {
  readonly tactics: readonly string[];
  readonly techniques: readonly string[];
} {
  const view = viewOf(() => []);
  const { name, severity, riskScore } = rule;
  const { tactics, techniques } = detectionRuleOf({
    rule,
    path: null,
    view,
    name,
    severity,
    riskScore,
    ruleSet: '',
    more: {},
  });
  return { tactics, techniques };
}
