// `fluent-detect tap`: the alerts of a running stage as they come; lines for people on a terminal, NDJSON with the whole
// record elsewhere. When the stage is started again it goes on where it was.
import { EndpointError } from '../config/endpoints.js';
import { type AlertSummary, summaryLine } from '../stage/summary.js';
import { AdminError, type AdminFlags, adminClient } from './adminClient.js';
import type { CommandIo, ExitStatus } from './io.js';

export interface TapFlags extends AdminFlags {
  readonly severity?: string;
  readonly rule?: string;
  readonly since?: number;
  readonly count?: number;
  readonly json?: boolean;
}

const RETRY_MS = 2000;
const colours: Readonly<Record<string, string>> = { low: '32', medium: '33', high: '91', critical: '1;31' };

export async function tapCommand(flags: TapFlags, io: CommandIo): Promise<ExitStatus> {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  try {
    const client = adminClient(flags, io);
    if (!client) return 2;
    const isTerminal = (io.stdout as { isTTY?: boolean }).isTTY === true;
    const isJson = flags.json === true || !isTerminal;
    const query = new URLSearchParams({
      ...(flags.severity === undefined ? {} : { severity: flags.severity }),
      ...(flags.rule === undefined ? {} : { rule: flags.rule }),
      ...(isJson ? { record: 'true' } : {}),
    });
    let last = flags.since === undefined ? null : String(flags.since);
    let left = flags.count ?? Number.POSITIVE_INFINITY;
    let reached = false;
    while (!ended.signal.aborted) {
      try {
        await client.follow(`/api/alerts/stream?${query}`, last, ended.signal, {
          onOpen: () => {
            reached = true;
          },
          onEvent: (id, data) => {
            if (left <= 0) return;
            last = id;
            left -= 1;
            io.stdout.write(`${isJson ? data : lineOf(data, isTerminal && !io.env['NO_COLOR'])}\n`);
            if (left <= 0) end();
          },
        });
      } catch (error) {
        if (ended.signal.aborted) break;
        // The first time it is a mistake in the call; later the stage is being started again.
        if (!(error instanceof AdminError) || !reached) throw error;
      }
      if (ended.signal.aborted) break;
      io.stderr.write(`${client.base} went away: trying again\n`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    return 0;
  } catch (error) {
    if (!(error instanceof AdminError) && !(error instanceof EndpointError)) throw error;
    io.stderr.write(`${error.message}\n`);
    return 2;
  } finally {
    process.off('SIGINT', end);
    process.off('SIGTERM', end);
  }
}

function lineOf(data: string, isColoured: boolean): string {
  const alert = JSON.parse(data) as AlertSummary;
  const line = summaryLine(alert);
  const colour = colours[alert.severity];
  const word = alert.severity.toUpperCase();
  return isColoured && colour ? line.replace(word, `\u001b[${colour}m${word}\u001b[0m`) : line;
}
