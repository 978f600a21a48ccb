// `fluent-detect run` in a process that the primary forked (`workers`): the same config and rules, said once by the
// primary already. Signals are the primary's affair: it says when to stop and when to load rules again.
import type { Config } from '../config/config.js';
import type { Flags } from '../config/load.js';
import { createLog } from '../observe/log.js';
import { say } from '../observe/logCodes.js';
import { StartError } from '../stage/start.js';
import { startWorker } from '../workers/worker.js';
import { type CommandIo, configFor, type ExitStatus } from './io.js';
import { RuleReload } from './ruleReload.js';
import { soundRulesOf } from './ruleSets.js';

export async function workerCommand(config: Config, flags: Flags, io: CommandIo): Promise<ExitStatus> {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  const n = Number(io.env['FLUENT_DETECT_WORKER']);
  const log = createLog(config.log).child({ worker: n });
  const loaded = soundRulesOf(config, io, (message) => say(log, 'rules_not_loaded', {}, message));
  if (!loaded) return 2;
  const ended = new Promise<void>((resolve) => process.once('disconnect', resolve));
  // What all workers would say alike is said by the primary.
  const quiet = log.child({}, { level: 'warn' });
  try {
    await startWorker(config, loaded.ruleSet, {
      stdout: io.stdout,
      cwd: io.cwd,
      n,
      log,
      reloadInto: (stage) => {
        const again = new RuleReload(loaded.ruleSet.hash, {
          log: quiet,
          config: () => configFor(flags, io, { output: true }),
          sayError: (text) => io.stderr.write(`${text}\n`),
          put: (ruleSet, now) => stage.reload(ruleSet, now.rules),
        });
        return () => again.reload();
      },
    });
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return 2;
  }
  await ended;
  return 0;
}
