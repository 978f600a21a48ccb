// `fluent-detect filter`: the engine as a child of Fluentd's exec_filter.
import { Writable } from 'node:stream';
import type { Config } from '../config/config.js';
import type { Flags } from '../config/load.js';
import { logPath } from '../config/logPath.js';
import { sizeOf } from '../config/units.js';
import { Engines } from '../detect/engines.js';
import { StatefulRules } from '../detect/stateful.js';
import { sourceMappings } from '../fields/mappings.js';
import { drained } from '../filter/drain.js';
import { ExecFilter, type FilterTotals } from '../filter/filter.js';
import { createLog, type Logger } from '../observe/log.js';
import { say } from '../observe/logCodes.js';
import type { RuleSet } from '../rules/rule.js';
import { type CommandIo, configFor, type ExitStatus } from './io.js';
import { RuleReload } from './ruleReload.js';
import { soundRulesOf, unsupportedSummary } from './ruleSets.js';
import { RuleWatch } from './ruleWatch.js';

export interface FilterFlags extends Flags {
  readonly format: 'json' | 'msgpack';
  readonly tagKey: string;
  readonly timeKey: string;
  readonly recordLimit?: string;
}

/** Once asked to end: silence that counts as the end of the input, and when reading ends whatever comes, ms. Fluentd
 * kills ten seconds after its SIGTERM. */
const IDLE_MS = 3000;
const WHOLE_MS = 8000;
const GIVE_UP_MS = 9500;

export async function filterCommand(flags: FilterFlags, io: CommandIo): Promise<ExitStatus> {
  // First of all: Fluentd may end a child that is still loading its rules, with a full pipe.
  const asked = new AbortController();
  let reload = (): void => undefined;
  process.on('SIGHUP', () => reload());
  onEnd(asked);
  const config = configFor(flags, heard(flags, io), { output: false });
  if (!config) return 2;
  const log = createLog(config.log);
  const recordLimit = sizeOf(flags.recordLimit ?? '64m');
  if (recordLimit === null || !(recordLimit > 0)) {
    const message = `--record-limit ${JSON.stringify(flags.recordLimit)}: a size should be here, as 64m`;
    say(log, 'start_failed', {}, message);
    return 2;
  }
  const loadedAt = Date.now();
  const loaded = soundRulesOf(config, heard(flags, io), (message) =>
    say(log, 'rules_not_loaded', {}, message),
  );
  if (!loaded) return 2;
  if (loaded.ruleSet.unsupported.length > 0)
    say(log, 'rules_left_out', {}, `rules left out: ${unsupportedSummary(loaded)}`);
  if (loaded.ruleSet.rules.length === 0)
    say(log, 'no_rules', {}, 'no rule is in force: events go on untagged (say --rules PATH)');
  const stateful = new StatefulRules(config.rules.stateful);
  const filter = new ExecFilter(
    {
      format: flags.format,
      tagKey: flags.tagKey,
      timeKey: flags.timeKey,
      alertTag: config.alerts.tag,
      lookBackMax: config.alerts.lookBackMax,
      recordLimit,
    },
    { engines: enginesOf(loaded.ruleSet, config, stateful, log), log, now: Date.now },
  );
  const again = new RuleReload(loaded.ruleSet.hash, {
    log,
    config: () => configFor(flags, heard(flags, io), { output: false }),
    sayError: (text) => say(log, 'rules_not_loaded', {}, text),
    put: (ruleSet, now) => filter.reload(enginesOf(ruleSet, now, stateful, log)),
  });
  reload = () => void again.reload();
  const watch = new RuleWatch(config.rules.paths, () => again.reload());
  if (config.rules.watch > 0) watch.start(config.rules.watch, loadedAt);
  const tell = (): void => {
    say(log, 'stopping', {}, 'asked to end: what is in the pipe is read first');
    const timer = setTimeout(() => {
      say(
        log,
        'stdout_gone',
        {},
        'asked to end, and nobody takes what stands on standard output: it is lost',
      );
      process.exit(1);
    }, GIVE_UP_MS);
    timer.unref();
  };
  if (asked.signal.aborted) tell();
  else asked.signal.addEventListener('abort', tell, { once: true });
  const { length: count } = loaded.ruleSet.rules;
  say(log, 'ready', { rules: count, format: flags.format, pid: process.pid }, 'ready');
  let isCut = false;
  const input = drained(io.stdin as AsyncIterable<Buffer>, {
    asked: asked.signal,
    idleMs: IDLE_MS,
    wholeMs: WHOLE_MS,
    onCutOff: () => {
      isCut = true;
      say(
        log,
        'input_cut_off',
        {},
        'asked to end, and input was still coming: what was not read by now is lost',
      );
    },
  });
  let totals: FilterTotals;
  try {
    totals = await filter.run(input, io.stdout);
  } catch (error) {
    const { message } = error as Error;
    say(
      log,
      'stdout_gone',
      { cause: message, ...filter.totals },
      'standard output is gone: the records that were under way are lost',
    );
    return 1;
  } finally {
    watch.stop();
    // Where nobody closes it, an open stdin would keep the process.
    (io.stdin as NodeJS.ReadStream).destroy();
  }
  say(log, 'end_of_input', { ...totals }, 'end of input');
  return totals.lost > 0 || isCut ? 1 : 0;
}

function enginesOf(ruleSet: RuleSet, config: Config, stateful: StatefulRules, log: Logger): Engines {
  return new Engines(ruleSet, config.rules, {
    mappings: sourceMappings,
    gate: (rule, view, nowMs) => stateful.admit(rule, view, nowMs),
    onQuarantine: (rule, cause) => {
      const { message } = cause as Error;
      say(log, 'rule_quarantined', { rule_id: rule.id, cause: message }, 'a rule failed and is left out');
    },
  });
}

/** The first SIGTERM or SIGINT asks; the second one ends the process at once. */
function onEnd(asked: AbortController): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      if (asked.signal.aborted) process.exit(1);
      asked.abort();
    });
}

/** Fluentd throws the child's stderr away: what is said there is said in the log file too, where the flags name one. */
function heard(flags: FilterFlags, io: CommandIo): CommandIo {
  if (flags.logFile === undefined) return io;
  const log = createLog({ level: 'error', format: 'json', path: logPath(flags.logFile, io.cwd) });
  const stderr = new Writable({
    write(text: Buffer, _encoding, done) {
      say(log, 'start_failed', {}, text.toString('utf8').trimEnd());
      io.stderr.write(text, () => done());
    },
  });
  return { ...io, stderr };
}
