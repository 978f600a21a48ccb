// Outputs and sinks of lines: files that tear, move and fill up.
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppendFile } from '../../../src/sinks/appendFile.js';
import { match, plain } from '../../support/records.js';
import { StageDriver } from '../../support/stageDriver.js';
import { noTmpfs, Tmpfs } from '../../support/tmpfs.js';
import { entries, messageMode, packedMode } from '../../support/wire.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fd-lines-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const fileAt = (name: string, rotateBytes: number | null = null): AppendFile =>
  new AppendFile({ path: join(folder, name), rotateBytes, rotateKeep: 2, sync: false });

describe('a file of lines', () => {
  it.each([
    ['{"a":1}\n{"b":', '{"a":1}\n'],
    [
      '2026-11-24T00:00:00Z\ttag\t{"b":1}\n2026-11-24T00:00:00Z\ttag\t{"b',
      '2026-11-24T00:00:00Z\ttag\t{"b":1}\n',
    ],
    ['{"whole":1}', '{"whole":1}\n'],
    ['text of somebody else', 'text of somebody else\n'],
    [`{"long":"${'x'.repeat(200_000)}`, ''],
  ])('that ends in the middle (%#) is whole again before anything is added', async (before, healed) => {
    writeFileSync(join(folder, 'f'), before);
    const file = fileAt('f');
    await file.write('{"next":1}\n');
    await file.close();
    expect(readFileSync(join(folder, 'f'), 'utf8')).toBe(`${healed}{"next":1}\n`);
  });

  it('is rotated by size, and no line is in two files', async () => {
    const file = fileAt('f', 100);
    for (let n = 0; n < 12; n += 1) await file.write(`{"n":${n},"x":"${'x'.repeat(20)}"}\n`);
    await file.close();
    expect(readdirSync(folder).sort()).toEqual(['f', 'f.1', 'f.2']);
    const lines = ['f.2', 'f.1', 'f'].flatMap((f) =>
      readFileSync(join(folder, f), 'utf8').trim().split('\n'),
    );
    expect(lines.map((l) => (JSON.parse(l) as { n: number }).n)).toEqual([6, 7, 8, 9, 10, 11]);
  });

  it('that was moved away is opened again', async () => {
    const file = fileAt('f');
    await file.write('1\n');
    renameSync(join(folder, 'f'), join(folder, 'moved'));
    await file.write('2\n');
    await file.close();
    expect([readFileSync(join(folder, 'moved'), 'utf8'), readFileSync(join(folder, 'f'), 'utf8')]).toEqual([
      '1\n',
      '2\n',
    ]);
  });
});

describe.skipIf(noTmpfs !== null)('an output to a file on a full disk', () => {
  let disk: Tmpfs;
  let stage: StageDriver;
  beforeEach(() => {
    disk = Tmpfs.mount('2m')!;
  });
  afterEach(async () => {
    await stage.stop();
    disk.unmount();
  });

  it('holds acks back, says so, and goes on with whole lines in order when there is room', async () => {
    const path = join(disk.path, 'out.ndjson');
    stage = await StageDriver.start({ out: `file:${path}` });
    const sender = await stage.sender();
    sender.write(messageMode('a', plain(0), { chunk: 'c0' }));
    await sender.acked(1);
    disk.fill();
    for (let n = 1; n < 30; n += 1)
      sender.write(packedMode('a', entries([{ n, fill: 'x'.repeat(50_000) }]), { chunk: `c${n}` }));
    while (stage.logged('output_away').length === 0) await new Promise((r) => setTimeout(r, 10));
    expect(sender.closed).toBe(false);
    expect(sender.acks.length).toBeLessThan(30);
    expect(await stage.metric('fluent_detect_output_up')).toBe(0);
    disk.empty();
    await sender.acked(30);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines.map((l) => (JSON.parse(l) as { n: number }).n)).toEqual(
      Array.from({ length: 30 }, (_, n) => n),
    );
    expect(await stage.metric('fluent_detect_output_up')).toBe(1);
  });

  it('with the buffer and the spool on it, too: nothing is acked that is not on disk, and all of it arrives', async () => {
    stage = await StageDriver.start({
      output: ['buffer: disk', `buffer_path: ${join(disk.path, 'buffer')}`],
      config: `alerts_spool: { path: ${join(disk.path, 'spool')} }`,
    });
    const sender = await stage.sender();
    sender.write(messageMode('a', match('m0'), { chunk: 'm0' }));
    await sender.acked(1);
    disk.fill();
    for (let n = 1; n < 20; n += 1)
      sender.write(
        packedMode('a', entries([{ ...match(`m${n}`), fill: 'x'.repeat(50_000) }]), { chunk: `m${n}` }),
      );
    while (stage.logged('buffer_waiting').length === 0) await new Promise((r) => setTimeout(r, 10));
    expect(sender.acks.length).toBeLessThan(20);
    disk.empty();
    await sender.acked(20);
    await stage.downstream.receivedEvents(20);
    while (stage.alerts.length < 20) await new Promise((r) => setTimeout(r, 10));
    const ids = stage.downstream.events.map((e) => (e.record['event'] as { id: string }).id);
    expect(ids).toEqual(Array.from({ length: 20 }, (_, n) => `m${n}`));
  });
});
