#!/usr/bin/env node
// The program: commands and their flags, nothing else. Data goes to stdout, messages to stderr; exit status 0 done,
// 1 ran and found a problem, 2 could not run. A command's own modules are loaded when it is called: all of them together
// take a second to start.
import { readFileSync } from 'node:fs';
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Flags } from '../config/load.js';
import { commandTree } from './commandTree.js';
import { completion, type Shell, shells } from './completion.js';
import type { CoverageFlags } from './coverageCommand.js';
import type { FieldsFlags } from './fieldsCommand.js';
import type { FilterFlags } from './filterCommand.js';
import type { CommandIo, ExitStatus } from './io.js';
import { manPage } from './manPage.js';
import { rateOf, speedOf } from './rates.js';
import type { RecordFlags } from './recordCommand.js';
import type { ReplayFlags } from './replayCommand.js';
import type { SendFlags } from './replaySend.js';
import type { CheckFlags } from './rulesCheck.js';
import type { RulesFlags } from './rulesFlags.js';
import type { TestFlags } from './rulesTest.js';
import type { TapFlags } from './tapCommand.js';
import type { TopFlags } from './topCommand.js';

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
const tagFlag = () =>
  new Option('--tag <tag>', "the event's tag: constants of the config go by it").default('');
/** What only a replay that judges by one rule set can write. */
const judgedOutputs = ['out', 'alerts', 'csv', 'junit', 'expect', 'report'];
const captureFormat = () =>
  new Option('--format <format>', 'what the captures are')
    .choices(['auto', 'ndjson', 'json', 'fluentd', 'forward', 'csv'])
    .default('auto');
const numberLike = (read: (text: string) => number | null, example: string) => (text: string) => {
  const value = read(text);
  if (value === null) throw new InvalidArgumentError(`Expected something like ${example}.`);
  return value;
};
const adminFlag = () =>
  new Option('--admin <address>', "the stage's admin server: HOST:PORT or a URL (default: 127.0.0.1:24220)");
const logFormat = () =>
  new Option('--log-format <format>', 'form of the log: json, or pretty for a terminal').choices([
    'json',
    'pretty',
  ]);
const logLevel = () =>
  new Option('--log-level <level>', 'how much is logged').choices([
    'trace',
    'debug',
    'info',
    'warn',
    'error',
    'fatal',
  ]);

/** What of the config the command line can say. */
function withRunOptions(command: Command): Command {
  return command
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
    .addOption(logLevel());
}

function wholeNumber(text: string): number {
  if (!/^\d{1,16}$/.test(text)) throw new InvalidArgumentError('it is a whole number.');
  return Number(text);
}
function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0.1 && value <= 3600))
    throw new InvalidArgumentError('it is a number of seconds, from 0.1 to 3600.');
  return value;
}

function program(): Command {
  const root = new Command('fluent-detect')
    .description('Detection rules that run inside the log pipeline')
    .version(versionOfPackage(), '--version')
    .addHelpText(
      'after',
      `
Examples:
  fluent-detect run --in forward://127.0.0.1:24224 --out forward://10.0.0.1 \\
    --alerts file:alerts.ndjson --rules conf/rules --admin 127.0.0.1:24220
  fluent-detect rules check rules/
  fluent-detect replay capture.ndjson.gz --rules rules/ --report report.html
  fluent-detect top --by cost
`,
    )
    .showHelpAfterError('(fluent-detect --help shows the commands and flags)')
    .exitOverride();

  withRunOptions(
    root
      .command('run')
      .description('the stage: Forward in, every event out, alerts to the sinks')
      .addOption(configFlag()),
  ).action(async (flags) => {
    const { runCommand } = await import('./runCommand.js');
    status = await runCommand(flags, io);
  });

  root
    .command('filter')
    .description(
      "the same as a child of Fluentd's exec_filter: records on stdin, records and alerts on stdout",
    )
    .addOption(configFlag())
    .addOption(rulesFlag())
    .addOption(
      new Option('--format <format>', 'what stdin and stdout carry')
        .choices(['json', 'msgpack'])
        .default('json'),
    )
    .option('--tag-key <key>', 'where <inject> puts the tag', 'fluent_tag')
    .option('--time-key <key>', 'where <inject> puts the time', 'fluent_time')
    .option('--record-limit <size>', 'bytes that one record may have (default: 64m)')
    .option(
      '--log-file <path>',
      'Fluentd throws stderr away: log to a file, or a socket (tcp://HOST:PORT, unix:///PATH)',
    )
    .addOption(logFormat())
    .addOption(logLevel())
    .action(async (flags: FilterFlags) => {
      const { filterCommand } = await import('./filterCommand.js');
      status = await filterCommand(flags, io);
    });

  root
    .command('replay')
    .description('captured logs through the same engine: what would have been tagged')
    .argument('<capture...>', 'files, folders, patterns, or - for stdin; gzip is read as it is')
    .addOption(configFlag())
    .addOption(rulesFlag())
    .addOption(captureFormat())
    .option('--out <file>', 'every record, tagged or as it was (NDJSON)')
    .option('--alerts <file>', 'the alerts (NDJSON)')
    .option('--csv <file>', 'the alerts as a table for a spreadsheet')
    .option('--junit <file>', 'what was found (or expected) as a JUnit report')
    .option('--expect <file>', 'what must be found, in YAML: anything else fails')
    .addOption(
      new Option('--against <path>', 'changed rules: what they add and remove (repeatable)')
        .argParser(collect)
        .conflicts(judgedOutputs),
    )
    .option('--markdown <file>', 'with --against: for a pull request (- is stdout)')
    .addOption(
      new Option('--fail-on <change>', 'with --against: the change that ends with status 1')
        .choices(['none', 'added', 'removed', 'any'])
        .default('none'),
    )
    .option('--report <file.html>', 'a page to look through the findings')
    .option('--json', 'the findings as one JSON document on stdout')
    .addOption(
      new Option(
        '--to <address>',
        'send the events to forward://HOST:PORT instead of judging them',
      ).conflicts([...judgedOutputs, 'against', 'rules']),
    )
    .addOption(
      new Option('--rate <events>', 'with --to: events a second (5000/s)').argParser(
        numberLike(rateOf, '5000/s'),
      ),
    )
    .addOption(
      new Option('--speed <times>', 'with --to: times as fast as it happened (60x)')
        .argParser(numberLike(speedOf, '60x'))
        .conflicts('rate'),
    )
    .option('--tag <tag>', 'with --to: for events whose capture knows no tag', 'replay')
    .action(async (captures: string[], flags) => {
      const { to, rate = null, speed = null, tag } = flags as Partial<SendFlags>;
      if (to !== undefined) {
        const { sendCommand } = await import('./replaySend.js');
        status = await sendCommand(captures, { ...flags, to, rate, speed, tag: tag! }, io);
        return;
      }
      const { out, alerts, ...rest } = flags as { out?: string; alerts?: string } & ReplayFlags;
      const files = { ...(out ? { outFile: out } : {}), ...(alerts ? { alertsFile: alerts } : {}) };
      const { replayCommand } = await import('./replayCommand.js');
      status = await replayCommand(captures, { ...rest, ...files }, io);
    });

  root
    .command('record')
    .description('a live Forward stream into a capture for replay, acked once it is on disk')
    .addOption(configFlag())
    .option('--in <address>', 'where events come in: forward://HOST:PORT (repeatable)', collect)
    .requiredOption('--out <file.fwd>', 'the capture; one that is there is not written over')
    .option('--redact <field>', 'a field to put out of sight: user.name (repeatable)', collect)
    .option('--rotate-size <size>', 'a new file (NAME_002.fwd, …) past this: 100m')
    .option('--max-size <size>', 'ends past this over all files: 2g')
    .option('--for <time>', 'ends after this: 30s, 5m, 1h')
    .action(async (flags: RecordFlags) => {
      const { recordCommand } = await import('./recordCommand.js');
      status = await recordCommand(flags, io);
    });

  root
    .command('coverage')
    .description('the ATT&CK techniques that the rules name, and what of them fired in captures')
    .argument('[capture...]', 'captures, as for replay')
    .addOption(configFlag())
    .addOption(rulesFlag())
    .addOption(captureFormat())
    .option('--navigator <layer.json>', 'a layer for the ATT&CK Navigator (- is stdout)')
    .option('--json', 'as JSON')
    .action(async (captures: string[], flags: CoverageFlags) => {
      const { coverageCommand } = await import('./coverageCommand.js');
      status = await coverageCommand(captures, flags, io);
    });

  const rules = root.command('rules').description('about rule files');
  rules
    .command('check')
    .description('validates rule files: every error with its file, line and column')
    .argument('<path...>', 'rule files, or folders searched recursively')
    .addOption(configFlag())
    .addOption(
      new Option('--format <format>', 'text for people; json or sarif on stdout')
        .choices(['text', 'json', 'sarif'])
        .default('text'),
    )
    .action(async (paths: string[], flags: CheckFlags) => {
      const { rulesCheck } = await import('./rulesCheck.js');
      status = rulesCheck(paths, flags, io);
    });
  rules
    .command('test')
    .description('runs the examples kept beside the rules')
    .argument('<path...>', 'rule files, examples, or folders searched recursively')
    .addOption(configFlag())
    .option('--json', 'the outcomes as JSON on stdout')
    .option('--junit <file>', 'the outcomes as a JUnit report')
    .action(async (paths: string[], flags: TestFlags) => {
      const { rulesTest } = await import('./rulesTest.js');
      status = rulesTest(paths, flags, io);
    });
  rules
    .command('list')
    .description('the rules in force: id, name, version, severity, risk score, MITRE ATT&CK')
    .argument('[path...]', 'rule files or folders (default: those of the config)')
    .addOption(configFlag())
    .addOption(rulesFlag())
    .option('--json', 'as JSON')
    .action(async (paths: string[], flags: RulesFlags) => {
      const { rulesList } = await import('./rulesList.js');
      status = rulesList(paths, flags, io);
    });

  rules
    .command('explain')
    .description('why a rule matches an event or not, node by node')
    .argument('<rule>', "the rule's id or name")
    .argument('<event>', 'a file with one JSON event, or -')
    .addOption(configFlag())
    .addOption(rulesFlag())
    .addOption(tagFlag())
    .option('--json', 'as JSON')
    .action(async (rule: string, event: string, flags: RulesFlags) => {
      const { rulesExplain } = await import('./rulesExplain.js');
      status = rulesExplain(rule, event, flags, io);
    });

  root
    .command('fields')
    .description('an event as the rules see it, and which mapping did it')
    .argument('<event>', 'a file with one JSON event, or -')
    .addOption(configFlag())
    .addOption(tagFlag())
    .option('--json', 'as JSON')
    .action(async (event: string, flags: FieldsFlags) => {
      const { fieldsCommand } = await import('./fieldsCommand.js');
      status = fieldsCommand(event, flags, io);
    });

  const config = root.command('config').description('about the config');
  config
    .command('check')
    .argument('[file]', 'the config (default: fluent-detect.yaml)')
    .description('every error of a config at once, each with its place')
    .action(async (file: string | undefined) => {
      const { configCheck } = await import('./configCommand.js');
      status = configCheck(file, io);
    });

  withRunOptions(
    config
      .command('show')
      .argument('[file]', 'the config (default: fluent-detect.yaml)')
      .description('the config in force: defaults filled in, secrets masked, where each value came from'),
  )
    .option('--json', 'as JSON')
    .action(async (file: string | undefined, flags: Flags) => {
      const { configShow } = await import('./configShow.js');
      status = configShow(file === undefined ? flags : { ...flags, config: file }, io);
    });

  root
    .command('top')
    .description('the rules of a running stage by hits or cost')
    .addOption(adminFlag())
    .addOption(configFlag())
    .addOption(new Option('--by <order>', 'what comes first').choices(['matches', 'cost']).default('matches'))
    .addOption(new Option('--limit <n>', 'at most so many rules; 0: all').argParser(wholeNumber).default(20))
    .addOption(new Option('--interval <seconds>', 'how often, on a terminal').argParser(seconds).default(2))
    .option('--once', 'once, on a terminal too')
    .option('--json', 'once, as JSON')
    .action(async (flags: TopFlags) => {
      const { topCommand } = await import('./topCommand.js');
      status = await topCommand(flags, io);
    });
  root
    .command('tap')
    .description('the alerts of a running stage as they come: lines on a terminal, else NDJSON')
    .addOption(adminFlag())
    .addOption(configFlag())
    .addOption(
      new Option('--severity <severity>', 'this and worse').choices(['low', 'medium', 'high', 'critical']),
    )
    .option('--rule <rule>', "only this rule's, by id or name")
    .addOption(
      new Option('--since <seq>', 'after this alert; 0: all that are kept (default: new ones)').argParser(
        wholeNumber,
      ),
    )
    .addOption(new Option('--count <n>', 'ends after so many').argParser(wholeNumber))
    .option('--json', 'NDJSON, on a terminal too')
    .action(async (flags: TapFlags) => {
      const { tapCommand } = await import('./tapCommand.js');
      status = await tapCommand(flags, io);
    });

  root
    .command('completion')
    .description('a script that completes commands and options in your shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .action((shell: Shell) => {
      io.stdout.write(completion(shell, commandTree(root)));
    });
  root
    .command('man')
    .description('the man page: fluent-detect man | man -l -')
    .action(() => {
      io.stdout.write(manPage(commandTree(root), versionOfPackage()));
    });

  root
    .command('quickstart')
    .description('the stage with its shipped rule and sample capture, to see it work')
    .addOption(configFlag())
    .action(async (flags) => {
      const { quickstart } = await import('./quickstartCommand.js');
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
  // The filter says what it lost by that, and ends itself.
  if (process.argv[2] === 'filter') return;
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
