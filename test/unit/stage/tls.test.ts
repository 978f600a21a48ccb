// TLS where it is used badly, and connections that close over it.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Certificates, hasOpenssl, makeCertificates } from '../../support/certificates.js';
import { plain } from '../../support/records.js';
import { StageDriver } from '../../support/stageDriver.js';
import { entries, messageMode, pack, packedMode, unpackAll } from '../../support/wire.js';

const open: StageDriver[] = [];
const start = async (...options: Parameters<typeof StageDriver.start>): Promise<StageDriver> => {
  const stage = await StageDriver.start(...options);
  open.push(stage);
  return stage;
};
afterEach(async () => {
  for (const stage of open.splice(0).reverse()) await stage.stop();
});

describe.skipIf(!hasOpenssl())('over TLS', () => {
  let folder: string;
  let certs: Certificates;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fd-tls-'));
    certs = makeCertificates(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const tls = (): string => `tls: { cert_path: ${certs.cert}, private_key_path: ${certs.key} }`;
  async function client(stage: StageDriver, allowHalfOpen = false): Promise<TLSSocket> {
    const ca = readFileSync(certs.ca);
    // `allowHalfOpen` is documented, and missing in the types.
    const options = { host: '127.0.0.1', port: stage.port, ca, allowHalfOpen };
    const socket = connectTls(options);
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    return socket;
  }
  async function readToEnd(socket: TLSSocket): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of socket) parts.push(part as Buffer);
    return Buffer.concat(parts);
  }
  async function settled(done: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  it('connections without a TLS hello count for max_connections, and are closed after handshake_timeout', async () => {
    const stage = await start({ input: [tls(), 'max_connections: 3', 'handshake_timeout: 1s'] });
    const silent = await Promise.all([stage.sender(), stage.sender(), stage.sender()]);
    const fourth = await stage.sender();
    await fourth.ended();
    expect(await stage.metric('fluent_detect_rejected_total{reason="too_many_connections"}')).toBe(1);
    await Promise.all(silent.map((s) => s.ended()));
    const socket = await client(stage);
    socket.write(messageMode('a', plain(1), { chunk: 'c' }));
    expect((await once(socket, 'data'))[0]).toEqual(pack({ ack: 'c' }));
    socket.destroy();
  });

  it('who is in none of the networks is closed before any TLS', async () => {
    const stage = await start({ input: [tls(), 'allow: [192.0.2.0/24]'] });
    const sender = await stage.sender();
    await sender.ended();
    expect(sender.received).toHaveLength(0);
    expect(await stage.metric('fluent_detect_rejected_total{reason="not_allowed"}')).toBe(1);
    expect(await stage.metric('fluent_detect_rejected_total{reason="handshake_failed"}')).toBe(0);
  });

  it('a connection that opens and closes without a word, as heartbeats do, is no news', async () => {
    const stage = await start({ input: [tls()] });
    for (let n = 0; n < 5; n += 1) {
      await (await stage.sender()).close();
      (await client(stage)).destroy();
    }
    const socket = await client(stage);
    socket.write(messageMode('a', plain(1), { chunk: 'c' }));
    await once(socket, 'data');
    expect(await stage.metric('fluent_detect_rejected_total{reason="handshake_failed"}')).toBe(0);
    socket.destroy();
  });

  it('a peer that closes its own side right after its chunks gets every ack', async () => {
    const stage = await start({ input: [tls()], downstream: { acks: () => 'later' } });
    const socket = await client(stage, true);
    for (let n = 0; n < 30; n += 1) socket.write(messageMode('a', plain(n), { chunk: `c${n}` }));
    socket.end();
    const all = readToEnd(socket);
    await stage.downstream.receivedEvents(30);
    stage.downstream.release();
    const acks = unpackAll(await all).map((a) => (a as { ack: string }).ack);
    expect(acks).toEqual(Array.from({ length: 30 }, (_, n) => `c${n}`));
  });

  it('a refused message closes the connection, and the chunks before it are acked', async () => {
    const stage = await start({ input: [tls()] });
    const socket = await client(stage);
    const cut = packedMode('bad', entries([plain(1)]).subarray(0, -3));
    socket.write(
      Buffer.concat([messageMode('a', plain(1), { chunk: 'c' }), cut, messageMode('b', plain(2))]),
    );
    expect(unpackAll(await readToEnd(socket))).toEqual([{ ack: 'c' }]);
    expect(stage.downstream.events.map((e) => e.tag)).toEqual(['a']);
  });

  it('a certificate that is not there for a while, as when it is replaced, costs nothing but time', async () => {
    const stage = await start({ input: [tls()] });
    const first = await start({
      out: `forward://127.0.0.1:${stage.port}`,
      output: [`tls: { ca_path: ${certs.ca} }`, 'heartbeat_type: transport', 'heartbeat_interval: 20ms'],
    });
    const sender = await first.sender();
    sender.write(messageMode('a', plain(1), { chunk: 'one' }));
    await sender.acked(1);
    renameSync(certs.ca, `${certs.ca}.away`);
    // Its connection breaks, and cannot be made again.
    for (const left of open.splice(0, 1)) await left.stop();
    await settled(() => first.log.some((l) => String(l['msg']).includes('ENOENT')));
    sender.write(messageMode('a', plain(2), { chunk: 'two' }));
    renameSync(`${certs.ca}.away`, certs.ca);
    const again = await start({ listen: `forward://127.0.0.1:${stage.port}`, input: [tls()] });
    await sender.acked(2);
    expect(again.downstream.events.map((e) => e.record['n'])).toEqual([2]);
    await sender.close();
  });
});
