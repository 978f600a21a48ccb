// Looks at the rule files now and then (`rules.watch`) and says when they have changed. It asks the file system, not
// its notifications: those are silent on network file systems and where Kubernetes swaps a mounted folder.
import { stat } from 'node:fs/promises';
import { filesBelow, isFolder } from '../rules/folders.js';

/** Files looked at in one go. */
const BATCH = 64;

export class RuleWatch {
  readonly #paths: readonly string[];
  readonly #onChange: () => Promise<void>;
  #inForce: string | null = null;
  #last: string | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** @param onChange the files have changed, and not between the last two looks: nobody is writing them just now. */
  constructor(paths: readonly string[], onChange: () => Promise<void>) {
    this.#paths = paths;
    this.#onChange = onChange;
  }

  /** @param loadedAt when the rules in force were read, epoch ms: what changed since then is a change. */
  start(everyMs: number, loadedAt: number): void {
    const tick = async (): Promise<void> => {
      await this.look(loadedAt);
      if (this.#timer !== null) this.#timer = setTimeout(tick, everyMs).unref();
    };
    this.#timer = setTimeout(tick, everyMs).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  async look(loadedAt: number): Promise<void> {
    const { print, newest } = await fingerprint(this.#paths);
    this.#inForce ??= newest < loadedAt ? print : '';
    const isSettled = print === this.#last;
    this.#last = print;
    if (!isSettled || print === this.#inForce) return;
    // Whether it loads or not: it is not tried again before something changes.
    this.#inForce = print;
    await this.#onChange();
  }
}

/** Names, sizes and times of all files at the paths; and the newest of the times, epoch ms. */
async function fingerprint(paths: readonly string[]): Promise<{ print: string; newest: number }> {
  const files = paths.flatMap((path) => {
    try {
      return isFolder(path) ? filesBelow(path) : [path];
    } catch {
      // A path that is gone just now: a change like any other, and loading says what is wrong with it.
      return [];
    }
  });
  const parts: string[] = [];
  let newest = 0;
  for (let i = 0; i < files.length; i += BATCH) {
    const some = files.slice(i, i + BATCH);
    const stats = await Promise.all(some.map((file) => stat(file).catch(() => null)));
    stats.forEach((s, n) => {
      parts.push(s === null ? `${some[n]} gone` : `${some[n]} ${s.ino} ${s.size} ${s.mtimeMs} ${s.ctimeMs}`);
      newest = Math.max(newest, s?.ctimeMs ?? 0);
    });
  }
  return { print: parts.join('\n'), newest };
}
