// The stage, started by a program of one's own.
import { hostname } from 'node:os';
import type { ListenAddress } from '../config/config.js';
import { formatConfigError } from '../config/configError.js';
import { configOf, loadConfig } from '../config/load.js';
import { FieldTypes } from '../kql/types.js';
import { createLog } from '../observe/log.js';
import { loadRules } from '../rules/load.js';
import { startStage as startWhole } from '../stage/start.js';
import type { AlertSummary } from '../stage/summary.js';
import { RulesError } from './detector.js';

export interface StageOptions {
  /** A config file; or, with `configText`, the name that errors give it. */
  readonly config?: string;
  /** The config itself, as YAML. */
  readonly configText?: string;
  /** Each as the flag of `fluent-detect run`, and over the config. */
  readonly in?: readonly string[];
  readonly out?: readonly string[];
  readonly alerts?: readonly string[];
  readonly rules?: readonly string[];
  readonly admin?: string;
  readonly logLevel?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  readonly onAlert?: (alert: AlertSummary) => void;
}

export interface StageHandle {
  /** Where it listens; port 0 has become the one it got. */
  readonly addresses: readonly ListenAddress[];
  /** The admin server's address; null: it is off. */
  readonly admin: string | null;
  /** Stops accepting, finishes what was accepted, closes. Returns what could not be finished in `shutdown_timeout`. */
  stop(): Promise<{ readonly chunks: number; readonly alerts: number }>;
}

/**
 * Starts a stage in this process. It installs no signal handlers.
 * @throws Error for a config that is wrong (every error, with its place) or a port taken; RulesError.
 */
export async function startStage(options: StageOptions): Promise<StageHandle> {
  const { configText, onAlert, ...flags } = options;
  const cwd = process.cwd();
  const context = { cwd, env: process.env, isTty: false, hostname: hostname() };
  const name = options.config ?? 'config';
  const loaded =
    configText === undefined
      ? loadConfig(flags, context, { output: true })
      : configOf({ name, path: name, text: configText }, flags, context, { output: true });
  if (!('config' in loaded)) throw new Error(loaded.errors.map(formatConfigError).join('\n'));
  const { config } = loaded;
  const { paths, overlays, fieldTypes } = config.rules;
  const rules = loadRules(paths, { overlays, fieldTypes: new FieldTypes(fieldTypes) });
  if (rules.errors.length > 0) throw new RulesError(rules.errors);
  const log = createLog(config.log);
  const running = await startWhole(config, rules.ruleSet, {
    stdout: process.stdout,
    cwd,
    log,
    ...(onAlert ? { onAlert } : {}),
  });
  const { addresses, admin } = running;
  return {
    addresses,
    admin,
    stop: async () => {
      const { chunks, sinks } = await running.stop();
      return { chunks: chunks.length, alerts: sinks.reduce((sum, s) => sum + s.unsafe, 0) };
    },
  };
}
