// The built program as a user starts it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
const main = `${root}dist/src/cli/main.js`;

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as its bytes. */
  readonly bytes: Buffer;
}

/** Runs a command to its end. */
export function run(
  args: readonly string[],
  options: { input?: string | Buffer; cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Finished {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    maxBuffer: 2 ** 28,
    timeout: 60_000,
    ...options,
  });
  return { status, stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8'), bytes: stdout };
}

export interface ReadyLine {
  readonly msg: string;
  readonly in: readonly string[];
  readonly out: string;
  readonly alerts: readonly string[];
  readonly rules: number;
  readonly admin?: string;
}

/** A command that goes on running. */
export class Program {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly exited: Promise<number | null>;
  readonly #waiting: (() => void)[] = [];

  constructor(args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
    this.child = spawn(process.execPath, [main, ...args], { stdio: ['pipe', 'pipe', 'pipe'], ...options });
    const wake = (): void => {
      for (const w of this.#waiting.splice(0)) w();
    };
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      wake();
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      wake();
    });
    this.child.stdin!.on('error', () => undefined);
    this.exited = once(this.child, 'close').then(([code]) => {
      wake();
      return code as number | null;
    });
  }

  /** Resolves when stderr has this text. */
  async says(text: string | RegExp): Promise<void> {
    const has = (): boolean =>
      typeof text === 'string' ? this.stderr.includes(text) : text.test(this.stderr);
    while (!has()) {
      if (this.child.exitCode !== null) throw new Error(`ended without saying ${text}: ${this.stderr}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async ready(): Promise<ReadyLine> {
    await this.says('"msg":"ready"');
    const line = this.stderr.split('\n').find((l) => l.includes('"msg":"ready"'))!;
    return JSON.parse(line) as ReadyLine;
  }

  /** Of the n-th input of the ready line. */
  async port(n = 0): Promise<number> {
    return Number(/:(\d+)$/.exec((await this.ready()).in[n]!)![1]);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Ends it at once if it still runs. */
  async kill(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.exited;
  }
}
