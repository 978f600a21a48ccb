// `fluent-detect replay CAPTURE…`: captured logs through the same engine, and what would have been found.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Flags } from '../config/load.js';
import { outcomesOf } from '../replay/expectations.js';
import { Judge } from '../replay/judge.js';
import { LineFile } from '../replay/lineFile.js';
import type { CaptureFormat } from '../replay/readers.js';
import { Replay } from '../replay/replay.js';
import { ReportCollector } from '../replay/report.js';
import { type CommandIo, configFor, type ExitStatus } from './io.js';
import { type CompareFlags, compareCommand } from './replayCompare.js';
import { expectationsOf, failureText, replayJunit } from './replayExpect.js';
import { csvAlert, csvHead, findingsJson, findingsTable } from './replayFindings.js';
import { filesToReplay, readCaptures, replayOptions, rulesToReplay } from './replayInputs.js';
import { Progress } from './replayProgress.js';

export interface ReplayFlags extends Flags {
  readonly format: CaptureFormat | 'auto';
  readonly outFile?: string;
  readonly alertsFile?: string;
  readonly csv?: string;
  readonly junit?: string;
  readonly expect?: string;
  readonly report?: string;
  readonly json?: boolean;
  readonly against?: readonly string[];
  readonly markdown?: string;
  readonly failOn: CompareFlags['failOn'];
}

export async function replayCommand(
  captures: readonly string[],
  flags: ReplayFlags,
  io: CommandIo,
): Promise<ExitStatus> {
  const config = configFor(flags, io, { output: false });
  if (!config) return 2;
  const { against } = flags;
  if (against !== undefined) return compareCommand(captures, config, { ...flags, against }, io);
  const loaded = rulesToReplay(config, io);
  const files = loaded && filesToReplay(captures, io);
  if (!loaded || !files) return 2;
  const expectations = flags.expect === undefined ? null : expectationsOf(flags.expect, loaded.ruleSet, io);
  if (expectations === 'unreadable') return 2;
  const outputs = await openOutputs(flags, io);
  if (!outputs) return 2;
  const { out, alerts, csv } = outputs;
  const report = flags.report === undefined ? null : new ReportCollector();
  const progress = new Progress(io, files);
  let reading = '';
  const replay: Replay = new Replay(loaded.ruleSet, replayOptions(config), {
    ...(out
      ? {
          onEvent: (text: string) => out.add(text),
          onPassed: (buf: Buffer, start: number, end: number) => out.addBytes(buf, start, end),
        }
      : {}),
    onAlert: (alert, event, time) => {
      alerts?.add(alert.text);
      csv?.add(csvAlert(alert, time));
      report?.add(alert, time, `${reading}:${event.line}`);
    },
    onCap: (message) => progress.say(message),
    onQuarantine: (rule, cause) =>
      progress.say(`rule ${rule.id} "${rule.name}" failed and is left out: ${(cause as Error).message}`),
  });
  const judge = new Judge(
    replay,
    out,
    [alerts, csv].filter((file) => file !== null),
  );
  const errors = await readCaptures(files, judge, {
    format: flags.format,
    io,
    progress,
    totals: () => replay.totals,
    onFile: (name) => {
      reading = name;
    },
  });
  progress.stop();
  for (const file of [out, alerts, csv]) await file?.close();
  if (report) {
    const page = await LineFile.create(resolve(io.cwd, flags.report!));
    page.add(report.html({ captures, totals: replay.totals, errors, findings: replay.findings }));
    await page.close();
  }
  const { ruleSet } = loaded;
  if (flags.json) io.stdout.write(`${JSON.stringify(findingsJson(replay, errors, ruleSet.hash), null, 2)}\n`);
  else progress.say(findingsTable(replay, errors));
  const outcomes = expectations ? outcomesOf(expectations, replay.findings) : [];
  for (const o of outcomes) if (o.failure !== null) progress.say(failureText(o));
  if (flags.junit !== undefined)
    writeFileSync(resolve(io.cwd, flags.junit), replayJunit(replay, errors, expectations && outcomes));
  return errors > 0 || outcomes.some((o) => o.failure !== null) ? 1 : 0;
}

interface Outputs {
  readonly out: LineFile | null;
  readonly alerts: LineFile | null;
  readonly csv: LineFile | null;
}

/** Null: one cannot be written, and that has been said. */
async function openOutputs(flags: ReplayFlags, io: CommandIo): Promise<Outputs | null> {
  const make = async (path: string | undefined): Promise<LineFile | null> =>
    path === undefined ? null : LineFile.create(resolve(io.cwd, path));
  try {
    const out = await make(flags.outFile);
    const alerts = await make(flags.alertsFile);
    const csv = await make(flags.csv);
    csv?.add(csvHead);
    return { out, alerts, csv };
  } catch (error) {
    io.stderr.write(`cannot write: ${(error as Error).message}\n`);
    return null;
  }
}
