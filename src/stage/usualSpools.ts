// Where spools lie when the config names no place, and what becomes of those that nobody reads any more: a stage that
// shared the folder was killed and never came back. See docs/adr/0003-spool-store.md.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../observe/log.js';
import { say } from '../observe/logCodes.js';
import { Spool } from '../sinks/spool.js';
import { SpoolError } from '../sinks/store.js';

/** Stages that can share a working directory without naming their spools. */
const MAX_SPOOLS = 16;

/** Opens the first one that no other stage uses. @throws SpoolError */
export async function openUsualSpool(cwd: string): Promise<Spool> {
  for (let n = 0; ; n += 1) {
    try {
      return await Spool.open(usualPath(cwd, n), Date.now());
    } catch (error) {
      if (!isLocked(error) || n === MAX_SPOOLS - 1) throw error;
    }
  }
}

/**
 * Takes alerts for these queues out of the spools beside `own` that no process has open. What it leaves there is said.
 * What such a stage knew (look-back, caps) stays: a stage that starts with that spool takes it up.
 * @param maxBytes of a queue.
 */
export async function takeOverLeftSpools(
  own: Spool,
  cwd: string,
  queues: readonly string[],
  maxBytes: number,
  log: Logger,
): Promise<void> {
  for (let n = 0; n < MAX_SPOOLS; n += 1) {
    const path = usualPath(cwd, n);
    if (path === own.path || !existsSync(path)) continue;
    try {
      await takeOver(own, path, queues, maxBytes, log);
    } catch (error) {
      // A running stage reads its own.
      if (isLocked(error)) continue;
      const fields = { path, cause: (error as Error).message };
      say(log, 'spool_left_over', fields, 'a spool that no stage reads cannot be taken over');
    }
  }
}

async function takeOver(
  own: Spool,
  path: string,
  queues: readonly string[],
  maxBytes: number,
  log: Logger,
): Promise<void> {
  const left = await Spool.open(path, Date.now());
  try {
    sayDamage(left, log);
    for (const { sink, alerts } of await left.unclaimed()) {
      const isOurs = queues.includes(sink);
      const moved = isOurs ? await (await own.queue(sink)).takeOver(await left.queue(sink), maxBytes) : 0;
      const what = 'alerts that a stage has left in its spool are delivered from here';
      if (moved > 0) say(log, 'spool_taken_over', { path, sink, alerts: moved }, what);
      const rest = { path, sink, alerts: alerts - moved };
      if (rest.alerts > 0) say(log, 'spool_left_over', rest, 'alerts wait in a spool that no stage reads');
    }
  } finally {
    await left.close();
  }
}

/** What was found wrong with a spool, and mended. */
export function sayDamage({ path, damage }: Spool, log: Logger): void {
  if (damage === null) return;
  const copy = damage.copy ?? 'nowhere: there was no room for a copy';
  say(
    log,
    'spool_damaged',
    { path, cause: damage.why, copy },
    'the spool was damaged: it was repaired, and goes on with what could be read',
  );
}

function usualPath(cwd: string, n: number): string {
  return join(cwd, n === 0 ? 'fluent-detect-spool' : `fluent-detect-spool-${n + 1}`);
}

function isLocked(error: unknown): boolean {
  return error instanceof SpoolError && error.locked;
}
