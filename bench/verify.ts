// Before a stage is measured it must show that it does its work: the same events, the same ones tagged, untouched ones
// byte for byte, the alerts that belong to them.
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { skip } from '../src/msgpack/scan.js';
import { digest, entries, isMatch } from './events.js';
import { stop } from './machine.js';
import { quiet, seenBy, send, startSink } from './measure.js';
import type { Scenario } from './scenario.js';
import { varietyOf } from './sending.js';
import type { Stage } from './stages.js';

interface AlertLine {
  readonly kibana?: { readonly alert?: { readonly uuid?: string } };
}

const EVENTS = 2000;
/** The seed rule's max_signals, and the notice that it was reached. */
const MOST_ALERTS = 100;

/** @throws Error saying what was expected and what came. */
export async function verify(stage: Stage, scenario: Scenario): Promise<void> {
  const every = scenario.every === 0 ? 0 : Math.min(scenario.every, 100);
  const sink = await startSink('--count');
  let child: ChildProcess | null = null;
  try {
    const running = await stage.start(sink.port, scenario);
    child = running.child;
    const { port, alerts } = running;
    const eventsPerChunk = Math.min(scenario.eventsPerChunk, 200);
    const chunks = EVENTS / eventsPerChunk;
    const task = { ...scenario, every, eventsPerChunk, connections: 1, port, chunks, rate: 0, warmUp: 0 };
    await send(task);
    if (!stage.acksEndToEnd) await quiet(sink.child);
    const seen = await seenBy(sink.child);
    const expected = expectation(task);
    const tagged = stage.work === 'nothing' ? digest([]) : expected.tagged;
    // Fluentd, whose acks are its own affair, may send a chunk twice.
    if (stage.acksEndToEnd)
      same(stage, 'number of events', String(seen.events), String(chunks * eventsPerChunk));
    same(stage, 'events', seen.ids, expected.ids);
    same(stage, 'tagged events', seen.tagged, tagged);
    if (stage.acksEndToEnd && stage.work !== 'nothing')
      same(stage, 'bytes', seen.untagged, expected.untagged);
    if (alerts !== null) {
      const wanted = Math.min(expected.distinctMatches, MOST_ALERTS);
      // The last lines are written after the ack, once they are in the spool.
      for (let tries = 0; alertsIn(alerts) < wanted && tries < 50; tries += 1) await sleep(100);
      same(stage, 'alerts', String(alertsIn(alerts)), String(wanted));
    }
  } finally {
    if (child) await stop(child);
    await stop(sink.child);
  }
}

function same(stage: Stage, what: string, came: string, expected: string): void {
  if (came !== expected) throw new Error(`${stage.name}: ${what}: ${came} came, ${expected} were expected`);
}

/** What the sender sends, as the sink should see it. */
function expectation(task: Scenario & { chunks: number }): {
  ids: string;
  tagged: string;
  untagged: string;
  distinctMatches: number;
} {
  const { eventsPerChunk, every, chunks, form } = task;
  const variety = varietyOf(task);
  const ids: string[] = [];
  const tagged: string[] = [];
  const untagged = createHash('sha256');
  for (let c = 0; c < chunks; c += 1) {
    const first = (c % variety) * eventsPerChunk;
    const bytes = entries(eventsPerChunk, first, every, form);
    for (let at = 0, n = first; at < bytes.length; n += 1) {
      const end = skip(bytes, at, bytes.length);
      const id = `${String(n).padStart(8, '0')}-5d5f-4d2e-9a3c-8d7f6e5c4b3a`;
      ids.push(id);
      if (isMatch(n, every)) tagged.push(id);
      else untagged.update(bytes.subarray(at, end));
      at = end;
    }
  }
  return {
    ids: digest(ids),
    tagged: digest(tagged),
    untagged: untagged.digest('hex'),
    distinctMatches: new Set(tagged).size,
  };
}

/** Alerts proper: not the notice that the cap was reached. */
function alertsIn(file: string): number {
  if (!existsSync(file)) return 0;
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((l) => l !== '' && alertUuid(JSON.parse(l) as AlertLine) !== undefined).length;
}

function alertUuid(record: AlertLine): string | undefined {
  return record.kibana?.alert?.uuid;
}
