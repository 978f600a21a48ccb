// `fluent-detect config check [FILE]`: every error of a config at once, each with its place.
import { hostname } from 'node:os';
import { formatConfigError } from '../config/configError.js';
import { DEFAULT_FILE, loadConfig } from '../config/load.js';
import type { CommandIo, ExitStatus } from './io.js';

export function configCheck(file: string | undefined, io: CommandIo): ExitStatus {
  const name = file ?? DEFAULT_FILE;
  const context = { cwd: io.cwd, env: io.env, isTty: false, hostname: hostname() };
  const loaded = loadConfig({ config: name }, context, { output: false });
  if ('config' in loaded) {
    io.stderr.write(`${name}: no problem found\n`);
    return 0;
  }
  for (const error of loaded.errors) io.stderr.write(`${formatConfigError(error)}\n`);
  const unreadable = loaded.errors.every(
    (e) => e.line === 0 && /no such file|cannot be read/.test(e.message) && e.where === name,
  );
  if (!unreadable)
    io.stderr.write(`${loaded.errors.length} problem${loaded.errors.length === 1 ? '' : 's'} in ${name}\n`);
  return unreadable ? 2 : 1;
}
