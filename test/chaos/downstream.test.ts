// A downstream that acks late, wrongly, twice or never, that hangs up at any byte; a clock that jumps.
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { figures, long } from '../support/chaos.js';
import { makeRule } from '../support/makeRule.js';
import { match, plain } from '../support/records.js';
import { ScriptedServer } from '../support/scriptedServer.js';
import { StageDriver } from '../support/stageDriver.js';
import { entries, messageMode, type Plain, pack, packedMode, unpack } from '../support/wire.js';

let stage: StageDriver;
let server: ScriptedServer | null = null;
afterEach(async () => {
  await stage.stop();
  await server?.stop();
  server = null;
});

const idOf = (message: Buffer): string =>
  (unpack(message) as [unknown, unknown, Plain])[2]['chunk'] as string;

describe('a downstream that acks late, wrongly, twice or never', () => {
  it('gets every chunk, and no chunk is acked to its sender before it was acked rightly', async () => {
    const total = long ? 2000 : 200;
    /** Chunks that were acked rightly, by the number that their record carries. */
    const right = new Set<number>();
    const tooEarly: number[] = [];
    let faults = 0;
    let seen = 0;
    server = await ScriptedServer.start({
      onMessage: (bytes, socket) => {
        const [, payload] = unpack(bytes) as [unknown, Uint8Array | string];
        // Small messages go on together: all that are in this one.
        const text = Buffer.from(payload as Uint8Array).toString('latin1');
        const numbers = [...text.matchAll(/n(\d+)\./g)].map((m) => Number(m[1]));
        const ack = (id: string): boolean => socket.write(pack({ ack: id }));
        const rightly = (): void => {
          for (const n of numbers) right.add(n);
          ack(idOf(bytes));
        };
        seen += 1;
        if (numbers.every((n) => right.has(n)) || seen % 7 === 0) return rightly();
        faults += 1;
        switch (seen % 5) {
          case 0:
            setTimeout(rightly, 30);
            return;
          case 1:
            ack('an id that nobody sent');
            return;
          case 2:
            rightly();
            ack(idOf(bytes));
            return;
          case 3:
            setTimeout(() => socket.destroy(), 20);
            return;
          default:
            ack(idOf(bytes).slice(1));
        }
      },
    });
    stage = await StageDriver.start({
      out: `forward://127.0.0.1:${server.port}`,
      output: ['ack_response_timeout: 300ms', 'retry_max_interval: 40ms'],
    });
    const sender = await stage.sender();
    sender.socket.on('data', () => {
      for (const id of sender.acks as string[]) if (!right.has(Number(id))) tooEarly.push(Number(id));
    });
    for (let n = 0; n < total; n += 1)
      sender.write(packedMode(`tag${n % 7}`, entries([{ id: `n${n}.` }]), { chunk: String(n) }));
    await sender.acked(total);
    expect(tooEarly).toEqual([]);
    expect(right.size).toBe(total);
    expect(sender.acks).toEqual(Array.from({ length: total }, (_, n) => String(n)));
    figures('downstream that acks badly', { chunks: total, sent: seen, faults, lost: 0, acked_too_early: 0 });
  });
});

describe('a downstream that hangs up at any byte of a chunk', () => {
  it('gets that chunk again, whole', async () => {
    const chunk = messageMode('a', plain(1), { chunk: 'c' });
    let limit = 1;
    let cuts = 0;
    let last = false;
    const wholes: string[] = [];
    const cutter: Server = createServer((socket) => {
      let got = Buffer.alloc(0);
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        got = Buffer.concat([got, bytes]);
        // As if exactly so many bytes had come: nothing of what came is used.
        if (!last && got.length >= limit) {
          cuts += 1;
          last = limit >= got.length;
          limit += 1;
          socket.resetAndDestroy();
        } else if (last) {
          wholes.push(idOf(got));
          socket.write(pack({ ack: idOf(got) }));
        }
      });
    });
    await new Promise<void>((resolve) => cutter.listen(0, '127.0.0.1', resolve));
    const { port } = cutter.address() as { port: number };
    stage = await StageDriver.start({
      out: `forward://127.0.0.1:${port}`,
      output: ['retry_max_interval: 20ms'],
    });
    const sender = await stage.sender();
    sender.write(chunk);
    await sender.acked(1);
    expect(wholes).toHaveLength(1);
    expect(cuts).toBeGreaterThan(50);
    figures('downstream that hangs up', { cuts, lost: 0 });
    await stage.running.stop();
    cutter.close();
  });
});

describe('a clock that jumps', () => {
  it('back or ahead by hours loses no event and no alert, and repeats none within the look-back', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      vi.setSystemTime(new Date('2026-11-24T12:00:00Z'));
      stage = await StageDriver.start({ rules: [makeRule({ maxSignals: 1000 })] });
      const sender = await stage.sender();
      const jumps = [
        '2026-11-24T11:59:00Z',
        '2026-11-24T08:00:00Z',
        '2026-11-25T08:00:00Z',
        '2026-11-24T12:00:00Z',
      ];
      let sent = 0;
      const send = async (id: string): Promise<void> => {
        sender.write(messageMode('a', match(id), { chunk: String(sent) }));
        sent += 1;
        await sender.acked(sent);
      };
      for (const [n, jump] of jumps.entries()) {
        for (let k = 0; k < 20; k += 1) await send(`e${n}-${k}`);
        // The same one again, right after the jump of a minute: within the look-back in either direction.
        vi.setSystemTime(new Date(jump));
        if (n === 0) await send('e0-0');
      }
      expect(stage.downstream.events).toHaveLength(sent);
      const ids = stage.alerts.map((a) => (a['event'] as { id?: string }).id);
      expect(ids).toHaveLength(80);
      expect(new Set(ids).size).toBe(80);
      figures('clock jumps', { jumps: jumps.length, events: sent, alerts: ids.length, lost: 0 });
    } finally {
      vi.useRealTimers();
    }
  });
});
