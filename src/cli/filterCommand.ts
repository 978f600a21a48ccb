// `fluent-detect filter`: the engine as a child of Fluentd's exec_filter.
import type { Flags } from '../config/load.js';
import { Engines } from '../detect/engines.js';
import { StatefulRules } from '../detect/stateful.js';
import { sourceMappings } from '../fields/mappings.js';
import { ExecFilter } from '../filter/filter.js';
import { createLog } from '../observe/log.js';
import { say } from '../observe/logCodes.js';
import { type CommandIo, configFor, type ExitStatus } from './io.js';
import { soundRulesOf, unsupportedSummary } from './ruleSets.js';

export interface FilterFlags extends Flags {
  readonly format: 'json' | 'msgpack';
  readonly tagKey: string;
  readonly timeKey: string;
}

/** Bytes that one record may have before its end is given up on. */
const RECORD_LIMIT = 64 * 2 ** 20;

export async function filterCommand(flags: FilterFlags, io: CommandIo): Promise<ExitStatus> {
  const config = configFor(flags, io, { output: false });
  if (!config) return 2;
  const log = createLog(config.log);
  const loaded = soundRulesOf(config, io, (message) => say(log, 'rules_not_loaded', {}, message));
  if (!loaded) return 2;
  if (loaded.ruleSet.unsupported.length > 0)
    say(log, 'rules_left_out', {}, `rules left out: ${unsupportedSummary(loaded)}`);
  // Fluentd closes stdin and sends SIGTERM at the same moment: what is still in the pipe is read first.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  const stateful = new StatefulRules(config.rules.stateful);
  const engines = new Engines(loaded.ruleSet, config.rules, {
    mappings: sourceMappings,
    gate: (rule, view, nowMs) => stateful.admit(rule, view, nowMs),
    onQuarantine: (rule, cause) =>
      say(
        log,
        'rule_quarantined',
        { rule_id: rule.id, cause: (cause as Error).message },
        'a rule failed and is left out',
      ),
  });
  const filter = new ExecFilter(
    {
      format: flags.format,
      tagKey: flags.tagKey,
      timeKey: flags.timeKey,
      alertTag: config.alerts.tag,
      lookBackMax: config.alerts.lookBackMax,
      recordLimit: RECORD_LIMIT,
    },
    { engines, log, now: Date.now },
  );
  const totals = await filter.run(io.stdin as AsyncIterable<Buffer>, io.stdout);
  say(log, 'end_of_input', { ...totals }, 'end of input');
  return totals.lost > 0 ? 1 : 0;
}
