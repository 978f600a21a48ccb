// `fluent-detect config show [FILE]`: the config as it is in force, defaults filled in, secrets masked; each value with
// where it came from. What it prints is YAML, and a config.
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { formatConfigError } from '../config/configError.js';
import { effectiveConfig } from '../config/effective.js';
import { ConfigFile } from '../config/file.js';
import { DEFAULT_FILE, type Flags, loadConfig } from '../config/load.js';
import { packageRoot } from '../observe/packageRoot.js';
import type { CommandIo, ExitStatus } from './io.js';

export function configShow(flags: Flags & { readonly json?: boolean }, io: CommandIo): ExitStatus {
  const context = { cwd: io.cwd, env: io.env, isTty: io.stderr.isTTY === true, hostname: hostname() };
  const loaded = loadConfig(flags, context, { output: false });
  if (!('config' in loaded)) {
    for (const error of loaded.errors) io.stderr.write(`${formatConfigError(error)}\n`);
    return loaded.errors.some((e) => e.line > 0) ? 1 : 2;
  }
  const name = flags.config ?? DEFAULT_FILE;
  const file = new ConfigFile(name, textOf(resolve(io.cwd, name)) ?? '');
  const shipped = readFileSync(new URL('conf/fluent-detect.yaml', packageRoot), 'utf8');
  const defaults = new ConfigFile('conf/fluent-detect.yaml', shipped).tree;
  const shown = effectiveConfig(file, flags, defaults);
  io.stdout.write(flags.json ? `${JSON.stringify(shown.toJS(), null, 2)}\n` : String(shown));
  return 0;
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Without --config the file need not be there; with it, loading has said so.
    return null;
  }
}
