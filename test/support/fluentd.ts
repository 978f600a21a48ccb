// A real Fluentd, where there is one.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** Why the tests that need it are skipped; null: it is there. */
export const noFluentd: string | null =
  spawnSync('fluentd', ['--version']).status === 0
    ? null
    : 'there is no fluentd on this machine (gem install fluentd)';

if (noFluentd !== null) process.stderr.write(`\n*** SKIPPED: ${noFluentd}\n\n`);

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export class Fluentd {
  readonly child: ChildProcess;
  log = '';
  readonly exited: Promise<unknown>;

  constructor(conf: string, env: Readonly<Record<string, string>>, cwd: string) {
    this.child = spawn('fluentd', ['-c', conf, '--no-supervisor'], { cwd, env: { ...process.env, ...env } });
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.log += text;
      });
    this.exited = once(this.child, 'close');
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    await this.exited;
  }
}

/** Sends lines through the real fluent-cat. */
export async function fluentCat(port: number, tag: string, lines: string): Promise<void> {
  const cat = spawn('fluent-cat', ['-p', String(port), '--retry-limit', '20', tag], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  cat.stdin.end(lines);
  const [code] = (await once(cat, 'close')) as [number];
  if (code !== 0) throw new Error(`fluent-cat ended with ${code}`);
}

export interface FileEvent {
  readonly time: string;
  readonly tag: string;
  readonly record: Record<string, unknown>;
}

/** The lines that out_file has written below a folder so far, staged buffers included. */
export function fileLines(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && e.name.endsWith('.log'))
    .flatMap((e) => textOf(join(e.parentPath ?? e.path, e.name)).split('\n'))
    .filter((line) => line.endsWith('}'));
}

/** A staged buffer that Fluentd moved between listing and reading is in the next listing under its new name. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

export function fileEvents(folder: string): FileEvent[] {
  return fileLines(folder).map((line) => {
    const [time, tag, json] = line.split('\t') as [string, string, string];
    return { time, tag, record: JSON.parse(json) as Record<string, unknown> };
  });
}

export async function until(
  done: () => boolean,
  what: string | (() => string),
  withinMs = 60_000,
): Promise<void> {
  const end = Date.now() + withinMs;
  while (!done()) {
    if (Date.now() > end)
      throw new Error(`waited ${withinMs} ms for ${typeof what === 'string' ? what : what()}`);
    await new Promise((r) => setTimeout(r, 50));
  }
}
