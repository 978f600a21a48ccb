// The handshake as raw bytes, from the side of a peer: its order, its digests, and every way of doing it wrong.
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { skip } from '../../../src/msgpack/scan.js';
import { match, plain } from '../../support/records.js';
import type { Sender } from '../../support/sender.js';
import { StageDriver } from '../../support/stageDriver.js';
import {
  compressedMode,
  entries,
  forwardMode,
  messageMode,
  pack,
  packedMode,
  unpack,
} from '../../support/wire.js';

const key = 'a shared key';
let stage: StageDriver;
beforeEach(async () => {
  stage = await StageDriver.start({
    input: [
      'handshake_timeout: 20s',
      'security:',
      '  self_hostname: stage',
      `  shared_key: ${key}`,
      '  users: [{ username: u, password: p }]',
      '  clients: [{ network: 192.0.2.0/24, shared_key: other }]',
    ],
  });
});
afterEach(() => stage.stop());

const sha = (...parts: (string | Uint8Array)[]): string => {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

interface Helo {
  readonly nonce: Uint8Array;
  readonly auth: Uint8Array;
}

/** The n-th whole value that the stage has written; waits for it. */
async function answer(sender: Sender, n: number): Promise<unknown> {
  for (;;) {
    let at = 0;
    for (let i = 0; at < sender.received.length; i += 1) {
      const end = skip(sender.received, at, sender.received.length);
      if (end < 0) break;
      if (i === n) return unpack(sender.received.subarray(at, end));
      at = end;
    }
    if (sender.closed) throw new Error(`closed before its answer ${n}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
async function greeted(): Promise<{ sender: Sender; helo: Helo }> {
  const sender = await stage.sender();
  const [name, helo] = (await answer(sender, 0)) as [string, Helo];
  expect(name).toBe('HELO');
  return { sender, helo };
}
/** 16 bytes that are no UTF-8, as Fluent Bit's salt is. */
const salt = Buffer.from('00ff80c328a0a1fe7f0d0a22fffe0102', 'hex');
const str = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from([0xa0 | bytes.length]), bytes]);

/** A PING's six elements as msgpack. */
function ping({ nonce, auth }: Helo, own: { key?: string; name?: string; password?: string } = {}): Buffer[] {
  const name = own.name ?? 'peer';
  return [
    pack('PING'),
    pack(name),
    str(salt),
    pack(sha(salt, name, nonce, own.key ?? key)),
    pack('u'),
    pack(sha(auth, 'u', own.password ?? 'p')),
  ];
}
const array = (parts: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([0x90 | parts.length]), ...parts]);
async function friend(): Promise<Sender> {
  const { sender, helo } = await greeted();
  sender.write(array(ping(helo)));
  await answer(sender, 1);
  return sender;
}
async function stillWorks(): Promise<void> {
  const sender = await friend();
  sender.write(messageMode('after', plain(1), { chunk: 'ok' }));
  expect(await answer(sender, 2)).toEqual({ ack: 'ok' });
  await sender.close();
}

describe('a peer that knows the key', () => {
  it('is told HELO with a nonce, answers PING over raw bytes, and is told PONG with a digest that only the key gives', async () => {
    const { sender, helo } = await greeted();
    expect([helo.nonce.length, helo.auth.length]).toEqual([16, 16]);
    sender.write(array(ping(helo)));
    expect(await answer(sender, 1)).toEqual(['PONG', true, '', 'stage', sha(salt, 'stage', helo.nonce, key)]);
  });

  it('has events of every entry mode acked, sent right behind its PING too', async () => {
    const { sender, helo } = await greeted();
    const payload = entries([plain(2), match('packed')]);
    sender.write(
      Buffer.concat([array(ping(helo)), messageMode('m', plain(1), { chunk: 'one\n' })]),
      forwardMode('f', [plain(1), match('f')], { chunk: 'two' }),
      packedMode('p', payload, { chunk: 'three' }),
      compressedMode('z', payload, { chunk: 'four' }),
    );
    const acks = await Promise.all([2, 3, 4, 5].map((n) => answer(sender, n)));
    expect(acks).toEqual(['one\n', 'two', 'three', 'four'].map((ack) => ({ ack })));
    expect(stage.downstream.messages.map((m) => m.tag)).toEqual(['m', 'f', 'p', 'z']);
  });

  it('is one of many who shake hands at once, each with a nonce of its own', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => greeted()));
    expect(new Set(all.map(({ helo }) => Buffer.from(helo.nonce).toString('hex'))).size).toBe(20);
    for (const { sender, helo } of all.reverse()) sender.write(array(ping(helo)));
    for (const { sender } of all) expect(((await answer(sender, 1)) as unknown[])[1]).toBe(true);
  });

  it('may send its PING in pieces of one byte', async () => {
    const { sender, helo } = await greeted();
    for (const byte of array(ping(helo))) {
      sender.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(((await answer(sender, 1)) as unknown[])[1]).toBe(true);
  });
});

describe('a peer that does not', () => {
  it.each<[string, Parameters<typeof ping>[1], string]>([
    ['has another key', { key: 'wrong' }, 'shared_key mismatch'],
    ['has another network’s key', { key: 'other' }, 'shared_key mismatch'],
    ['has another password', { password: 'wrong' }, 'username/password mismatch'],
    ['has our own hostname', { name: 'stage' }, 'same hostname between input and output'],
  ])('%s: is told so, and closed', async (_, own, reason) => {
    const { sender, helo } = await greeted();
    sender.write(Buffer.concat([array(ping(helo, own)), messageMode('x', plain(1), { chunk: 'x' })]));
    await sender.ended();
    expect(await answer(sender, 1)).toEqual(['PONG', false, reason, 'stage', '']);
    expect(stage.downstream.messages).toHaveLength(0);
    expect(await stage.metric('fluent_detect_rejected_total{reason="handshake_failed"}')).toBe(1);
    expect(JSON.stringify(stage.log)).not.toMatch(/a shared key|other"|"p"/);
    await stillWorks();
  });

  it('can no more use what it heard from another connection', async () => {
    const first = await greeted();
    const second = await greeted();
    second.sender.write(array(ping(first.helo)));
    expect(await answer(second.sender, 1)).toContain('shared_key mismatch');
    await second.sender.ended();
  });
});

describe('what is no PING', () => {
  const values: readonly (readonly [string, Buffer])[] = [
    ['nil', pack(null)],
    ['a number', pack(7)],
    ['an array', pack([1, [2]])],
    ['a map', pack({ a: 1 })],
    ['a boolean', pack(true)],
    ['an ext', Buffer.from('d40501', 'hex')],
    ['an empty str', pack('')],
    ['a long str', pack('x'.repeat(1000))],
  ];
  it('costs its connection, whatever of it is of the wrong kind, and at whatever element it ends', async () => {
    let refused = 0;
    const refuse = async (make: (right: Buffer[]) => Buffer): Promise<void> => {
      const { sender, helo } = await greeted();
      sender.write(make(ping(helo)));
      await sender.ended();
      expect(((await answer(sender, 1)) as unknown[])[1]).toBe(false);
      refused += 1;
    };
    for (const place of [0, 1, 2, 3, 4, 5])
      for (const [, value] of values) await refuse((right) => array(right.with(place, value)));
    for (const length of [1, 2, 3, 4, 5]) await refuse((right) => array(right.slice(0, length)));
    await refuse(() => pack([]));
    expect(await stage.metric('fluent_detect_rejected_total{reason="handshake_failed"}')).toBe(refused);
    expect(stage.downstream.messages).toHaveLength(0);
    await stillWorks();
  });

  it.each([
    ['events', messageMode('x', plain(1), { chunk: 'x' })],
    ['JSON events', Buffer.from('["x",1,{"a":1},{"chunk":"x"}]')],
    ['bytes that are no msgpack', Buffer.from([0x92, 0xc1])],
    ['text', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a TLS hello', Buffer.from('16030100f8010000f4', 'hex')],
  ])('%s: costs its connection', async (_, bytes) => {
    const { sender } = await greeted();
    sender.write(bytes);
    await sender.ended();
    expect(stage.downstream.messages).toHaveLength(0);
    await stillWorks();
  });

  it('may be 16 KiB, and is refused before more of it has come', async () => {
    const { sender, helo } = await greeted();
    const right = ping(helo);
    // Its hostname declares more than all that is allowed, and sends nothing of it.
    sender.write(array([right[0]!]).fill(0x96, 0, 1), Buffer.from([0xdb, 0x00, 0x00, 0x40, 0x01]));
    await sender.ended();
    expect(await stage.metric('fluent_detect_rejected_total{reason="handshake_failed"}')).toBe(1);
    const fits = await greeted();
    fits.sender.write(array(ping(fits.helo, { name: 'n'.repeat(16_000) })));
    expect(((await answer(fits.sender, 1)) as unknown[])[1]).toBe(true);
  });

  it('when it is cut off at any byte by the peer’s leaving: nothing happens', async () => {
    for (let at = 0; at < 200; at += 9) {
      const { sender, helo } = await greeted();
      sender.write(array(ping(helo)).subarray(0, at));
      sender.socket.end();
      await sender.ended();
    }
    await stillWorks();
  });
});
