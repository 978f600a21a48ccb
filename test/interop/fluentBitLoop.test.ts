// Fluent Bit: what version 5.1.1 really sends (recorded), and the shipped loop where FLUENT_BIT names a binary.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort, until } from '../support/fluentd.js';
import { Program, root } from '../support/program.js';
import { match, plain } from '../support/records.js';
import { StageDriver } from '../support/stageDriver.js';
import type { Plain } from '../support/wire.js';

/** One chunk of three events, the second of which the seed's rule matches; each has (empty) log metadata. */
const recorded = (name: string): Buffer =>
  Buffer.from(
    readFileSync(`${root}test/support/recorded/fluent-bit-5.1.1-${name}.hex`, 'utf8').replaceAll('\n', ''),
    'hex',
  );
/** An EventTime, and the empty map32 behind it. */
const head = Buffer.from('9292d700', 'hex');
const metadata = Buffer.from('df00000000', 'hex');

describe.each(['plain', 'gzip'])('what Fluent Bit 5.1.1 sends (%s)', (name) => {
  let stage: StageDriver;
  afterEach(() => stage.stop());

  it('is acked, tagged, and goes on with its metadata, its times and its own bytes', async () => {
    stage = await StageDriver.start();
    const sender = await stage.sender();
    sender.write(recorded(name));
    await sender.acked(1);
    const [message] = stage.downstream.messages;
    expect(message!.tag).toBe('azure.entra');
    expect(message!.payload.indexOf(head)).toBe(0);
    expect(message!.payload.toString('latin1').split(metadata.toString('latin1'))).toHaveLength(4);
    const records = stage.downstream.events.map((e) => e.record as Plain);
    expect(records.map((r) => 'detection' in r)).toEqual([false, true, false]);
    if (name === 'plain') {
      // Up to the record that is tagged the bytes are the sender's.
      const sent = recorded(name);
      const own = sent.subarray(sent.indexOf(head), sent.indexOf(head, sent.indexOf(head) + 4));
      expect(message!.payload.indexOf(own)).toBe(0);
    }
    expect(stage.alerts).toHaveLength(1);
    await sender.close();
  });

  it('goes on without metadata where the receiver cannot take it (metadata: strip)', async () => {
    stage = await StageDriver.start({ output: ['metadata: strip'] });
    const sender = await stage.sender();
    sender.write(recorded(name));
    await sender.acked(1);
    const { payload } = stage.downstream.messages[0]!;
    expect(payload.indexOf(Buffer.from('92d700', 'hex'))).toBe(0);
    expect(payload.indexOf(head)).toBe(-1);
    expect(stage.downstream.events).toHaveLength(3);
    await sender.close();
  });
});

const fluentBit = process.env['FLUENT_BIT'] ?? '';
if (fluentBit === '') process.stderr.write('\n*** SKIPPED: FLUENT_BIT names no fluent-bit binary\n\n');

describe.skipIf(fluentBit === '')('conf/fluent-bit.yaml with the binary that FLUENT_BIT names', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fd-bit-'));
  const running: { stop(): Promise<unknown> }[] = [];
  afterEach(async () => {
    for (const r of running.splice(0).reverse()) await r.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function start(config: string): { child: ChildProcess; back: () => Plain[] } {
    writeFileSync(join(folder, 'fluent-bit.yaml'), config);
    const child = spawn(fluentBit, ['-q', '-c', 'fluent-bit.yaml'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    running.push({
      stop: () => {
        child.kill('SIGKILL');
        return exited;
      },
    });
    let out = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    const lines = (): string[] => out.split('\n').slice(0, -1);
    return {
      child,
      back: () =>
        lines()
          .filter((l) => l.startsWith('{'))
          .map((l) => JSON.parse(l) as Plain),
    };
  }

  it('gives every event back tagged, over a stage that is killed and started again', async () => {
    const [tcp, stagePort, backPort] = [await freePort(), await freePort(), await freePort()];
    const config = readFileSync(`${root}conf/fluent-bit.yaml`, 'utf8')
      .replace('5170', String(tcp))
      .replace('port: 24225', `port: ${backPort}`)
      .replace('port: 24224', `port: ${stagePort}`);
    const startStage = (): Program => {
      const flags = ['--in', `forward://127.0.0.1:${stagePort}`, '--out', `forward://127.0.0.1:${backPort}`];
      return new Program(
        [
          'run',
          '--log-format',
          'json',
          ...flags,
          '--alerts',
          'file:alerts.ndjson',
          '--rules',
          `${root}conf/rules`,
        ],
        { cwd: folder },
      );
    };
    let stage = startStage();
    running.push({ stop: () => stage.kill() });
    await stage.ready();
    const { back } = start(config);
    const send = async (from: number, to: number): Promise<void> => {
      let socket = connect(tcp, '127.0.0.1');
      while (
        !(await new Promise((r) => socket.once('connect', () => r(true)).once('error', () => r(false))))
      ) {
        await new Promise((r) => setTimeout(r, 100));
        socket = connect(tcp, '127.0.0.1');
      }
      for (let n = from; n < to; n += 1)
        socket.write(`${JSON.stringify(n % 50 === 7 ? { n, ...match(`m${n}`) } : plain(n))}\n`);
      socket.end();
    };
    const seen = (): Set<unknown> => new Set(back().map((r) => r['n']));
    await send(0, 100);
    await until(
      () => seen().size === 100,
      () => `100 events (${seen().size})`,
    );
    stage.signal('SIGKILL');
    await stage.exited;
    await send(100, 200);
    stage = startStage();
    await until(
      () => seen().size === 200,
      () => `200 events (${seen().size})`,
    );
    const tagged = new Set(
      back()
        .filter((r) => 'detection' in r)
        .map((r) => r['n']),
    );
    expect([...tagged].sort((a, b) => Number(a) - Number(b))).toEqual([7, 57, 107, 157]);
  });
});
