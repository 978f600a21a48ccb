#!/usr/bin/env node
// The program: commands and their flags, nothing else. Data goes to stdout, messages to stderr; exit status 0 done,
// 1 ran and found a problem, 2 could not run.
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { configCheck } from './configCommand.js';
import type { CommandIo, ExitStatus } from './io.js';
import { quickstart } from './quickstartCommand.js';
import { runCommand } from './runCommand.js';

const io: CommandIo = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  cwd: process.cwd(),
  env: process.env,
};

let status: ExitStatus = 0;

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];
const configFlag = () => new Option('--config <file>', 'the config (default: fluent-detect.yaml, if there)');
const rulesFlag = () =>
  new Option('--rules <path>', 'a rule file, or a folder searched recursively (repeatable)').argParser(
    collect,
  );
const logFormat = () =>
  new Option('--log-format <format>', 'json, or pretty for a terminal').choices(['json', 'pretty']);
const logLevel = () =>
  new Option('--log-level <level>', 'how much is logged').choices([
    'trace',
    'debug',
    'info',
    'warn',
    'error',
    'fatal',
  ]);

function program(): Command {
  const root = new Command('fluent-detect')
    .description('Detection rules that run inside the log pipeline')
    .version(versionOfPackage(), '--version')
    .showHelpAfterError('(fluent-detect --help shows the commands and flags)')
    .exitOverride();

  root
    .command('run')
    .description('the stage: Forward in, every event out, alerts to the sinks')
    .addOption(configFlag())
    .option(
      '--in <address>',
      'where events come in: forward://HOST:PORT, forward+unix:///path.sock (repeatable)',
      collect,
    )
    .option(
      '--out <to>',
      'where events go on: forward://HOST:PORT, stdout:, file:PATH (repeatable: load-balanced)',
      collect,
    )
    .option(
      '--alerts <to>',
      'an alert sink: forward://, file:PATH, http(s)://, stdout: (repeatable)',
      collect,
    )
    .addOption(rulesFlag())
    .option('--admin <host:port>', 'serve /metrics, /healthz, /readyz, /api and the page')
    .addOption(logFormat())
    .addOption(logLevel())
    .action(async (flags) => {
      status = await runCommand(flags, io);
    });

  const config = root.command('config').description('about the config');
  config
    .command('check')
    .argument('[file]', 'the config (default: fluent-detect.yaml)')
    .description('every error of a config at once, each with its place')
    .action((file: string | undefined) => {
      status = configCheck(file, io);
    });

  root
    .command('quickstart')
    .description('the stage with its shipped rule and sample capture, to see it work')
    .addOption(configFlag())
    .action(async (flags) => {
      status = await quickstart(flags, io);
    });
  return root;
}

function versionOfPackage(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

// A reader that goes away (`| head`) ends the program quietly.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(status);
  throw error;
});

try {
  await program().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) status = error.exitCode === 0 ? 0 : 2;
  else {
    io.stderr.write(`fluent-detect: ${(error as Error).message}\n`);
    status = 1;
  }
}
process.exitCode = status;
