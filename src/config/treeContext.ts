// What reading any part of the config tree needs: errors with their place, paths of the file's own folder, secrets from
// the environment or a file.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ConfigError } from './configError.js';
import { EndpointError } from './endpoints.js';
import type { ConfigFile, TreePath } from './file.js';
import type { LoadContext } from './load.js';

export type Table = Readonly<Record<string, unknown>>;

export class TreeContext {
  readonly folder: string;
  readonly hostname: string;
  readonly #file: ConfigFile;
  readonly #env: NodeJS.ProcessEnv;
  readonly #errors: ConfigError[];

  constructor(file: ConfigFile, folder: string, context: LoadContext, errors: ConfigError[]) {
    this.#file = file;
    this.folder = folder;
    this.hostname = context.hostname;
    this.#env = context.env;
    this.#errors = errors;
  }

  /** `name`, `name_env` or `name_file`; null: none of them is there. */
  secret(t: Table, name: string, path: TreePath): string | null {
    const given = [name, `${name}_env`, `${name}_file`].filter((key) => t[key] !== undefined);
    if (given.length > 1)
      this.error([...path, given[1]!], `${given.join(' and ')} say the same thing; keep one`);
    const variable = t[`${name}_env`];
    if (typeof variable === 'string') {
      const value = this.#env[variable];
      if (value === undefined)
        this.error([...path, `${name}_env`], `the environment has no variable ${variable}`);
      return value ?? '';
    }
    const file = this.path(t[`${name}_file`]);
    if (file !== null) {
      try {
        return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
      } catch (error) {
        this.error([...path, `${name}_file`], `cannot be read: ${(error as Error).message}`);
        return '';
      }
    }
    return typeof t[name] === 'string' ? (t[name] as string) : null;
  }

  path(value: unknown): string | null {
    return typeof value === 'string' ? resolve(this.folder, value) : null;
  }

  try<T>(path: TreePath, make: () => T): T | null {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof EndpointError)) throw error;
      this.error(path, error.message);
      return null;
    }
  }

  error(path: TreePath, message: string): void {
    this.#errors.push(this.#file.error(path, message));
  }
}
