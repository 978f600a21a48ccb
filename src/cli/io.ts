// What a command may touch of the world: streams, folder, environment. Exit statuses, and how errors are said.
import { hostname } from 'node:os';
import type { Writable } from 'node:stream';
import type { Config } from '../config/config.js';
import { formatConfigError } from '../config/configError.js';
import { type Flags, loadConfig } from '../config/load.js';

export interface CommandIo {
  readonly stdin: NodeJS.ReadableStream;
  /** Data only. */
  readonly stdout: Writable;
  /** Messages for people. */
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Done; ran and found a problem; could not run. */
export type ExitStatus = 0 | 1 | 2;

/** The config that flags and file make; null: its errors have been said, and the command cannot run. */
export function configFor(flags: Flags, io: CommandIo, needs: { readonly output: boolean }): Config | null {
  const context = { cwd: io.cwd, env: io.env, isTty: io.stderr.isTTY === true, hostname: hostname() };
  const loaded = loadConfig(flags, context, needs);
  if ('config' in loaded) return loaded.config;
  for (const error of loaded.errors) io.stderr.write(`${formatConfigError(error)}\n`);
  return null;
}
