// What lies below a folder of rules, and what in it is not looked into.
import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A path that cannot be read at all: usage, not a rule's fault. */
export class RulePathError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RulePathError';
  }
}

/** @throws RulePathError when there is nothing at the path. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (cause) {
    throw new RulePathError(`${path}: there is no such file or folder`, { cause });
  }
}

/**
 * The files below a folder, by name, links followed; `_deprecated` and hidden folders left out. Of a whole checkout of
 * Elastic's detection-rules only the folders of rules are looked into. A link to nothing counts as a file.
 */
export function filesBelow(folder: string, above: readonly string[] = []): string[] {
  const here = realpathSync(folder);
  // A link back up: what is there is being read already.
  if (above.includes(here)) return [];
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return lookedInto(entries).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!leadsToFolder(entry, path)) return [path];
    return entry.name === '_deprecated' || entry.name.startsWith('.')
      ? []
      : filesBelow(path, [...above, here]);
  });
}

function leadsToFolder(entry: Dirent, path: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  try {
    return statSync(path).isDirectory();
  } catch {
    // It leads nowhere: whoever reads it as a file says so, with its name.
    return false;
  }
}

const rulesOfCheckout = ['rules', 'rules_building_block'];

/** A checkout is known by the tool that lies beside its rules. */
function lookedInto(entries: readonly Dirent[]): readonly Dirent[] {
  const names = new Set(entries.filter((e) => e.isDirectory()).map((e) => e.name));
  const isCheckout = names.has('detection_rules') && names.has('rules');
  return isCheckout ? entries.filter((e) => rulesOfCheckout.includes(e.name)) : entries;
}
