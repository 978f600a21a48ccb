// What every kind of replay begins with: rules, captures, the engine's options; the captures read one after another, and
// what is said of lines that cannot be read.
import type { Config } from '../config/config.js';
import { type EventTaker, readCapture } from '../replay/readCapture.js';
import type { CaptureFormat } from '../replay/readers.js';
import type { ReplayOptions, ReplayTotals } from '../replay/replay.js';
import { type CaptureFile, CapturePathError, captureFiles } from '../replay/sources.js';
import type { LoadResult } from '../rules/load.js';
import type { CommandIo } from './io.js';
import type { Progress } from './replayProgress.js';
import { soundRulesOf, unsupportedSummary } from './ruleSets.js';

/** The rules of the config; null: they do not load, and that has been said. */
export function rulesToReplay(config: Config, io: CommandIo): LoadResult | null {
  const say = (message: string): void => void io.stderr.write(`${message}\n`);
  const loaded = soundRulesOf(config, io, say);
  if (!loaded) return null;
  if (loaded.ruleSet.unsupported.length > 0) say(`rules left out: ${unsupportedSummary(loaded)}`);
  if (loaded.ruleSet.rules.length === 0) say('no rule is in force: say --rules PATH');
  return loaded;
}

/** Null: a path is not there, and that has been said. */
export function filesToReplay(captures: readonly string[], io: CommandIo): CaptureFile[] | null {
  try {
    return captureFiles(captures, io.cwd);
  } catch (error) {
    if (!(error instanceof CapturePathError)) throw error;
    io.stderr.write(`${error.message}\n`);
    return null;
  }
}

export function replayOptions(config: Config): ReplayOptions {
  return {
    alertTag: config.alerts.tag,
    lookBackMax: config.alerts.lookBackMax,
    stateful: config.rules.stateful,
    routes: config.rules.routes,
    fieldMapping: config.rules.fieldMapping,
  };
}

interface ReadingCaptures {
  readonly format: CaptureFormat | 'auto';
  readonly io: CommandIo;
  readonly progress: Progress;
  readonly totals: () => Pick<ReplayTotals, 'events' | 'matches'>;
  /** The name of the file that is read next. */
  readonly onFile?: (name: string) => void;
}

/** Reads the captures into `taker`, in their order. Returns how many lines could not be read; each has been said. */
export async function readCaptures(
  files: readonly CaptureFile[],
  taker: EventTaker,
  { format, io, progress, totals, onFile }: ReadingCaptures,
): Promise<number> {
  const unread = new UnreadLines((message) => progress.say(message));
  for (const file of files) {
    onFile?.(file.name);
    await readCapture(file, taker, {
      format,
      stdin: io.stdin,
      onBytes: (bytes) => progress.add(bytes, totals()),
      onUnread: (place, message) => unread.add(place, message),
    });
  }
  unread.end();
  return unread.count;
}

/** Lines named one by one; the rest are counted. */
const NAMED_LINES = 1000;

/** What could not be read: the first thousand by name, then a count. */
class UnreadLines {
  count = 0;
  readonly #say: (message: string) => void;

  constructor(say: (message: string) => void) {
    this.#say = say;
  }

  add(place: string, message: string): void {
    this.count += 1;
    if (this.count <= NAMED_LINES) this.#say(`${place}: ${message}`);
  }

  end(): void {
    if (this.count > NAMED_LINES) this.#say(`${this.count - NAMED_LINES} more errors are not named`);
  }
}
