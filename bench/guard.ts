// The regression guard of CI: what judging an event costs, as a multiple of a mere skip over its bytes in the same
// process, beside the ratios that were accepted last (accepted.json). Ratios, not times: CI machines are slow and noisy.
// Reports all; fails only on gross loss, more than twice. `--accept` writes down what it has measured.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../src/detect/engine.js';
import { sourceMappings } from '../src/fields/mappings.js';
import { skip } from '../src/msgpack/scan.js';
import { loadRules } from '../src/rules/load.js';
import { entries } from './events.js';
import { scratchFolder } from './machine.js';
import { seedRule, variants } from './rules.js';

const EVENTS = 300;
/** `[` of two, and an EventTime: what lies before the record of an entry. */
const BEFORE_RECORD = 11;
const GROSS = 2;
const file = join('bench', 'accepted.json');

/** CPU µs an event of some turns. */
function cost(turn: () => void): number {
  const before = process.cpuUsage();
  for (let i = 0; i < 10; i += 1) turn();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (10 * EVENTS);
}

/** In turn, the least of each: a slow second of the machine is in neither. */
function ratioOf(a: () => void, b: () => void): number {
  const best = [Infinity, Infinity];
  for (let n = 0; n < 150; n += 1) {
    best[0] = Math.min(best[0]!, cost(a));
    best[1] = Math.min(best[1]!, cost(b));
  }
  return best[0]! / best[1]!;
}

function engineWith(rules: number): Engine {
  const path = join(scratchFolder(), 'rules.ndjson');
  writeFileSync(path, [seedRule(), ...variants(rules - 1)].map((r) => JSON.stringify(r)).join('\n'));
  return new Engine(loadRules([path]).ruleSet, { mappings: sourceMappings });
}

function ratio(rules: number, form: 'ecs' | 'raw', every: number): number {
  const bytes = entries(EVENTS, 0, every, form);
  const engine = engineWith(rules);
  const judge = (): void => {
    for (let at = 0; at < bytes.length; ) at = engine.match(bytes, at + BEFORE_RECORD, bytes.length, 0);
  };
  return ratioOf(judge, () => {
    for (let at = 0; at < bytes.length; ) at = skip(bytes, at, bytes.length);
  });
}

const measured: Record<string, number> = {
  '1 rule': ratio(1, 'ecs', 1000),
  '650 rules': ratio(650, 'ecs', 1000),
  '3,000 rules': ratio(3000, 'ecs', 1000),
  'raw Azure records, 650 rules': ratio(650, 'raw', 1000),
  'every event matches': ratio(1, 'ecs', 1),
};
if (process.argv.includes('--accept')) {
  const rounded = Object.entries(measured).map(([name, value]) => [name, Math.round(value * 100) / 100]);
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(rounded), null, 2)}\n`);
}
const accepted = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
const lost = Object.entries(measured).filter(([name, value]) => value > GROSS * (accepted[name] ?? Infinity));
for (const [name, value] of Object.entries(measured))
  process.stdout.write(
    `${name}: judging costs ${value.toFixed(2)} × a skip; accepted ${accepted[name]?.toFixed(2) ?? '-'}\n`,
  );
if (lost.length > 0) {
  process.stdout.write(
    `More than ${GROSS} × what was accepted: ${lost.map(([name]) => name).join(', ')}. If it must be: npm run bench:guard -- --accept\n`,
  );
  process.exitCode = 1;
}
