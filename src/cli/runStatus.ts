// The live line of `run` on a terminal: events a second, matches, alerts, spool, and what is wrong.
import type { Config } from '../config/config.js';
import type { StageReport } from '../stage/stageStatus.js';
import type { CommandIo } from './io.js';
import { StatusLine } from './statusLine.js';

/** Null: there is no terminal for it, or something else writes there. */
export function statusLineFor(config: Config, io: CommandIo): StatusLine | null {
  const { isTTY } = io.stderr;
  if (isTTY !== true || io.env['TERM'] === 'dumb' || config.log.format !== 'pretty') return null;
  const toStdout = [config.output, ...config.alerts.sinks].some((to) => to.kind === 'stdout');
  const isSame = toStdout && (io.stdout as { isTTY?: boolean }).isTTY === true;
  return isSame ? null : new StatusLine(io.stderr);
}

/** What the line says, with rates since it was last made. @param now ms. */
export function statusText(report: Pick<StageReport, 'status'>, now: () => number): () => string {
  let last = { at: now(), in: 0, out: 0 };
  return () => {
    const s = report.status();
    const at = now();
    const seconds = Math.max(at - last.at, 1) / 1000;
    const rate = (total: number, before: number): string => count(Math.round((total - before) / seconds));
    const parts = [
      `in ${rate(s.events_in, last.in)}/s`,
      `out ${rate(s.events_out, last.out)}/s`,
      `events ${count(s.events_in)}`,
      `matches ${count(s.matches)}`,
      `alerts ${count(s.alerts)}`,
      `spool ${count(s.spooled_alerts)}`,
      `connections ${count(s.connections)}`,
      ...(s.output_ready ? [] : ['OUTPUT AWAY']),
      ...(s.failing_sinks.length > 0 ? [`SINKS FAILING ${s.failing_sinks.length}`] : []),
    ];
    last = { at, in: s.events_in, out: s.events_out };
    return parts.join('  ');
  };
}

function count(n: number): string {
  return n.toLocaleString('en-US');
}
