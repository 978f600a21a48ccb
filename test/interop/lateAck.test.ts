// A real Fluentd whose ack comes later than its ack_response_timeout: it sends the chunk again, though nothing was lost.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fluentd, fluentCat, freePort, noFluentd, until } from '../support/fluentd.js';
import { sendingConf } from '../support/fluentdConf.js';
import { ForwardTap } from '../support/forwardTap.js';
import { match, plain } from '../support/records.js';
import { StageDriver } from '../support/stageDriver.js';

let folder: string;
const running: { stop(): Promise<unknown> }[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fd-late-'));
});
afterEach(async () => {
  for (const r of running.splice(0).reverse()) await r.stop();
  rmSync(folder, { recursive: true, force: true });
});

const idOf = (record: Record<string, unknown>): string => (record['event'] as { id: string }).id;

describe.skipIf(noFluentd !== null)('a chunk that Fluentd sends again because its ack came late', () => {
  it('goes on again, tagged again, and alerts once; the stage itself repeats nothing', async () => {
    const stage = await StageDriver.start();
    running.push(stage);
    const [port, toStage] = [await freePort(), await freePort()];
    // The first chunk's ack comes when Fluentd has given it up.
    const tap = await ForwardTap.start(toStage, stage.port, (n) => (n === 0 ? 3000 : 0));
    running.push(tap);
    const buffer = join(folder, 'buffer');
    const conf = join(folder, 'fluentd.conf');
    writeFileSync(conf, sendingConf({ port, to: toStage, buffer, ackTimeout: '1s' }));
    const fluentd = new Fluentd(conf, {}, folder);
    running.push(fluentd);
    const lines = (from: number, to: number): string =>
      Array.from({ length: to - from }, (_, n) => `ev-${from + n}`)
        .map((id, n) => (n % 2 === 0 ? match(id) : { ...plain(n), event: { outcome: 'failure', id } }))
        .map((record) => `${JSON.stringify(record)}\n`)
        .join('');
    const isDelivered = (): boolean => !readdirSync(buffer).some((name) => name.endsWith('.log'));
    await fluentCat(port, 'azure.entra', lines(0, 10));
    const isRepeated = (): boolean => [...tap.byEvent().values()].some((passages) => passages.length > 1);
    await until(isRepeated, 'a chunk to come again');
    await fluentCat(port, 'azure.entra', lines(10, 20));
    const arrived = (): Map<string, number> => {
      const counts = new Map<string, number>();
      for (const { record } of stage.downstream.events)
        counts.set(idOf(record), (counts.get(idOf(record)) ?? 0) + 1);
      return counts;
    };
    const passed = (): number => tap.passages.reduce((sum, { ids }) => sum + ids.length, 0);
    await until(
      () => arrived().size === 20 && isDelivered() && stage.downstream.events.length === passed(),
      () => `20 events (${arrived().size}), each as often as it was sent (${passed()})`,
    );
    // Downstream has each event as often as Fluentd sent it.
    expect(arrived()).toEqual(new Map([...tap.byEvent()].map(([id, passages]) => [id, passages.length])));
    const matching = Array.from({ length: 10 }, (_, n) => `ev-${2 * n}`).sort();
    const untagged = stage.downstream.events.filter(
      ({ record }) => matching.includes(idOf(record)) !== 'detection' in record,
    );
    expect(untagged).toEqual([]);
    expect(stage.alerts.map(idOf).sort()).toEqual(matching);
  });
});
