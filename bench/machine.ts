// Processes under measurement: started on a core of their own, their CPU time and peak memory read from /proc.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const hasTaskset = spawnSync('taskset', ['-V']).status === 0 && cpus().length > 1;

/** Starts a command pinned to a core (where taskset is to be had). Sender and sink share core 0, a stage has core 1. */
export function pinned(
  core: number | 'all',
  command: string,
  args: readonly string[],
  { cwd = process.cwd(), stdin = 'ignore' }: { cwd?: string; stdin?: 'ignore' | 'pipe' } = {},
): ChildProcess {
  const [file, all] =
    hasTaskset && core !== 'all' ? ['taskset', ['-c', String(core), command, ...args]] : [command, [...args]];
  return spawn(file!, all as string[], {
    stdio: [stdin, 'pipe', 'pipe'],
    cwd,
  });
}

/** The next line of a child's output that satisfies `wanted`; rejects when it ends first. */
export function line(
  child: ChildProcess,
  stream: 'stdout' | 'stderr',
  wanted: (line: string) => boolean,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const seen: string[] = [];
    const lines = createInterface({ input: child[stream]! });
    const ended = (code: number | null): void =>
      reject(new Error(`exited with ${code}: ${seen.slice(-5).join(' | ')}`));
    lines.on('line', (text) => {
      seen.push(text);
      if (!wanted(text)) return;
      lines.close();
      child.off('exit', ended);
      child[stream]!.resume();
      resolve(text);
    });
    child.once('exit', ended);
  });
}

export interface Usage {
  /** Time of the process and all below it, in seconds. */
  readonly user: number;
  readonly system: number;
  /** Highest resident size of any of them, in MiB. */
  readonly peakMb: number;
}

const ticks = Number(spawnSync('getconf', ['CLK_TCK']).stdout?.toString() || 100);

export function usage(pid: number): Usage {
  let user = 0;
  let system = 0;
  let peakMb = 0;
  for (const p of tree(pid)) {
    try {
      const stat = readFileSync(`/proc/${p}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      user += Number(fields[11]) / ticks;
      system += Number(fields[12]) / ticks;
      const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${p}/status`, 'utf8'));
      peakMb = Math.max(peakMb, Number(peak?.[1] ?? 0) / 1024);
    } catch (error) {
      // A child that has ended between the listing and the reading.
      if (
        (error as NodeJS.ErrnoException).code !== 'ENOENT' &&
        (error as NodeJS.ErrnoException).code !== 'ESRCH'
      )
        throw error;
    }
  }
  return { user, system, peakMb };
}

function tree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch (error) {
      if (
        (error as NodeJS.ErrnoException).code !== 'ENOENT' &&
        (error as NodeJS.ErrnoException).code !== 'ESRCH'
      )
        throw error;
    }
  }
  const all = [root];
  for (let i = 0; i < all.length; i += 1) all.push(...(children.get(all[i]!) ?? []));
  return all;
}

/** CPU time that another machine on the same host took from this one (`steal`), and all time, since the start, in ticks. */
export function stolen(): { readonly steal: number; readonly all: number } {
  const [first] = readFileSync('/proc/stat', 'utf8').split('\n');
  const times = first!.split(/\s+/).slice(1, 9).map(Number);
  return { steal: times[7] ?? 0, all: times.reduce((sum, n) => sum + n, 0) };
}

const scratchFolders: string[] = [];
process.once('exit', () => {
  for (const folder of scratchFolders) rmSync(folder, { recursive: true, force: true });
});

/** For this run's files; gone with the process. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fluent-detect-bench-'));
  scratchFolders.push(folder);
  return folder;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

export function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu?.model ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const mid = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[mid]! : (sorted[mid - 1]! + sorted[mid]!) / 2;
}

export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(timer);
}
