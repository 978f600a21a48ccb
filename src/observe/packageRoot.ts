// Where the package lies (its console and its package.json), built or from source; and its version.
import { existsSync, readFileSync } from 'node:fs';

/** The package's folder. */
export const packageRoot: URL = ['../../', '../../../']
  .map((up) => new URL(up, import.meta.url))
  .find((folder) => existsSync(new URL('package.json', folder)))!;

export const packageVersion: string = (
  JSON.parse(readFileSync(new URL('package.json', packageRoot), 'utf8')) as { version: string }
).version;
