// Real Fluentd before, behind and beside the built program, under load; the stage, the downstream and the alert sink are
// killed in a loop. A ledger of ids: what Fluentd took is at the end, what matched is at the sink.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { figures, long } from '../support/chaos.js';
import { Fluentd, freePort, noFluentd, until } from '../support/fluentd.js';
import { sendingConf, sourceConf } from '../support/fluentdConf.js';
import { ForwardTap } from '../support/forwardTap.js';
import { Program } from '../support/program.js';
import { match, plain } from '../support/records.js';
import { Sender } from '../support/sender.js';
import { entries, packedMode } from '../support/wire.js';

const ROUNDS = long ? 12 : 1;

let folder: string;
const running: { stop(): Promise<unknown> }[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fd-chaos-'));
});
afterEach(async () => {
  for (const r of running.splice(0)) await r.stop();
  rmSync(folder, { recursive: true, force: true });
});

const receiving = (port: number, name: string): string => `${sourceConf(port)}<match **>
  @type file
  path ${join(folder, name, 'out')}
  append true
  <buffer []>
    @type file
    path ${join(folder, `${name}-buffer`)}
    flush_mode interval
    flush_interval 0.3s
    retry_forever true
  </buffer>
</match>
`;

/** A process that can be killed and started again. */
interface Part {
  kill(): Promise<void>;
  start(): Promise<void>;
}

function fluentd(name: string, conf: string): Part {
  const path = join(folder, `${name}.conf`);
  writeFileSync(path, conf);
  let current: Fluentd;
  const part = {
    kill: () => current.stop('SIGKILL'),
    start: () => {
      current = new Fluentd(path, {}, folder);
      return Promise.resolve();
    },
  };
  running.push({ stop: () => current.stop('SIGKILL') });
  return part;
}

function stageAt(port: number, out: number, alerts: number, more: string): Part {
  const config = join(folder, 'stage.yaml');
  writeFileSync(
    join(folder, 'rule.yaml'),
    'rule_id: chaos\nname: Chaos\ndescription: d\nseverity: low\nrisk_score: 21\ntype: query\nlanguage: kuery\n' +
      'max_signals: 1000000\nquery: "event.outcome : success"\n',
  );
  writeFileSync(
    config,
    `inputs: [{ listen: "forward://127.0.0.1:${port}" }]
output: { to: "forward://127.0.0.1:${out}", retry_max_interval: 1s${more} }
alerts: { sinks: [{ to: "forward://127.0.0.1:${alerts}", retry_max_interval: 1s }] }
rules: { paths: [rule.yaml] }
`,
  );
  let current: Program;
  running.push({ stop: () => current.kill() });
  return {
    kill: () => current.kill(),
    start: async () => {
      current = new Program(['run', '--log-format', 'json', '--config', config], { cwd: folder });
      await current.ready();
    },
  };
}

/** All that a receiving Fluentd has written, buffers that it has not flushed left out. */
function textOf(name: string): string {
  mkdirSync(join(folder, name), { recursive: true });
  return readdirSync(join(folder, name))
    .filter((f) => f.endsWith('.log'))
    .map((f) => readFileSync(join(folder, name, f), 'utf8'))
    .join('');
}
const idsIn = (text: string): string[] => [...text.matchAll(/"id":"(ev-\d+)"/g)].map((m) => m[1]!);

/**
 * Who repeated, in events: the sender (sent to the stage again); the stage, where no ack had come (the connection broke);
 * the stage though it was acked and the sender had not sent again; the receiver (in its file more often than sent to it).
 */
function repeats(into: ForwardTap, out: ForwardTap, written: readonly string[]) {
  const inFile = new Map<string, number>();
  for (const id of written) inFile.set(id, (inFile.get(id) ?? 0) + 1);
  const received = into.byEvent();
  const by = { by_sender: 0, by_stage_unacked: 0, by_stage_acked: 0, by_receiver: 0 };
  for (const [id, sent] of out.byEvent()) {
    const times = received.get(id)?.length ?? 0;
    const acked = sent.filter((p) => p.ackedAt !== null).length;
    by.by_sender += times - 1;
    by.by_stage_unacked += sent.length - acked;
    by.by_stage_acked += Math.max(0, acked - times);
    by.by_receiver += Math.max(0, (inFile.get(id) ?? 0) - sent.length);
  }
  return by;
}

describe.skipIf(noFluentd !== null).each([
  ['in memory', ''],
  ['on disk', ', buffer: disk'],
])('with chunks held %s', (where, more) => {
  it('SIGKILL of the stage, the downstream and the sink, again and again, loses no event and no alert', async () => {
    const [inPort, stagePort, outPort, alertPort, toStage, toDownstream] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const first = fluentd(
      'first',
      sendingConf({ port: inPort, to: toStage, buffer: join(folder, 'first-buffer'), ackTimeout: '10s' }),
    );
    const downstream = fluentd('downstream', receiving(outPort, 'events'));
    const sink = fluentd('sink', receiving(alertPort, 'alerts'));
    const stage = stageAt(stagePort, toDownstream, alertPort, more);
    const into = await ForwardTap.start(toStage, stagePort);
    const out = await ForwardTap.start(toDownstream, outPort);
    running.push(into, out);
    for (const part of [first, downstream, sink, stage]) await part.start();

    let sender: Sender | null = null;
    await until(() => {
      void Sender.to(inPort).then(
        (s) => {
          sender ??= s;
        },
        () => undefined,
      );
      return sender !== null;
    }, 'Fluentd to listen');
    const to = sender as unknown as Sender;
    let sent = 0;
    let chunks = 0;
    let isOver = false;
    const load = (async () => {
      while (!isOver) {
        const records = Array.from({ length: 20 }, () => {
          const id = `ev-${sent}`;
          sent += 1;
          return sent % 2 === 0 ? match(id) : { ...plain(sent), event: { outcome: 'failure', id } };
        });
        chunks += 1;
        to.write(packedMode('chaos', entries(records), { chunk: `c${chunks}` }));
        await to.acked(chunks);
        await new Promise((r) => setTimeout(r, 20));
      }
    })();
    let kills = 0;
    const pause = (): Promise<void> => new Promise((r) => setTimeout(r, 400 + ((kills * 137) % 900)));
    for (let round = 0; round < ROUNDS; round += 1) {
      const together = [stage, downstream, sink];
      for (const parts of long
        ? [[stage], [downstream], [sink], [stage, sink], together]
        : [[stage], together]) {
        const before = out.passages.length;
        await until(() => out.passages.length > before, 'the stage to send on after the last kill');
        await pause();
        for (const part of parts) await part.kill();
        kills += parts.length;
        for (const part of parts) await part.start();
      }
    }
    await pause();
    isOver = true;
    await load;
    const wanted = Array.from({ length: sent }, (_, n) => `ev-${n}`);
    const matching = wanted.filter((_, n) => n % 2 === 1);
    const missing = (name: string, ids: readonly string[]): string[] => {
      const there = new Set(idsIn(textOf(name)));
      return ids.filter((id) => !there.has(id));
    };
    await until(
      () => missing('events', wanted).length === 0 && missing('alerts', matching).length === 0,
      () =>
        `${missing('events', wanted).length} events and ${missing('alerts', matching).length} alerts are missing`,
      long ? 300_000 : 90_000,
    );
    const events = idsIn(textOf('events'));
    const alerts = textOf('alerts')
      .split('\n')
      .flatMap((line) => {
        const [id] = idsIn(line);
        const uuid = /"uuid":"([0-9a-f]{64})"/.exec(line)?.[1];
        return id && uuid ? [[id, uuid] as const] : [];
      });
    const uuids = new Map(alerts);
    expect(alerts.filter(([id, uuid]) => uuids.get(id) !== uuid)).toEqual([]);
    expect(new Set(uuids.values()).size).toBe(uuids.size);
    const ledger = repeats(into, out, events);
    figures(`kills under load, chunks held ${where}`, {
      kills,
      events: sent,
      events_lost: 0,
      events_repeated: events.length - new Set(events).size,
      ...ledger,
      alerts: matching.length,
      alerts_lost: 0,
      alerts_repeated: alerts.length - uuids.size,
      alert_ids_that_differ: 0,
    });
    // Repeats of the sender and of the receiver are theirs (counted above, not bounded). The stage may repeat what was in
    // flight at a kill; on disk also what was acked and not yet noted as delivered. In four runs with 8 kills: none.
    expect(ledger.by_stage_unacked).toBeLessThanOrEqual(kills * out.mostInFlight);
    expect(ledger.by_stage_acked).toBeLessThanOrEqual(more === '' ? 0 : kills * out.mostInFlight);
    expect(alerts.length - uuids.size).toBeLessThanOrEqual(matching.length);
  });
});
