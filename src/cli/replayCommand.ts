// `fluent-detect replay CAPTURE…`: captured logs through the same engine, and what would have been found.
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Flags } from '../config/load.js';
import { LineFile } from '../replay/lineFile.js';
import { type CaptureFormat, readerFor } from '../replay/readers.js';
import { Replay, type ReplayTotals, type RuleFindings, top } from '../replay/replay.js';
import { ReportCollector } from '../replay/report.js';
import { CapturePathError, captureFiles, openCapture } from '../replay/sources.js';
import { type CommandIo, configFor, type ExitStatus } from './io.js';
import { soundRulesOf, unsupportedSummary } from './ruleSets.js';
import { table } from './table.js';

export interface ReplayFlags extends Flags {
  readonly format: CaptureFormat | 'auto';
  readonly outFile?: string;
  readonly alertsFile?: string;
  readonly report?: string;
  readonly json?: boolean;
}

/** Errors named one by one; the rest are counted. */
const NAMED_ERRORS = 1000;

export async function replayCommand(
  captures: readonly string[],
  flags: ReplayFlags,
  io: CommandIo,
): Promise<ExitStatus> {
  const config = configFor(flags, io, { output: false });
  if (!config) return 2;
  const say = (message: string): void => void io.stderr.write(`${message}\n`);
  const loaded = soundRulesOf(config, io, say);
  if (!loaded) return 2;
  if (loaded.ruleSet.unsupported.length > 0) say(`rules left out: ${unsupportedSummary(loaded)}`);
  if (loaded.ruleSet.rules.length === 0) say('no rule is in force: say --rules PATH');
  let files: string[];
  try {
    files = captureFiles(captures.map((path) => (path === '-' ? path : inFolder(io, path))));
  } catch (error) {
    if (!(error instanceof CapturePathError)) throw error;
    say(error.message);
    return 2;
  }
  const outputs = await openOutputs(flags, io, say);
  if (!outputs) return 2;
  const { out, alerts } = outputs;
  const report = flags.report === undefined ? null : new ReportCollector();
  const replay = new Replay(
    loaded.ruleSet,
    {
      alertTag: config.alerts.tag,
      lookBackMax: config.alerts.lookBackMax,
      stateful: config.rules.stateful,
      routes: config.rules.routes,
      fieldMapping: config.rules.fieldMapping,
    },
    {
      onEvent: (text) => out?.add(text),
      onAlert: (alert) => {
        alerts?.add(alert.text);
        report?.add(alert);
      },
      onQuarantine: (rule, cause) =>
        say(`rule ${rule.id} "${rule.name}" failed and is left out: ${(cause as Error).message}`),
    },
  );
  let errors = 0;
  const unread = (place: string, message: string): void => {
    errors += 1;
    if (errors <= NAMED_ERRORS) say(`${place}: ${message}`);
  };
  for (const file of files) {
    const shown = captures.find((c) => (c === '-' ? file === '-' : inFolder(io, c) === file)) ?? file;
    await replayFile(file, shown, flags.format, io, replay, unread, [out, alerts]);
  }
  await out?.close();
  await alerts?.close();
  if (errors > NAMED_ERRORS) say(`${errors - NAMED_ERRORS} more errors are not named`);
  if (report) {
    const html = report.html({ captures, totals: replay.totals, errors, findings: replay.findings });
    await writeFile(inFolder(io, flags.report!), html);
  }
  if (flags.json)
    io.stdout.write(`${JSON.stringify(jsonOf(replay, errors, loaded.ruleSet.hash), null, 2)}\n`);
  else say(summary(replay.totals, replay.findings, errors));
  return errors > 0 ? 1 : 0;
}

async function replayFile(
  file: string,
  shown: string,
  format: CaptureFormat | 'auto',
  io: CommandIo,
  replay: Replay,
  unread: (place: string, message: string) => void,
  outputs: readonly (LineFile | null)[],
): Promise<void> {
  const name = file === '-' ? 'stdin' : shown;
  let line = 1;
  try {
    const capture = await openCapture(file, io.stdin);
    const reader = readerFor(capture.head, format);
    for await (const captured of reader.read(capture.bytes)) {
      line = captured.line;
      if (captured.kind === 'unread') unread(`${name}:${captured.line}`, captured.message);
      else replay.take(captured);
      for (const output of outputs) await output?.settle();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    unread(`${name}:${line}`, `cannot be read on: ${(error as Error).message}`);
  }
}

async function openOutputs(
  flags: ReplayFlags,
  io: CommandIo,
  say: (message: string) => void,
): Promise<{ out: LineFile | null; alerts: LineFile | null } | null> {
  const make = (path: string | undefined): Promise<LineFile> | null =>
    path === undefined ? null : LineFile.create(inFolder(io, path));
  try {
    return { out: await make(flags.outFile), alerts: await make(flags.alertsFile) };
  } catch (error) {
    say(`cannot write: ${(error as Error).message}`);
    return null;
  }
}

function inFolder(io: CommandIo, path: string): string {
  return resolve(io.cwd, path);
}

function jsonOf(replay: Replay, errors: number, ruleSet: string): Record<string, unknown> {
  const { totals } = replay;
  return {
    events: totals.events,
    matches: totals.matches,
    alerts: totals.alerts,
    duplicates: totals.duplicates,
    capped: totals.capped,
    suppressed: totals.suppressed,
    errors,
    unseen_fields: replay.unseenFields,
    rule_set: ruleSet,
    rules: replay.findings.map((f) => ({
      id: f.rule.id,
      name: f.rule.name,
      matches: f.matches,
      alerts: f.alerts,
      ...(f.matches === 0
        ? {}
        : {
            first: f.first,
            last: f.last,
            users: Object.fromEntries(top(f.users, 10)),
            source_ips: Object.fromEntries(top(f.addresses, 10)),
          }),
    })),
  };
}

function summary(totals: ReplayTotals, findings: readonly RuleFindings[], errors: number): string {
  const fired = findings.filter((f) => f.matches > 0).sort((a, b) => b.matches - a.matches);
  const rows = fired.map((f) => [
    f.rule.name,
    f.rule.severity,
    f.matches,
    f.alerts,
    f.first ?? '',
    f.last ?? '',
    names(f.users),
    names(f.addresses),
  ]);
  const found =
    rows.length === 0
      ? ''
      : `${table(['rule', 'severity', 'matches', 'alerts', 'first seen', 'last seen', 'top users', 'top source IPs'], rows)}\n`;
  const held = [
    totals.duplicates > 0 ? `${totals.duplicates} repeats` : '',
    totals.capped > 0 ? `${totals.capped} over max_signals` : '',
    totals.suppressed > 0 ? `${totals.suppressed} suppressed` : '',
  ].filter((s) => s !== '');
  const heldBack = held.length > 0 ? ` (held back: ${held.join(', ')})` : '';
  const bad = errors > 0 ? `, ${errors} lines could not be read` : '';
  return `${found}${totals.events} events, ${totals.matches} matches, ${totals.alerts} alerts${heldBack}${bad}`;
}

function names(counts: ReadonlyMap<string, number>): string {
  return top(counts, 3)
    .map(([name, n]) => (n === 1 ? name : `${name} (${n})`))
    .join(', ');
}
