// A real Redis, where there is one.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { missing } from './peers.js';

/** Why the tests that need it are skipped; null: it is there. */
export const noRedis: string | null = missing(
  'redis-server',
  'redis-server',
  ['--version'],
  'apt-get install redis-server',
);

export class Redis {
  readonly port: number;
  readonly #password: string | null;
  #child: ChildProcess;

  private constructor(port: number, password: string | null) {
    this.port = port;
    this.#password = password;
    this.#child = this.#spawn();
  }

  static async start(port: number, password: string | null = null): Promise<Redis> {
    const redis = new Redis(port, password);
    await redis.#listening();
    return redis;
  }

  async kill(): Promise<void> {
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await ended;
  }

  /** On the same port, empty. */
  async again(): Promise<void> {
    this.#child = this.#spawn();
    await this.#listening();
  }

  /** Stands still, its connections open, until `resume`. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }
  resume(): void {
    this.#child.kill('SIGCONT');
  }

  ask(...command: string[]): string {
    const auth = this.#password === null ? [] : ['-a', this.#password, '--no-auth-warning'];
    const args = ['-p', String(this.port), ...auth, ...command];
    return spawnSync('redis-cli', args, { encoding: 'utf8' }).stdout.trim();
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.kill();
  }

  #spawn(): ChildProcess {
    const auth = this.#password === null ? [] : ['--requirepass', this.#password];
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    return spawn('redis-server', [...args, ...auth], { stdio: 'ignore' });
  }

  async #listening(): Promise<void> {
    for (;;) {
      const socket = connect(this.port, '127.0.0.1');
      const isThere = await new Promise<boolean>((resolve) => {
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      });
      socket.destroy();
      if (isThere) return;
      await new Promise((r) => setTimeout(r, 50));
    }
  }
}
