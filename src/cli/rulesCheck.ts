// `fluent-detect rules check PATH…`: every error and warning of every rule file, as text, JSON or SARIF 2.1.0.
import type { LoadResult } from '../rules/load.js';
import { formatRuleError, type RuleError, type RuleWarning } from '../rules/ruleError.js';
import type { CommandIo, ExitStatus } from './io.js';
import { loadForCommand, type RulesFlags } from './rulesFlags.js';

export interface CheckFlags extends RulesFlags {
  readonly format: 'text' | 'json' | 'sarif';
}

export function rulesCheck(paths: readonly string[], flags: CheckFlags, io: CommandIo): ExitStatus {
  const loaded = loadForCommand(paths, flags, io, true);
  if (!loaded) return 2;
  const write = { text: asText, json: asJson, sarif: asSarif }[flags.format];
  write(loaded, io);
  return loaded.errors.length > 0 ? 1 : 0;
}

function asText(loaded: LoadResult, io: CommandIo): void {
  const say = (line: string): void => void io.stderr.write(`${line}\n`);
  for (const error of loaded.errors) say(formatRuleError(error));
  for (const warning of loaded.warnings) {
    const [head, ...excerpt] = formatRuleError(warning).split('\n');
    say([head!.replace(/^(.*?:\d+:\d+: )/, '$1warning: '), ...excerpt].join('\n'));
  }
  const { rules, disabled, unsupported } = loaded.ruleSet;
  for (const u of unsupported) say(`${u.file}:${u.line}:1: left out: "${u.name}" (${u.id}): ${u.reason}`);
  const counts = [
    `${loaded.files} files`,
    `${rules.length} rules`,
    `${disabled.length} disabled`,
    `${unsupported.length} not supported`,
    `${loaded.errors.length} errors`,
    `${loaded.warnings.length} warnings`,
  ];
  say(counts.join(', '));
}

function asJson(loaded: LoadResult, io: CommandIo): void {
  const { rules, disabled, unsupported } = loaded.ruleSet;
  const document = {
    files: loaded.files,
    rules: rules.length,
    disabled: disabled.length,
    unsupported,
    errors: loaded.errors,
    warnings: loaded.warnings,
  };
  io.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

function asSarif(loaded: LoadResult, io: CommandIo): void {
  const result = (level: 'error' | 'warning', e: RuleError | RuleWarning): unknown => ({
    ruleId: e.code,
    level,
    message: { text: e.message },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: e.file },
          region: { startLine: e.line, startColumn: e.column },
        },
      },
    ],
  });
  const codes = [...new Set([...loaded.errors, ...loaded.warnings].map((e) => e.code))].sort();
  const sarif = {
    version: '2.1.0',
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    runs: [
      {
        tool: { driver: { name: 'fluent-detect', rules: codes.map((id) => ({ id })) } },
        results: [
          ...loaded.errors.map((e) => result('error', e)),
          ...loaded.warnings.map((w) => result('warning', w)),
        ],
      },
    ],
  };
  io.stdout.write(`${JSON.stringify(sarif, null, 2)}\n`);
}
