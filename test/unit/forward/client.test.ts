import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ForwardClientOptions, OutputServer } from '../../../src/config/config.js';
import { Balancer } from '../../../src/forward/balance.js';
import { ForwardOutput } from '../../../src/forward/client.js';
import { confirmedBy, type OutChunk } from '../../../src/sinks/output.js';
import { type Script, ScriptedServer } from '../../support/scriptedServer.js';
import { entries, outChunk, type Plain, pack, unpack } from '../../support/wire.js';

const options: ForwardClientOptions = {
  requireAckResponse: true,
  ackResponseTimeout: 200,
  connectTimeout: 200,
  retryWait: 5,
  retryMaxInterval: 20,
  heartbeatType: 'none',
  heartbeatInterval: 10,
  hardTimeout: 100,
};
const security = { selfHostname: 'us', sharedKey: 'key', username: 'u', password: 'p' };
const open: { stop(): Promise<unknown> }[] = [];
const downs: string[] = [];
afterEach(async () => {
  for (const o of open.splice(0).reverse()) await o.stop();
  downs.splice(0);
});

async function serve(script: Script): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(script);
  open.push(server);
  return server;
}
function connectTo(
  servers: readonly (Partial<OutputServer> & { port: number })[],
  over: Partial<ForwardClientOptions> = {},
): ForwardOutput {
  const output = new ForwardOutput(
    servers.map((s) => ({ host: '127.0.0.1', weight: 60, standby: false, tls: null, security: null, ...s })),
    { ...options, ...over },
    { onLink: (_server, up, why) => void (up || downs.push(why)) },
  );
  open.push({ stop: () => output.close(0) });
  return output;
}
const chunk = (n: number): OutChunk => outChunk(entries([{ n }]));
const idOf = (bytes: Buffer): string => {
  const [, , option] = unpackRaw(bytes);
  return option['chunk'] as string;
};
/** The payload is a str of any bytes: cut out before decoding. */
function unpackRaw(bytes: Buffer): [string, Buffer, Plain] {
  const start = 3;
  const length = bytes.readUInt32BE(start + 1);
  const end = start + 5 + length;
  return ['a', bytes.subarray(start + 5, end), unpack(bytes.subarray(end)) as Plain];
}
const ack: NonNullable<Script['onMessage']> = (bytes, socket) =>
  void socket.write(pack({ ack: idOf(bytes) }));
const sha = (...parts: (string | Buffer)[]): string => {
  const h = createHash('sha512');
  for (const p of parts) h.update(p);
  return h.digest('hex');
};

describe('a chunk that is not acked', () => {
  it('is sent again under the same id on a new connection after ack_response_timeout', async () => {
    const server = await serve({ onMessage: (bytes, socket, n) => void (n > 0 && ack(bytes, socket, n)) });
    await confirmedBy(connectTo([server]), chunk(1), 1);
    expect(server.connections).toBe(2);
    expect(idOf(server.messages[0]!)).toBe(idOf(server.messages[1]!));
    expect(downs[0]).toMatch(/no ack within 200 ms/);
  });

  it('is sent again when the server hangs up, before those that came after it', async () => {
    const server = await serve({
      onMessage: (bytes, socket, n) => {
        if (n === 0) socket.destroy();
        else ack(bytes, socket, n);
      },
    });
    const output = connectTo([server]);
    await Promise.all([1, 2, 3].map((n) => confirmedBy(output, chunk(n), 1)));
    const order = server.messages
      .slice(-3)
      .map((m) => ((unpack(unpackRaw(m)[1]) as unknown[])[1] as Plain)['n']);
    expect(order).toEqual([1, 2, 3]);
  });

  it('is not believed acked by an id that was not sent on this connection', async () => {
    const server = await serve({
      onMessage: (bytes, socket, n) => {
        if (n === 0) socket.write(pack({ ack: 'some other chunk' }));
        else ack(bytes, socket, n);
      },
    });
    await confirmedBy(connectTo([server]), chunk(1), 1);
    expect(server.connections).toBe(2);
    expect(downs[0]).toMatch(/not sent over this connection/);
  });

  it('is not believed acked by bytes that are no ack', async () => {
    const server = await serve({
      onMessage: (bytes, socket, n) => {
        if (n === 0) socket.write(Buffer.from([0xc1, 0xc1]));
        else ack(bytes, socket, n);
      },
    });
    await confirmedBy(connectTo([server]), chunk(1), 1);
    expect(server.connections).toBe(2);
  });
});

describe('acks', () => {
  it('may come twice, late and out of order for chunks of one connection', async () => {
    const held: Buffer[] = [];
    const server = await serve({
      onMessage: (bytes, socket) => {
        held.push(bytes);
        if (held.length === 3)
          for (const b of [held[2]!, held[0]!, held[0]!, held[1]!]) socket.write(pack({ ack: idOf(b) }));
      },
    });
    const output = connectTo([server]);
    await Promise.all([1, 2, 3].map((n) => confirmedBy(output, chunk(n), 1)));
    expect(server.connections).toBe(1);
  });

  it('may come in pieces of one byte', async () => {
    const server = await serve({
      onMessage: (bytes, socket) => {
        for (const byte of pack({ ack: idOf(bytes) })) socket.write(Buffer.from([byte]));
      },
    });
    await confirmedBy(connectTo([server]), chunk(1), 1);
    expect(server.connections).toBe(1);
  });

  it('are not asked for when require_ack_response is off, and the chunk has no id then', async () => {
    const server = await serve({});
    await confirmedBy(connectTo([server], { requireAckResponse: false }), chunk(1), 1);
    await server.until(() => server.messages.length === 1);
    expect(server.messages[0]!.subarray(-entries([{ n: 1 }]).length)).toEqual(entries([{ n: 1 }]));
  });
});

describe('what a server must not get away with', () => {
  it.each<[string, Buffer]>([
    ['an ack without an id', pack({ ack: null })],
    ['an ack whose id is a number', pack({ ack: 7 })],
    ['an ack whose id is a map', pack({ ack: {} })],
    ['a map of something else', pack({ nack: 'x' })],
    ['an array', pack(['ack', 'x'])],
    ['a HELO where no handshake is asked for', pack(['HELO', { nonce: 'n', auth: '', keepalive: true }])],
    ['nesting without end', Buffer.alloc(100_000, 0x91)],
    ['a message that never ends', Buffer.concat([Buffer.from('dbffffffff', 'hex'), Buffer.alloc(70_000)])],
  ])('%s: the connection is thrown away, and the chunk sent again', async (_, bytes) => {
    const server = await serve({
      onMessage: (message, socket, n) => {
        if (n === 0) socket.write(bytes);
        else ack(message, socket, n);
      },
    });
    await confirmedBy(connectTo([server], { ackResponseTimeout: 5000 }), chunk(1), 1);
    expect(server.connections).toBe(2);
    expect(idOf(server.messages[0]!)).toBe(idOf(server.messages[1]!));
  });

  it.each<[string, (socket: Socket) => void]>([
    [
      'a HELO that never ends',
      (socket) =>
        void socket.write(
          Buffer.concat([Buffer.from('92a448454c4fdb00100000', 'hex'), Buffer.alloc(70_000)]),
        ),
    ],
    ['bytes that are no msgpack', (socket) => void socket.write(Buffer.from([0x92, 0xc1]))],
    ['hanging up at once', (socket) => void socket.destroy()],
    ['closing its side and staying', (socket) => void socket.end()],
  ])('%s instead of a handshake: it is tried again', async (_, greet) => {
    const good = handshake({});
    const server = await serve({
      ...good,
      onOpen: (socket, n) => (n === 0 ? greet(socket) : good.onOpen!(socket, n)),
    });
    await confirmedBy(connectTo([{ ...portOf(server), security }]), chunk(1), 1);
    expect(server.connections).toBe(2);
  });

  it('closing between a chunk and its ack, again and again: the chunk keeps its id and gets through', async () => {
    const server = await serve({
      onMessage: (bytes, socket, n) => {
        if (n < 4) socket.end();
        else ack(bytes, socket, n);
      },
    });
    await confirmedBy(connectTo([server]), chunk(1), 1);
    expect(new Set(server.messages.map(idOf)).size).toBe(1);
    expect(server.messages).toHaveLength(5);
  });
});

describe('a server that is away', () => {
  it.each([
    ['the shortest', 0, 0.875],
    ['the longest', 1, 1.125],
  ])(
    'is tried again after waits that double up to retry_max_interval, with %s jitter',
    async (_, chance, jitter) => {
      const gone = await ScriptedServer.start({});
      await gone.stop();
      const waits: number[] = [];
      const timer = vi.spyOn(globalThis, 'setTimeout');
      const output = new ForwardOutput(
        [{ host: '127.0.0.1', port: gone.port, weight: 60, standby: false, tls: null, security: null }],
        { ...options, connectTimeout: 60_000, retryWait: 8, retryMaxInterval: 40 },
        {
          chance: () => chance,
          onLink: () => waits.push(timer.mock.calls.at(-1)![1]!),
        },
      );
      open.push({ stop: () => output.close(0) });
      while (waits.length < 5) await new Promise((resolve) => setImmediate(resolve));
      timer.mockRestore();
      expect(waits.slice(0, 5)).toEqual([8, 16, 32, 40, 40].map((ms) => ms * jitter));
    },
  );
});

describe('one connection', () => {
  it('is kept for many chunks, with one handshake', async () => {
    const helo = handshake({});
    const server = await serve(helo);
    const output = connectTo([{ ...portOf(server), security }]);
    for (let n = 0; n < 4; n += 1) await confirmedBy(output, chunk(n), 1);
    expect(server.connections).toBe(1);
  });
});

const portOf = (s: ScriptedServer): { port: number } => ({ port: s.port });
const nonce = Buffer.from([0, 1, 2, 0xff, 0xfe, 0x80]);

/** A server that shakes hands, except for what a test has it do otherwise. */
function handshake(over: { helo?: unknown; pong?: (right: unknown[]) => unknown }): Script {
  const shaken = new Set<object>();
  return {
    onOpen: (socket) =>
      void socket.write(pack(over.helo ?? ['HELO', { nonce, auth: Buffer.alloc(0), keepalive: true }])),
    onMessage: (bytes, socket, n) => {
      if (shaken.has(socket)) {
        ack(bytes, socket, n);
        return;
      }
      const [, , salt] = unpack(bytes) as [string, string, string];
      // Fluent Bit takes a str only.
      expect(salt).toMatch(/^[0-9a-f]{32}$/);
      const right = ['PONG', true, '', 'server', sha(salt, 'server', nonce, 'key')];
      shaken.add(socket);
      socket.write(pack(over.pong ? over.pong(right) : right));
    },
  };
}

describe('a server', () => {
  it.each<[string, Parameters<typeof handshake>[0], RegExp]>([
    [
      'that does not know the shared key gets nothing',
      { pong: (r) => [...r.slice(0, 4), 'f'.repeat(128)] },
      /does not know the shared key/,
    ],
    ['whose digest is missing gets nothing', { pong: (r) => r.slice(0, 4) }, /PONG|shared key/],
    ['whose digest is a number gets nothing', { pong: (r) => [...r.slice(0, 4), 7] }, /PONG|shared key/],
    [
      'that refuses us is quoted, in a few words',
      { pong: () => ['PONG', false, 'x'.repeat(5000), '', ''] },
      /refuses us: x{200}$/,
    ],
    [
      'with our own hostname gets nothing',
      { pong: (r) => [...r.slice(0, 3), 'us', r[4]] },
      /our own hostname/,
    ],
    ['that says something else than HELO gets nothing', { helo: ['PONG', true, '', '', ''] }, /HELO/],
    ['that says HELO without a nonce gets nothing', { helo: ['HELO', {}] }, /HELO/],
    ['that says a bare string gets nothing', { helo: 'HELO' }, /HELO/],
  ])('%s', async (_, over, why) => {
    const server = await serve(handshake(over));
    const output = connectTo([{ ...portOf(server), security }]);
    const written = confirmedBy(output, chunk(1), 1).then(
      () => 'confirmed',
      () => 'closed',
    );
    await server.until(() => server.connections >= 2);
    expect(downs[0]).toMatch(why);
    await output.close(0);
    expect(await written).toBe('closed');
  });

  it('that never answers the connection is given up after connect_timeout and tried again', async () => {
    const server = await serve({});
    connectTo([{ ...portOf(server), security }], { connectTimeout: 50 });
    await server.until(() => server.connections >= 2);
    expect(downs[0]).toMatch(/no connection within 50 ms/);
  });

  it('that is away does not keep chunks from the others', async () => {
    const server = await serve({ onMessage: ack });
    const gone = await ScriptedServer.start({});
    await gone.stop();
    const output = connectTo([portOf(gone), portOf(server)]);
    await Promise.all([1, 2, 3, 4].map((n) => confirmedBy(output, chunk(n), 1)));
    expect(server.messages).toHaveLength(4);
  });
});

describe('the load is balanced', () => {
  const link = (
    weight: number,
    up = true,
    standby = false,
  ): { up: boolean; server: { weight: number; standby: boolean } } => ({ up, server: { weight, standby } });
  const shares = (links: readonly ReturnType<typeof link>[], turns = 60): number[] => {
    const balancer = new Balancer(links);
    const counts = new Map(links.map((l) => [l, 0]));
    for (let n = 0; n < turns; n += 1) {
      const next = balancer.next();
      if (next) counts.set(next, counts.get(next)! + 1);
    }
    return [...counts.values()];
  };
  it('by weight', () => expect(shares([link(60), link(30), link(10)], 100)).toEqual([60, 30, 10]));
  it('never to weight 0', () => expect(shares([link(0), link(1)])).toEqual([0, 60]));
  it('over those that are up', () => expect(shares([link(1), link(1, false), link(1)])).toEqual([30, 0, 30]));
  it('to a standby server only while another is down', () => {
    expect(shares([link(1), link(1), link(1, true, true)])).toEqual([30, 30, 0]);
    expect(shares([link(1), link(1, false), link(1, true, true)])).toEqual([30, 0, 30]);
  });
  it('to nobody when all are down', () => expect(new Balancer([link(1, false)]).next()).toBeNull());
});
