// Files and flags to one frozen config, or every error at once. Flags go over the file; relative paths are the
// file's folder's in the file, the working directory's on the command line.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { TreeReader } from './build.js';
import type { Config } from './config.js';
import type { ConfigError } from './configError.js';
import { configDefaults } from './defaults.js';
import { EndpointError, hostPort } from './endpoints.js';
import { ConfigFile } from './file.js';
import { logPath } from './logPath.js';

export const DEFAULT_FILE = 'fluent-detect.yaml';

/** What of the config the command line can say. */
export interface Flags {
  readonly config?: string;
  readonly in?: readonly string[];
  readonly out?: readonly string[];
  readonly alerts?: readonly string[];
  readonly rules?: readonly string[];
  readonly admin?: string;
  readonly logFormat?: string;
  readonly logLevel?: string;
  readonly logFile?: string;
}

export interface LoadContext {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** stderr is a terminal: people read the log. */
  readonly isTty: boolean;
  readonly hostname: string;
}

export type LoadedConfig = { readonly config: Config } | { readonly errors: readonly ConfigError[] };

/**
 * @param needs what the command cannot do without: `run` an output; `filter`, `replay` and `rules` none.
 */
export function loadConfig(
  flags: Flags,
  context: LoadContext,
  needs: { readonly output: boolean },
): LoadedConfig {
  const path =
    flags.config === undefined ? resolve(context.cwd, DEFAULT_FILE) : resolve(context.cwd, flags.config);
  let text: string | null = null;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (flags.config !== undefined) return { errors: [flagError(flags.config, readProblem(error))] };
  }
  return configOf(
    text === null ? null : { name: flags.config ?? DEFAULT_FILE, path, text },
    flags,
    context,
    needs,
  );
}

/** As `loadConfig`, from a text. */
export function configOf(
  source: { readonly name: string; readonly path: string; readonly text: string } | null,
  flags: Flags,
  context: LoadContext,
  needs: { readonly output: boolean },
): LoadedConfig {
  const file = new ConfigFile(source?.name ?? DEFAULT_FILE, source?.text ?? '');
  if (file.errors.length > 0) return { errors: file.errors };
  const errors: ConfigError[] = [];
  const folder = source === null ? context.cwd : dirname(source.path);
  const reader = new TreeReader(file, folder, context, errors);
  const onFlag = <T>(flag: string, make: () => T): T | null => {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof EndpointError)) throw error;
      errors.push(flagError(flag, error.message));
      return null;
    }
  };
  const inputs = flags.in?.map((to) => onFlag('--in', () => reader.inputOf(to)));
  const output = flags.out && onFlag('--out', () => reader.targets.outputOf(flags.out!, context.cwd));
  const sinks = flags.alerts?.map((to) => onFlag('--alerts', () => reader.targets.sinkOf(to, context.cwd)));
  const admin =
    flags.admin === undefined ? undefined : onFlag('--admin', () => hostPort(flags.admin!, flags.admin!));
  for (const [flag, value, allowed] of [
    ['--log-format', flags.logFormat, ['json', 'pretty']],
    ['--log-level', flags.logLevel, ['trace', 'debug', 'info', 'warn', 'error', 'fatal']],
  ] as const) {
    if (value !== undefined && !(allowed as readonly string[]).includes(value)) {
      errors.push(flagError(flag, `${JSON.stringify(value)}: it can be ${allowed.join(', ')}`));
    }
  }
  const ofFile = reader.whole();
  const finalOutput = output ?? ofFile.output;
  if (needs.output && finalOutput === null && errors.length === 0) {
    errors.push(flagError('--out', 'no output: say --out forward://HOST:PORT, or output.to in the config'));
  }
  const isShared = finalOutput?.kind === 'file' || finalOutput?.kind === 'stdout';
  if (isShared && (ofFile.workers ?? 1) > 1) {
    const message = `workers is ${ofFile.workers}, and only a Forward output can be shared by several`;
    errors.push(file.error(['workers'], message));
  }
  if (errors.length > 0) return { errors };
  const logFormat = flags.logFormat ?? ofFile.logFormat ?? (context.isTty ? 'pretty' : 'json');
  const adminToken = ofFile.admin?.token ?? null;
  return {
    config: freeze({
      inputs: (inputs as Config['inputs'] | undefined) ??
        ofFile.inputs ?? [reader.inputOf('forward://0.0.0.0:24224')],
      output: finalOutput ?? { kind: 'discard' },
      alerts: {
        tag: ofFile.alertTag ?? configDefaults.alertTag,
        sinks: (sinks as Config['alerts']['sinks'] | undefined) ?? ofFile.sinks,
        lookBackMax: ofFile.lookBackMax ?? configDefaults.lookBackMax,
        state: ofFile.state,
      },
      alertsSpool: ofFile.alertsSpool,
      outputBuffer: ofFile.outputBuffer,
      metadata: ofFile.metadata,
      rules: {
        paths: flags.rules?.map((p) => resolve(context.cwd, p)) ?? ofFile.rulePaths,
        overlays: ofFile.overlays,
        fieldTypes: ofFile.fieldTypes,
        watch: ofFile.watch,
        stateful: ofFile.stateful,
        routes: ofFile.routes,
        fieldMapping: ofFile.fieldMapping,
      },
      admin: admin ? { ...admin, token: adminToken } : ofFile.admin,
      log: {
        level: flags.logLevel ?? ofFile.logLevel ?? configDefaults.logLevel,
        format: logFormat as 'json' | 'pretty',
        path: flags.logFile === undefined ? ofFile.logPath : logPath(flags.logFile, context.cwd),
      },
      memoryLimit: ofFile.memoryLimit ?? configDefaults.memoryLimit,
      shutdownTimeout: ofFile.shutdownTimeout ?? configDefaults.shutdownTimeout,
      workers: ofFile.workers ?? configDefaults.workers,
    }),
  };
}

function flagError(where: string, message: string): ConfigError {
  return { where, line: 0, column: 0, message, excerpt: '' };
}

function readProblem(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${message}`;
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}
