// `fluent-detect rules check PATH…`: every error and warning of every rule file, as text, JSON or SARIF 2.1.0.
import { isAbsolute, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { LoadResult } from '../rules/load.js';
import { ruleCodes } from '../rules/ruleCodes.js';
import { formatRuleError, type RuleError, type RuleWarning } from '../rules/ruleError.js';
import type { CommandIo, ExitStatus } from './io.js';
import { loadForCommand, type RulesFlags } from './rulesFlags.js';

export interface CheckFlags extends RulesFlags {
  readonly format: 'text' | 'json' | 'sarif';
}

export function rulesCheck(paths: readonly string[], flags: CheckFlags, io: CommandIo): ExitStatus {
  const found = loadForCommand(paths, flags, io, true);
  if (!found) return 2;
  const loaded = { ...found, errors: inOrder(found.errors), warnings: inOrder(found.warnings) };
  const write = { text: asText, json: asJson, sarif: asSarif }[flags.format];
  write(loaded, io);
  return loaded.errors.length > 0 ? 1 : 0;
}

/** By file, line and column. */
function inOrder<T extends RuleError | RuleWarning>(of: readonly T[]): T[] {
  const byPlace = (a: T, b: T): number => a.line - b.line || a.column - b.column;
  return [...of].sort((a, b) => (a.file === b.file ? byPlace(a, b) : a.file < b.file ? -1 : 1));
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
  const result = (level: 'error' | 'warning' | 'note', at: Place, ruleId: string, text: string): unknown => ({
    ruleId,
    level,
    message: { text },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(at.file) },
          region: { startLine: at.line, startColumn: at.column },
        },
      },
    ],
  });
  const rules = Object.entries(ruleCodes).map(([id, { level, means, cure }]) => ({
    id,
    shortDescription: { text: means },
    help: { text: cure },
    defaultConfiguration: { level },
  }));
  const unsupported = {
    id: 'unsupported',
    shortDescription: {
      text: 'The rule is of a type, language or filter that does not run here: it is left out.',
    },
    help: { text: 'run it in Elastic Security' },
    defaultConfiguration: { level: 'note' },
  };
  const sarif = {
    version: '2.1.0',
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    runs: [
      {
        tool: { driver: { name: 'fluent-detect', rules: [...rules, unsupported] } },
        columnKind: 'utf16CodeUnits',
        results: [
          ...loaded.errors.map((e) => result('error', e, e.code, e.message)),
          ...loaded.warnings.map((w) => result('warning', w, w.code, w.message)),
          ...loaded.ruleSet.unsupported.map((u) =>
            result('note', { ...u, column: 1 }, unsupported.id, `"${u.name}" is left out: ${u.reason}`),
          ),
        ],
      },
    ],
  };
  io.stdout.write(`${JSON.stringify(sarif, null, 2)}\n`);
}

interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Relative names stay relative to where the command ran. */
function uriOf(file: string): string {
  if (isAbsolute(file)) return pathToFileURL(file).href;
  return file.split(sep).map(encodeURIComponent).join('/');
}
