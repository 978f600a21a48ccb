// `fluent-detect replay CAPTURE… --rules OLD --against NEW`: what a change of rules adds and takes away, as a table, as
// JSON, or as markdown for a pull request.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../config/config.js';
import { Comparison, type RuleChange, type SampleMatch } from '../replay/comparison.js';
import type { CaptureFormat } from '../replay/readers.js';
import type { CommandIo, ExitStatus } from './io.js';
import { filesToReplay, readCaptures, replayOptions, rulesToReplay } from './replayInputs.js';
import { Progress } from './replayProgress.js';
import { table } from './table.js';

export interface CompareFlags {
  readonly format: CaptureFormat | 'auto';
  readonly against: readonly string[];
  readonly markdown?: string;
  readonly json?: boolean;
  readonly failOn: 'none' | 'added' | 'removed' | 'any';
}

export async function compareCommand(
  captures: readonly string[],
  config: Config,
  flags: CompareFlags,
  io: CommandIo,
): Promise<ExitStatus> {
  const before = rulesToReplay(config, io);
  const paths = flags.against.map((path) => resolve(io.cwd, path));
  const after = before && rulesToReplay({ ...config, rules: { ...config.rules, paths } }, io);
  const files = after && filesToReplay(captures, io);
  if (!before || !after || !files) return 2;
  const progress = new Progress(io, files);
  const comparison = new Comparison(before.ruleSet, after.ruleSet, replayOptions(config), (rule, cause) =>
    progress.say(`rule ${rule.id} "${rule.name}" failed: ${(cause as Error).message}`),
  );
  const unread = await readCaptures(files, comparison, {
    format: flags.format,
    io,
    progress,
    totals: () => ({ events: comparison.events, matches: matchesOf(comparison) }),
    onFile: (name) => {
      comparison.file = name;
    },
  });
  progress.stop();
  const told = comparison.changes.filter((c) => c.rule !== 'same' || c.added > 0 || c.removed > 0);
  if (flags.markdown !== undefined) {
    const text = markdownOf(comparison, told, unread);
    if (flags.markdown === '-') io.stdout.write(text);
    else writeFileSync(resolve(io.cwd, flags.markdown), text);
  }
  if (flags.json) io.stdout.write(`${JSON.stringify(jsonOf(comparison, unread), null, 2)}\n`);
  else progress.say(textOf(comparison, told, unread));
  const { failOn } = flags;
  const isFailure =
    (failOn !== 'none' && failOn !== 'removed' && told.some((c) => c.added > 0)) ||
    (failOn !== 'none' && failOn !== 'added' && told.some((c) => c.removed > 0));
  return unread > 0 || isFailure ? 1 : 0;
}

function matchesOf(comparison: Comparison): number {
  return comparison.changes.reduce((sum, c) => sum + c.unchanged + c.added, 0);
}

function totalsOf(changes: readonly RuleChange[]): { added: number; removed: number; unchanged: number } {
  const sum = (of: (c: RuleChange) => number): number => changes.reduce((n, c) => n + of(c), 0);
  return { added: sum((c) => c.added), removed: sum((c) => c.removed), unchanged: sum((c) => c.unchanged) };
}

function jsonOf(comparison: Comparison, errors: number): Record<string, unknown> {
  return {
    events: comparison.events,
    errors,
    ...totalsOf(comparison.changes),
    rules: comparison.changes.map((c) => ({
      id: c.id,
      name: c.name,
      rule: c.rule,
      unchanged: c.unchanged,
      added: c.added,
      removed: c.removed,
      samples: { added: c.addedSamples, removed: c.removedSamples },
    })),
  };
}

function summaryOf(comparison: Comparison, told: readonly RuleChange[], errors: number): string {
  const { added, removed, unchanged } = totalsOf(comparison.changes);
  const rest = comparison.changes.length - told.length;
  const same = rest > 0 ? `; ${rest} other rules are the same and match the same` : '';
  const bad = errors > 0 ? `, ${errors} lines could not be read` : '';
  return `${comparison.events} events: ${added} matches added, ${removed} removed, ${unchanged} unchanged${same}${bad}`;
}

function textOf(comparison: Comparison, told: readonly RuleChange[], errors: number): string {
  const rows = told.map((c) => [c.name, c.rule, c.added, c.removed, c.unchanged]);
  const head = ['rule', 'is', 'added', 'removed', 'unchanged'];
  const samples = told.flatMap((c) => [
    ...c.addedSamples.map((s) => [`+ ${c.name}`, s.place, s.path ?? '', s.time, shortly(s)]),
    ...c.removedSamples.map((s) => [`- ${c.name}`, s.place, s.path ?? '', s.time, shortly(s)]),
  ]);
  return [
    ...(rows.length > 0 ? [table(head, rows)] : []),
    ...(samples.length > 0 ? [table(['for example', 'event', 'record', 'time', 'with'], samples)] : []),
    summaryOf(comparison, told, errors),
  ].join('\n');
}

function shortly(sample: SampleMatch): string {
  const [who, why] = [true, false].map((isContext) =>
    sample.evidence.filter((e) => (e.condition === null) === isContext),
  );
  const text = [...who!, ...why!].map((e) => `${e.field}: ${e.values.join(' ')}`).join(', ');
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}

/** GitHub's markdown. Log values are attackers' values: they are put in as escaped text, never as markup. */
function markdownOf(comparison: Comparison, told: readonly RuleChange[], errors: number): string {
  const rows = told.map(
    (c) =>
      `| ${md(c.name)} | ${c.rule} | ${signed('+', c.added)} | ${signed('-', c.removed)} | ${c.unchanged} |`,
  );
  const rules =
    rows.length === 0
      ? []
      : ['| Rule | is | Added | Removed | Unchanged |', '| --- | --- | --: | --: | --: |', ...rows, ''];
  const samples = told.flatMap((c) => [
    ...detailsOf(`${c.added} added by ${c.name}`, c.addedSamples),
    ...detailsOf(`${c.removed} removed from ${c.name}`, c.removedSamples),
  ]);
  return `${['### What the rule change does', '', `${summaryOf(comparison, told, errors)}.`, '', ...rules, ...samples].join('\n').trimEnd()}\n`;
}

function signed(sign: string, n: number): string {
  return n === 0 ? '0' : `${sign}${n}`;
}

function detailsOf(title: string, samples: readonly SampleMatch[]): string[] {
  if (samples.length === 0) return [];
  const lines = samples.flatMap((s) => [
    `- ${md(s.place)}${s.path === null ? '' : ` ${md(s.path)}`}, ${md(s.time)}`,
    ...s.evidence.map((e) => `  - ${md(e.field)}: ${md(e.values.join(', '))}`),
  ]);
  return ['<details>', `<summary>${md(title)}</summary>`, '', ...lines, '', '</details>', ''];
}

/** Text that stays text in a table cell, a list and HTML alike. */
function md(text: string): string {
  const short = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return short
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
    .replace(/[&<>"'`|\\*_~[\]()#@!:]/g, (c) => `&#${c.codePointAt(0)};`);
}
