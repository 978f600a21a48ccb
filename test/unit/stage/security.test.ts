import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect as connectUnix, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import fluentLogger from 'fluent-logger';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Certificates, hasOpenssl, makeCertificates } from '../../support/certificates.js';
import { match, plain } from '../../support/records.js';
import { StageDriver } from '../../support/stageDriver.js';
import { messageMode, type Plain, pack } from '../../support/wire.js';

const open: StageDriver[] = [];
const start = async (...options: Parameters<typeof StageDriver.start>): Promise<StageDriver> => {
  const stage = await StageDriver.start(...options);
  open.push(stage);
  return stage;
};
afterEach(async () => {
  for (const stage of open.splice(0).reverse()) await stage.stop();
});

/** One event through the real fluent-logger with these security settings; resolves with its error or null. */
function log(
  port: number,
  security: { sharedKey: string; username?: string; password?: string },
): Promise<Error | null> {
  const sender = fluentLogger.createFluentSender<Plain>('app', {
    host: '127.0.0.1',
    port,
    timeout: 1,
    requireAckResponse: true,
    ackResponseTimeout: 1000,
    security: { clientHostname: 'client', ...security },
  });
  return new Promise((resolve) => {
    const done = (error?: Error | null): void => {
      (sender as unknown as { end(): void }).end();
      resolve(error ?? null);
    };
    (sender as unknown as NodeJS.EventEmitter).on('error', done);
    sender.emit('x', plain(1), done);
  });
}

describe('a shared key', () => {
  const input = ['security: { self_hostname: stage, shared_key: secret-key }'];

  it('lets a client with the key in', async () => {
    const stage = await start({ input });
    expect(await log(stage.port, { sharedKey: 'secret-key' })).toBeNull();
    expect(stage.downstream.events).toHaveLength(1);
  });

  it('keeps a client with another key out, and says so without either key', async () => {
    const stage = await start({ input });
    expect(await log(stage.port, { sharedKey: 'wrong-key' })).not.toBeNull();
    expect(stage.downstream.events).toHaveLength(0);
    expect(await stage.metric('fluent_detect_rejected_total{reason="handshake_failed"}')).toBeGreaterThan(0);
    expect(JSON.stringify(stage.log)).not.toMatch(/secret-key|wrong-key/);
  });

  it('keeps a client out that sends events without a handshake', async () => {
    const stage = await start({ input });
    const sender = await stage.sender();
    sender.write(messageMode('a', plain(1), { chunk: 'c' }));
    await sender.ended();
    expect(stage.downstream.events).toHaveLength(0);
  });

  it('closes a client that says nothing within handshake_timeout', async () => {
    const stage = await start({ input: [...input, 'handshake_timeout: 50ms'] });
    const sender = await stage.sender();
    await sender.ended();
    expect(await stage.metric('fluent_detect_rejected_total{reason="handshake_timeout"}')).toBe(1);
  });

  it('with user names lets the right password in and the wrong one not', async () => {
    const users = 'security: { shared_key: k, users: [{ username: agent, password: right }] }';
    const stage = await start({ input: [users] });
    expect(await log(stage.port, { sharedKey: 'k', username: 'agent', password: 'right' })).toBeNull();
    expect(await log(stage.port, { sharedKey: 'k', username: 'agent', password: 'wrong' })).not.toBeNull();
    expect(await log(stage.port, { sharedKey: 'k', username: 'nobody', password: 'right' })).not.toBeNull();
    expect(stage.downstream.events).toHaveLength(1);
  });

  it('is answered by our own client, so that two stages can be put one behind the other', async () => {
    const second = await start({ input });
    const out = `forward://127.0.0.1:${second.port}`;
    const keyless = await start({ out });
    const refused = await keyless.sender();
    refused.write(messageMode('a', match('m'), { chunk: 'c' }));
    const first = await start({ out, output: ['security: { shared_key: secret-key }'] });
    const sender = await first.sender();
    sender.write(messageMode('b', match('m'), { chunk: 'c' }));
    await sender.acked(1);
    expect(refused.acks).toEqual([]);
    expect(second.downstream.events.map((e) => e.tag)).toEqual(['b']);
    const detection = second.downstream.events[0]!.record['detection'] as { rules: unknown[] };
    expect(detection.rules).toHaveLength(1);
    await refused.close();
    await sender.close();
  });
});

describe('an allow-list of networks', () => {
  it('keeps out who is in none of them', async () => {
    const stage = await start({ input: ['allow: [192.0.2.0/24]'] });
    const sender = await stage.sender();
    await sender.ended();
    expect(await stage.metric('fluent_detect_rejected_total{reason="not_allowed"}')).toBe(1);
  });

  it('lets in who is in one of them', async () => {
    const stage = await start({ input: ['allow: [192.0.2.0/24, 127.0.0.0/8]'] });
    const sender = await stage.sender();
    sender.write(messageMode('a', plain(1), { chunk: 'c' }));
    await sender.acked(1);
    await sender.close();
  });
});

describe('a unix socket', () => {
  it('takes events, has the mode that the config says, and replaces a stale socket file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fd-unix-'));
    const path = join(folder, 's.sock');
    const listen = `forward+unix://${path}`;
    // What a killed stage leaves behind: a socket file that nobody listens on.
    const stale = createServer().listen(path);
    await once(stale, 'listening');
    renameSync(path, `${path}.kept`);
    stale.close();
    renameSync(`${path}.kept`, path);
    const stage = await StageDriver.start({ listen, input: ["mode: '0600'"] });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const socket = connectUnix(path);
    await once(socket, 'connect');
    socket.write(messageMode('a', plain(1), { chunk: 'c' }));
    const [ack] = (await once(socket, 'data')) as [Buffer];
    expect(ack).toEqual(pack({ ack: 'c' }));
    socket.destroy();
    await stage.stop();
    rmSync(folder, { recursive: true });
  });

  it('does not take the place of a file that is no socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fd-unix-'));
    const path = join(folder, 'file');
    writeFileSync(path, 'precious');
    await expect(StageDriver.start({ listen: `forward+unix://${path}` })).rejects.toThrow(
      /exists and is not a socket/,
    );
    rmSync(folder, { recursive: true });
  });
});

describe.skipIf(!hasOpenssl())('TLS (needs openssl)', () => {
  let folder: string;
  let certs: Certificates;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fd-tls-'));
    certs = makeCertificates(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const tlsInput = (extra = ''): string[] => [
    `tls: { cert_path: ${certs.cert}, private_key_path: ${certs.key}${extra} }`,
  ];

  it('takes events over TLS and acks them', async () => {
    const stage = await start({ input: tlsInput() });
    const socket = connectTls({ host: '127.0.0.1', port: stage.port, ca: readFileSync(certs.ca) });
    await once(socket, 'secureConnect');
    socket.write(messageMode('a', plain(1), { chunk: 'c' }));
    const [ack] = (await once(socket, 'data')) as [Buffer];
    expect(ack).toEqual(pack({ ack: 'c' }));
    socket.destroy();
  });

  it('a plain client costs its own connection, and TLS clients still get in', async () => {
    const stage = await start({ input: tlsInput() });
    const sender = await stage.sender();
    sender.write(messageMode('a', plain(1), { chunk: 'c' }));
    await sender.ended();
    const first = await start({
      out: `forward://127.0.0.1:${stage.port}`,
      output: [`tls: { ca_path: ${certs.ca} }`],
    });
    const through = await first.sender();
    through.write(messageMode('a', match('m'), { chunk: 'c' }));
    await through.acked(1);
    expect(stage.downstream.events[0]!.record['detection']).toBeDefined();
    await through.close();
  });

  it('mutual TLS lets in who shows a certificate of the authority, and nobody else', async () => {
    const stage = await start({ input: tlsInput(`, client_cert_auth: true, ca_path: ${certs.ca}`) });
    const through = async (cert: string, key: string): Promise<StageDriver> =>
      start({
        out: `forward://127.0.0.1:${stage.port}`,
        output: [`tls: { ca_path: ${certs.ca}, cert_path: ${cert}, private_key_path: ${key} }`],
      });
    const stranger = await (await through(certs.strangerCert, certs.strangerKey)).sender();
    stranger.write(messageMode('a', plain(1), { chunk: 'c' }));
    const friend = await (await through(certs.cert, certs.key)).sender();
    friend.write(messageMode('b', plain(2), { chunk: 'c' }));
    await friend.acked(1);
    expect(stranger.acks).toEqual([]);
    expect(stage.downstream.events.map((e) => e.tag)).toEqual(['b']);
    await stranger.close();
    await friend.close();
  });

  it('a server whose certificate is of another authority gets nothing', async () => {
    const stage = await start({
      input: [`tls: { cert_path: ${certs.strangerCert}, private_key_path: ${certs.strangerKey} }`],
    });
    const first = await start({
      out: `forward://127.0.0.1:${stage.port}`,
      output: [`tls: { ca_path: ${certs.ca} }`],
    });
    const sender = await first.sender();
    sender.write(messageMode('a', plain(1), { chunk: 'c' }));
    await new Promise((r) => setTimeout(r, 200));
    expect(sender.acks).toEqual([]);
    expect(stage.downstream.events).toHaveLength(0);
    await sender.close();
  });
});
