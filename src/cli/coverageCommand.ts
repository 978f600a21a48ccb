// `fluent-detect coverage`: which ATT&CK tactics and techniques the rules in force name, and, with captures, which of
// them fired; as a table, or as a layer for the ATT&CK Navigator.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Judge } from '../replay/judge.js';
import { coverageOf, navigatorLayer } from '../replay/navigator.js';
import type { CaptureFormat } from '../replay/readers.js';
import { Replay } from '../replay/replay.js';
import { type CommandIo, configFor, type ExitStatus } from './io.js';
import { filesToReplay, readCaptures, replayOptions, rulesToReplay } from './replayInputs.js';
import { Progress } from './replayProgress.js';
import { table } from './table.js';

export interface CoverageFlags {
  readonly config?: string;
  readonly rules?: readonly string[];
  readonly format: CaptureFormat | 'auto';
  readonly navigator?: string;
  readonly json?: boolean;
}

export async function coverageCommand(
  captures: readonly string[],
  flags: CoverageFlags,
  io: CommandIo,
): Promise<ExitStatus> {
  const config = configFor(
    {
      ...(flags.config === undefined ? {} : { config: flags.config }),
      ...(flags.rules ? { rules: flags.rules } : {}),
    },
    io,
    { output: false },
  );
  const loaded = config && rulesToReplay(config, io);
  const files = loaded && filesToReplay(captures, io);
  if (!config || !loaded || !files) return 2;
  const progress = new Progress(io, files);
  const replay: Replay = new Replay(loaded.ruleSet, replayOptions(config), {
    onAlert: () => undefined,
    onCap: () => undefined,
    onQuarantine: (rule, cause) =>
      progress.say(`rule ${rule.id} "${rule.name}" failed and is left out: ${(cause as Error).message}`),
  });
  const judge = new Judge(replay, null, []);
  const totals = () => replay.totals;
  const unread = await readCaptures(files, judge, { format: flags.format, io, progress, totals });
  progress.stop();
  const coverage = coverageOf(replay.findings);
  const isFired = files.length > 0;
  if (flags.navigator !== undefined) {
    const layer = `${JSON.stringify(navigatorLayer(coverage, isFired), null, 2)}\n`;
    if (flags.navigator === '-') io.stdout.write(layer);
    else writeFileSync(resolve(io.cwd, flags.navigator), layer);
  }
  if (flags.json) io.stdout.write(`${JSON.stringify(coverage, null, 2)}\n`);
  else {
    const head = ['tactic', 'technique', 'name', 'rules', ...(isFired ? ['fired', 'matches'] : [])];
    const rows = coverage.techniques.map((t) => [
      t.tactic.id,
      t.id,
      t.name,
      t.rules.length,
      ...(isFired ? [t.fired, t.matches] : []),
    ]);
    const text = rows.length === 0 ? '' : `${table(head, rows)}\n`;
    const without = coverage.unmapped > 0 ? `; ${coverage.unmapped} rules name none` : '';
    progress.say(
      `${text}${coverage.tactics} tactics, ${new Set(coverage.techniques.map((t) => t.id)).size} techniques${without}`,
    );
  }
  return unread > 0 ? 1 : 0;
}
