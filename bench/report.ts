// Rows as tables for people.
import { machine } from './machine.js';
import type { Row } from './measure.js';
import { nameOf } from './scenario.js';

const HEAD =
  '| stage | × relay | CPU µs/event (min–max) | user + system | events/s | MB/s | ack at half load, p50 / p99 (min–max) / p99.9 ms | peak MiB |\n| --- | --: | --: | --: | --: | --: | --: | --: |';

export function report(rows: readonly Row[], repeat: number): string {
  const out = [`${machine()}; medians of ${repeat} interleaved repetitions`];
  let last = '';
  for (const row of rows) {
    const name = nameOf(row.scenario);
    if (name !== last) out.push('', `### ${name}`, '', HEAD);
    last = name;
    out.push(lineOf(row));
  }
  return `${out.join('\n')}\n`;
}

function lineOf(r: Row): string {
  const [least, most] = r.spread;
  const latency = r.latency ? latencyCell(r.latency) + (r.acksEndToEnd ? '' : ' (on arrival)') : '-';
  const cells = [
    r.stage,
    r.ratio?.toFixed(2) ?? '-',
    `${r.cpuMicros.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`,
    `${r.userMicros.toFixed(2)} + ${r.systemMicros.toFixed(2)}`,
    Math.round(r.eventsPerSecond),
    Math.round(r.mbPerSecond),
    latency,
    Math.round(r.peakMb),
  ];
  return `| ${cells.join(' | ')} |`;
}

function latencyCell({ p50, p99, p999, spread, again }: NonNullable<Row['latency']>): string {
  const [least, most] = spread;
  const range = least === most ? '' : ` (${least.toFixed(1)}–${most.toFixed(1)})`;
  const notes = again > 0 ? `; ${again} turns made again` : '';
  return `${p50.toFixed(1)} / ${p99.toFixed(1)}${range} / ${p999.toFixed(1)}${notes}`;
}
