// A small disk that can be full: a tmpfs of its own, where mounting is permitted.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class Tmpfs {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Null: mounting is not permitted here. */
  static mount(size: string): Tmpfs | null {
    const path = mkdtempSync(join(tmpdir(), 'fd-disk-'));
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path]).status === 0)
      return new Tmpfs(path);
    rmSync(path, { recursive: true });
    return null;
  }

  /** Takes all the room that is left. */
  fill(): void {
    const { bavail, bsize } = statfsSync(this.path);
    try {
      writeFileSync(join(this.path, 'ballast'), Buffer.alloc(bavail * bsize + bsize));
    } catch {
      // Full now.
    }
  }

  empty(): void {
    rmSync(join(this.path, 'ballast'), { force: true });
  }

  unmount(): void {
    spawnSync('umount', ['-l', this.path]);
    rmSync(this.path, { recursive: true, force: true });
  }
}

const probe = Tmpfs.mount('64k');
probe?.unmount();

/** Why tests of a full disk are skipped; null: they can run. */
export const noTmpfs: string | null = probe ? null : 'mounting a tmpfs is not permitted here';
if (noTmpfs !== null) process.stderr.write(`\n*** SKIPPED: ${noTmpfs}\n\n`);
