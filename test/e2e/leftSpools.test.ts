// Two stages that share a folder, and so each have a spool of their own there; what becomes of the one whose stage is
// killed and never comes back.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Downstream } from '../support/downstream.js';
import { Program, root } from '../support/program.js';
import { match } from '../support/records.js';
import { Sender } from '../support/sender.js';
import { messageMode } from '../support/wire.js';

let folder: string;
let downstream: Downstream;
let sink: Downstream;
let sinkUrl: string;
const programs: Program[] = [];
const senders: Sender[] = [];

const start = async (...alerts: string[]): Promise<Program> => {
  const to = `forward://127.0.0.1:${downstream.port}`;
  const sinks = alerts.flatMap((a) => ['--alerts', a]);
  const args = ['--in', 'forward://127.0.0.1:0', '--out', to, ...sinks, '--rules', `${root}conf/rules`];
  const program = new Program(['run', '--log-format', 'json', ...args], { cwd: folder });
  programs.push(program);
  await program.ready();
  return program;
};
const send = async (program: Program, ...ids: string[]): Promise<void> => {
  const sender = await Sender.to(await program.port());
  senders.push(sender);
  for (const id of ids) sender.write(messageMode('a', match(id), { chunk: id }));
  await sender.acked(ids.length);
};
const stop = async (program: Program): Promise<void> => {
  program.signal('SIGTERM');
  await program.exited;
};
const idsAt = (d: Downstream): string[] => d.events.map((e) => (e.record['event'] as { id: string }).id);
const logged = (program: Program, code: string): Record<string, unknown>[] =>
  program.stderr
    .split('\n')
    .filter((line) => line.includes(`"code":"${code}"`))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fd-spools-'));
  downstream = await Downstream.start();
  sink = await Downstream.start();
  sinkUrl = `forward://127.0.0.1:${sink.port}`;
  await sink.stop();
});
afterEach(async () => {
  await Promise.all(senders.splice(0).map((s) => s.close()));
  await Promise.all(programs.splice(0).map((p) => p.kill()));
  await Promise.all([downstream.stop(), sink.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

describe('alerts of a stage that was killed beside another one', () => {
  it('are delivered by the next stage that starts in the folder, each once, and that is said', async () => {
    const first = await start(sinkUrl);
    const second = await start(sinkUrl);
    await send(first, 'a1', 'a2');
    await send(second, 'b1', 'b2', 'b3');
    await stop(first);
    // The second one runs on, and reads its own.
    const beside = await start(sinkUrl);
    expect(beside.stderr).not.toMatch(/spool_(taken_over|left_over)/);
    await stop(beside);
    await second.kill();
    sink = await Downstream.start({}, sink.port);
    const next = await start(sinkUrl);
    await sink.receivedEvents(5);
    expect(idsAt(sink)).toEqual(['a1', 'a2', 'b1', 'b2', 'b3']);
    expect(logged(next, 'spool_taken_over')).toMatchObject([
      { path: join(folder, 'fluent-detect-spool-2'), sink: sinkUrl, alerts: 3 },
    ]);
    await send(next, 'c');
    await sink.receivedEvents(6);
    await stop(next);
    // Nothing is left of them.
    const last = await start(sinkUrl);
    expect(last.stderr).not.toMatch(/spool_(taken_over|left_over|unclaimed)/);
    await stop(last);
    expect(idsAt(sink)).toHaveLength(6);
  });

  it('stay for a stage that has their sink, and are named until one comes', async () => {
    const first = await start('file:alerts.ndjson');
    const second = await start('file:alerts.ndjson', sinkUrl);
    await send(second, 'b1', 'b2');
    await second.kill();
    await stop(first);
    const next = await start('file:alerts.ndjson');
    expect(logged(next, 'spool_left_over')).toMatchObject([
      { level: 'warn', path: join(folder, 'fluent-detect-spool-2'), sink: sinkUrl, alerts: 2 },
    ]);
    await stop(next);
    sink = await Downstream.start({}, sink.port);
    const last = await start(sinkUrl);
    await sink.receivedEvents(2);
    expect(idsAt(sink)).toEqual(['b1', 'b2']);
    await stop(last);
    const lines = readFileSync(join(folder, 'alerts.ndjson'), 'utf8').trim().split('\n');
    expect(lines).toHaveLength(2);
  });
});
