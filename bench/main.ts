// `npm run bench`: the stage beside a plain relay and the peers that are here, interleaved, in one run. By default 1 and
// 650 rules; `--quick` in under two minutes; `--sweep rules,matches,chunk,mode,gzip,connections,window,form,workers` or `all`;
// one scenario by `--rules 1,650 --every 1000 --events 1m --mode packed --connections 1 --window 8 --gzip --raw --workers 1`;
// `--repeat 5`, `--total 200000` (events a repetition), `--only relay,fluent-detect`, `--no-latency`, `--json`.
import { parseArgs } from 'node:util';
import { machine } from './machine.js';
import { compare, type Effort, type Row } from './measure.js';
import { report } from './report.js';
import { base, eventsOf, type Mode, nameOf, type Scenario, sweeps } from './scenario.js';
import { stagesHere } from './stages.js';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    sweep: { type: 'string' },
    rules: { type: 'string', default: '1,650' },
    every: { type: 'string', default: String(base.every) },
    events: { type: 'string', default: '1m' },
    mode: { type: 'string', default: base.mode },
    connections: { type: 'string', default: '1' },
    window: { type: 'string', default: '8' },
    gzip: { type: 'boolean', default: false },
    raw: { type: 'boolean', default: false },
    workers: { type: 'string', default: '1' },
    repeat: { type: 'string' },
    total: { type: 'string' },
    only: { type: 'string' },
    'no-latency': { type: 'boolean', default: false },
  },
});
const repeat = Number(values.repeat ?? (values.quick ? 3 : 5));
const effort: Effort = {
  repeat,
  events: Number(values.total ?? (values.quick ? 60_000 : 200_000)),
  latency: values['no-latency'] ? 0 : values.quick || values.sweep !== undefined ? 1 : repeat,
};
const only = values.only?.split(',');
const stages = stagesHere().filter((s) => !only || only.some((name) => s.name.startsWith(name)));

const rows: Row[] = [];
for (const scenario of scenarios()) {
  process.stderr.write(`${nameOf(scenario)}\n`);
  rows.push(...(await compare(stages, scenario, effort)));
}
process.stdout.write(
  values.json ? `${JSON.stringify({ machine: machine(), rows }, null, 2)}\n` : report(rows, effort.repeat),
);

function scenarios(): Scenario[] {
  if (values.sweep !== undefined) {
    const names = values.sweep === 'all' ? Object.keys(sweeps) : values.sweep.split(',');
    return names.flatMap((name) => {
      const sweep = sweeps[name];
      if (!sweep) throw new Error(`no sweep ${name}; there are ${Object.keys(sweeps).join(', ')}`);
      return sweep.map((over) => ({ ...base, ...over }));
    });
  }
  const one: Scenario = {
    ...base,
    every: Number(values.every),
    eventsPerChunk: values.mode === 'message' ? 1 : eventsOf(values.events),
    mode: values.mode as Mode,
    connections: Number(values.connections),
    window: Number(values.window),
    gzip: values.gzip,
    form: values.raw ? 'raw' : 'ecs',
    workers: Number(values.workers),
  };
  return values.rules.split(',').map((rules) => ({ ...one, rules: Number(rules) }));
}
