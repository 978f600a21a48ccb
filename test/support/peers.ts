// Peers that a machine may have: which are there, said loudly when one is not.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** Why tests that need it are skipped; null: it is there. */
export function missing(
  what: string,
  command: string,
  args: readonly string[],
  install: string,
): string | null {
  const probe = spawnSync(command, args, { stdio: 'ignore' });
  if (probe.status === 0) return null;
  const why = `there is no ${what} on this machine (${install})`;
  process.stderr.write(`\n*** SKIPPED: ${why}\n\n`);
  return why;
}

/** Runs a client program to its end. @throws Error with its stderr when it fails. */
export async function client(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${stderr}`);
}
