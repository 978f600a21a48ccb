// What every kind of replay begins with: rules, captures, the engine's options; and what it says of lines that cannot
// be read.
import type { Config } from '../config/config.js';
import type { ReplayOptions } from '../replay/replay.js';
import { type CaptureFile, CapturePathError, captureFiles } from '../replay/sources.js';
import type { LoadResult } from '../rules/load.js';
import type { CommandIo } from './io.js';
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

/** Lines named one by one; the rest are counted. */
const NAMED_LINES = 1000;

/** What could not be read: the first thousand by name, then a count. */
export class UnreadLines {
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
