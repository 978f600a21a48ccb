// The program at a terminal and in a shell: the live line, top, tap, completion, help and man page.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Program, root, run } from '../support/program.js';
import { match } from '../support/records.js';
import { Sender } from '../support/sender.js';
import { messageMode } from '../support/wire.js';

const has = (command: string, ...args: string[]): boolean => spawnSync(command, args).error === undefined;
const noTmux = has('tmux', '-V') ? null : 'there is no tmux on this machine (apt-get install tmux)';
const noMandoc = has('mandoc', '-Thtml', '/dev/null') ? null : 'there is no mandoc (apt-get install mandoc)';
for (const why of [noTmux, noMandoc]) if (why) process.stderr.write(`\n*** SKIPPED: ${why}\n\n`);

const main = `${root}dist/src/cli/main.js`;
let folder: string;
let program: Program | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fd-terminal-'));
});
afterEach(async () => {
  await program?.kill();
  program = null;
  rmSync(folder, { recursive: true, force: true });
});

const stage = ['run', '--in', 'forward://127.0.0.1:0', '--out', 'file:o', '--rules', `${root}conf/rules`];

describe.skipIf(noTmux !== null)('run on a terminal', () => {
  const socket = `fd-test-${process.pid}`;
  const tmux = (...args: string[]): string =>
    spawnSync('tmux', ['-L', socket, ...args], { encoding: 'utf8' }).stdout;
  afterEach(() => {
    tmux('kill-server');
  });

  it('shows one live line below the log, which stays whole however much is logged and however narrow it is', async () => {
    const command = [process.execPath, main, ...stage, '--alerts', 'file:a'].join(' ');
    tmux('new-session', '-d', '-x', '100', '-y', '40', `cd ${folder} && ${command}; sleep 60`);
    const screen = (): string[] => tmux('capture-pane', '-pJ', '-t', '0').trimEnd().split('\n');
    await expect
      .poll(() => screen().at(-1), { timeout: 30_000 })
      .toMatch(/^in 0\/s {2}out 0\/s {2}events 0 /);
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(screen().join('\n'))![1]);
    for (let i = 0; i < 5; i += 1) {
      const bad = await Sender.to(port);
      bad.write(Buffer.from([0xc1 - i]));
      await bad.close();
    }
    const sender = await Sender.to(port);
    sender.write(messageMode('a', match('1'), { chunk: 'c' }));
    await sender.acked(1);
    await expect
      .poll(() => screen().at(-1), { timeout: 15_000 })
      .toMatch(/events 1 {2}matches 1 {2}alerts 1 {2}spool 0 {2}connections 1$/);
    const log = screen().slice(0, -1);
    expect(log.length).toBeGreaterThan(1);
    for (const line of log) expect(line).toMatch(/^(ready |\d\d:\d\d:\d\d \w+ +| +→ )/);
    tmux('resize-window', '-x', '40', '-y', '40');
    await expect
      .poll(() => tmux('capture-pane', '-p').trimEnd().split('\n').at(-1)!.length, { timeout: 15_000 })
      .toBeLessThanOrEqual(37);
    tmux('send-keys', 'C-c');
    await expect.poll(() => screen().join('\n'), { timeout: 15_000 }).toContain('stopped');
    expect(screen().filter((line) => line.startsWith('in '))).toEqual([]);
    await sender.close();
  });
});

describe('top and tap', () => {
  let admin: string;
  let sender: Sender;
  beforeEach(async () => {
    const args = [...stage, '--alerts', 'file:a', '--admin', '127.0.0.1:0', '--log-format', 'json'];
    program = new Program(args, { cwd: folder });
    sender = await Sender.to(await program.port());
    admin = (await program.ready()).admin!;
    sender.write(messageMode('a', { ...match('1'), n: 9007199254740993n }, { chunk: 'c' }));
    await sender.acked(1);
  });
  afterEach(() => sender.close());

  it('top lists the rules of a running stage with hits and cost, as a table or as JSON', () => {
    const table = run(['top', '--admin', admin.replace('http://', '')], { cwd: folder });
    expect([table.status, table.stderr]).toEqual([0, '']);
    expect(table.stdout).toMatch(/events 1 in, 1 out {2}matches 1 {2}alerts 1/);
    expect(table.stdout).toMatch(/^ +1 +1 +1 +\d+ +[\d.]+ +medium +active +Entra ID Device Code/m);
    const json = run(['top', '--admin', admin, '--json', '--by', 'cost'], { cwd: folder });
    expect(JSON.parse(json.stdout)).toMatchObject([{ matches: 1, alerts: 1, cost: { candidates: 1 } }]);
  });

  it('tap gives the alerts that are kept and then each new one, a line of JSON with the whole record', async () => {
    const tap = new Program(['tap', '--admin', admin, '--since', '0', '--severity', 'medium'], {
      cwd: folder,
    });
    const lines = (): string[] => tap.stdout.split('\n').filter(Boolean);
    await expect.poll(() => lines().length, { timeout: 15_000 }).toBe(1);
    expect(lines()[0]).toContain('"n":9007199254740993');
    sender.write(messageMode('a', match('2'), { chunk: 'd' }));
    await expect.poll(() => lines().length, { timeout: 15_000 }).toBe(2);
    expect(JSON.parse(lines()[1]!)).toMatchObject({ severity: 'medium', record: { event: { id: '2' } } });
    tap.signal('SIGINT');
    expect(await tap.exited).toBe(0);
    const none = run(
      [
        'tap',
        '--admin',
        admin,
        '--since',
        '0',
        '--count',
        '1',
        '--rule',
        'Entra ID Device Code Auth with Broker Client',
      ],
      { cwd: folder },
    );
    expect([none.status, none.stdout.split('\n').length]).toEqual([0, 2]);
  });

  it('tap goes on where it was when the stage is started again', async () => {
    const tap = new Program(['tap', '--admin', admin, '--since', '0'], { cwd: folder });
    await expect.poll(() => tap.stdout, { timeout: 15_000 }).toContain('"id":"1"');
    await program!.kill();
    await tap.says('went away: trying again');
    program = new Program(
      [...stage, '--alerts', 'file:b', '--admin', new URL(admin).host, '--log-format', 'json'],
      { cwd: folder },
    );
    const again = await Sender.to(await program.port());
    again.write(messageMode('a', match('2'), { chunk: 'd' }));
    await expect.poll(() => tap.stdout, { timeout: 20_000 }).toContain('"id":"2"');
    await tap.kill();
    await again.close();
  });

  it('both say what to do when no stage answers, with status 2', async () => {
    await program!.kill();
    for (const command of ['top', 'tap']) {
      const { status, stdout, stderr } = run([command, '--admin', admin], { cwd: folder });
      expect([status, stdout, stderr]).toEqual([
        2,
        '',
        `no stage answers at ${admin} (ECONNREFUSED): start it with --admin, or say where it is with --admin HOST:PORT\n`,
      ]);
    }
  });
});

describe('in a shell', () => {
  const completed: readonly (readonly [words: readonly string[], some: readonly string[], all: boolean])[] = [
    [[''], ['run', 'replay', 'rules', 'top', '--version'], false],
    [['rules', 'ch'], ['check'], true],
    [['rules', 'check', '--fo'], ['--format'], true],
    [['rules', 'check', '--format', 's'], ['sarif'], true],
    [['run', '--log-format', ''], ['json', 'pretty'], true],
    [['run', '--config', 'packa'], ['package.json'], false],
    [['rules', 'check', 'con'], ['conf'], false],
  ];

  it('bash completes commands, options, choices and paths', () => {
    const asked = completed.map(([words]) => {
      const list = words.map((w) => `'${w}'`).join(' ');
      return `COMP_WORDS=(fluent-detect ${list}); COMP_CWORD=${words.length}; _fluent_detect; echo "\${COMPREPLY[*]}"`;
    });
    const script = [run(['completion', 'bash']).stdout, ...asked].join('\n');
    const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8', cwd: root });
    expect(stderr).toBe('');
    stdout
      .trimEnd()
      .split('\n')
      .forEach((line, i) => {
        const [, some, all] = completed[i]!;
        const words = line.split(' ');
        expect(all ? words : some.filter((w) => words.includes(w))).toEqual(some);
      });
  });

  it.each(['bash', 'zsh', 'fish'].filter((shell) => has(shell, '-c', 'true')))(
    '%s finds no mistake in its script',
    (shell) => {
      const path = join(folder, 'script');
      writeFileSync(path, run(['completion', shell]).stdout);
      const { status, stderr } = spawnSync(shell, ['-n', path], { encoding: 'utf8' });
      expect([status, stderr]).toEqual([0, '']);
    },
  );

  it('every help text has at most 80 columns', () => {
    const commands = [[], ['run'], ['replay'], ['config', 'show']];
    for (const command of commands) {
      const { stdout } = run([...command, '--help']);
      expect(stdout).toContain('Usage: fluent-detect');
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    }
  });

  it.skipIf(noMandoc !== null)('the man page is one that mandoc finds nothing wrong with', () => {
    const page = run(['man']).stdout;
    const lint = spawnSync('mandoc', ['-Tlint', '-Wwarning'], { input: page, encoding: 'utf8' });
    expect([lint.status, lint.stdout]).toEqual([0, '']);
    const text = spawnSync('mandoc', ['-Thtml'], { input: page, encoding: 'utf8' }).stdout;
    for (const part of ['rules check', '--rules', 'FLUENT_DETECT_ADMIN_TOKEN', 'SIGHUP'])
      expect(text).toContain(part);
  });
});
