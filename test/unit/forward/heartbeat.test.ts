// Heartbeats to downstream servers: who answers is used, who does not is left out until it does again.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { forwardDefaults } from '../../../src/config/defaults.js';
import { ForwardOutput } from '../../../src/forward/client.js';
import { Heartbeat } from '../../../src/forward/heartbeat.js';
import { confirmedBy, type OutChunk } from '../../../src/sinks/output.js';
import { ScriptedServer } from '../../support/scriptedServer.js';
import { entries, outChunk } from '../../support/wire.js';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const options = { ...forwardDefaults, heartbeatInterval: 10, hardTimeout: 400, retryWait: 5 };
const to = (port: number, standby = false) => ({
  ...{ host: '127.0.0.1', port, weight: 60, standby, tls: null, security: null },
});

/** Answers datagrams only while `answers`. */
async function udpAnswers(port: number): Promise<{ answers: boolean; beats: number }> {
  const state = { answers: true, beats: 0 };
  const socket: UdpSocket = createSocket('udp4');
  socket.on('message', (_, from) => {
    state.beats += 1;
    if (state.answers) socket.send(Buffer.from([0]), from.port, from.address);
  });
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  cleanUps.push(() => socket.close());
  return state;
}

function changesOf(port: number, heartbeatType: 'udp' | 'transport') {
  const changes: boolean[] = [];
  const waiting: (() => void)[] = [];
  const heartbeat = new Heartbeat(
    to(port),
    { ...options, heartbeatType },
    () => performance.now(),
    (alive) => {
      changes.push(alive);
      for (const wake of waiting.splice(0)) wake();
    },
  );
  cleanUps.push(() => heartbeat.stop());
  const next = () => new Promise<void>((resolve) => waiting.push(resolve));
  return { heartbeat, changes, next };
}

async function listen(server: Server, port = 0): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

describe('a server that does not answer heartbeats within hard_timeout is away, and back with the first answer', () => {
  it('by datagrams', async () => {
    const tcp = createServer();
    const port = await listen(tcp);
    cleanUps.push(() => tcp.close());
    const udp = await udpAnswers(port);
    const { heartbeat, changes, next } = changesOf(port, 'udp');
    expect(heartbeat.alive).toBe(true);
    udp.answers = false;
    await next();
    udp.answers = true;
    await next();
    expect(changes).toEqual([false, true]);
    expect(udp.beats).toBeGreaterThan(2);
  });

  it('by empty connections, which it closes itself', async () => {
    let opened = 0;
    const ended: Promise<unknown>[] = [];
    const accept = (socket: import('node:net').Socket) => {
      opened += 1;
      socket.on('error', () => undefined);
      socket.resume();
      ended.push(once(socket, 'end'));
    };
    const first = createServer(accept);
    const port = await listen(first);
    const { changes, next } = changesOf(port, 'transport');
    await once(first, 'connection');
    await ended[0];
    await new Promise((resolve) => first.close(resolve));
    await next();
    const again = createServer(accept);
    cleanUps.push(() => again.close());
    await listen(again, port);
    await next();
    expect(changes).toEqual([false, true]);
    expect(opened).toBeGreaterThan(1);
  });
});

describe('the output with heartbeats', () => {
  const chunk = (n: number): OutChunk => outChunk(entries([{ n }]));

  it('takes what a hung server had not confirmed to the standby, and comes back to it', async () => {
    const hung = await ScriptedServer.start({});
    const standby = await ScriptedServer.start({});
    cleanUps.push(
      () => hung.stop(),
      () => standby.stop(),
    );
    const udp = [await udpAnswers(hung.port), await udpAnswers(standby.port)];
    const links: string[] = [];
    const output = new ForwardOutput(
      [to(hung.port), to(standby.port, true)],
      { ...options, heartbeatType: 'udp', requireAckResponse: true },
      { onLink: (server, up, why) => void links.push(`${server} ${up ? 'up' : why}`) },
    );
    cleanUps.push(() => output.close(0));
    // Neither acks: what is written stays unconfirmed.
    confirmedBy(output, chunk(1), 1).catch(() => undefined);
    await hung.until(() => hung.messages.length === 1);
    udp[0]!.answers = false;
    await standby.until(() => standby.messages.length === 1);
    expect(links).toContain(
      `forward://127.0.0.1:${hung.port} no answer to heartbeats within 400 ms (hard_timeout)`,
    );
    expect(standby.messages[0]).toEqual(hung.messages[0]);
    udp[0]!.answers = true;
    const ups = () => links.filter((l) => l === `forward://127.0.0.1:${hung.port} up`).length;
    while (ups() < 2) await new Promise((r) => setTimeout(r, 5));
    confirmedBy(output, chunk(2), 1).catch(() => undefined);
    await hung.until(() => hung.messages.length === 2);
  });
});
