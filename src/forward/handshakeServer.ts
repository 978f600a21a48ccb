// The server's side of the handshake, without a socket: what to write, and whether the peer may go on.
import { BlockList, isIP } from 'node:net';
import type { ServerSecurity } from '../config/config.js';
import { digest, encodeHelo, encodePong, type Ping, readPing, sameBytes } from './handshake.js';

export interface HandshakeResult {
  readonly pong: Buffer;
  /** Null: welcome. */
  readonly refused: string | null;
}

export class ServerHandshake {
  readonly #security: ServerSecurity;
  readonly #address: string;
  readonly #nonce: Buffer;
  readonly #auth: Buffer;

  /** @param random gives that many random bytes. */
  constructor(security: ServerSecurity, address: string, random: (bytes: number) => Buffer) {
    this.#security = security;
    this.#address = address;
    this.#nonce = random(16);
    // Never empty, as Fluentd's is not: clients then always send a password digest.
    this.#auth = random(16);
  }

  helo(): Buffer {
    return encodeHelo({ nonce: this.#nonce, auth: this.#auth, keepalive: true });
  }

  /** The answer to what should be a PING. */
  answer(buf: Buffer, start: number, end: number): HandshakeResult {
    const ping = readPing(buf, start, end);
    const client = this.#client();
    const key = client?.sharedKey ?? this.#security.sharedKey;
    const refused = ping ? this.#check(ping, key, client) : 'invalid ping message';
    const hostname = Buffer.from(this.#security.selfHostname);
    const hex = refused || !ping ? Buffer.alloc(0) : digest(ping.salt, hostname, this.#nonce, key);
    return {
      pong: encodePong({ ok: refused === null, reason: refused ?? '', hostname, digest: hex }),
      refused,
    };
  }

  #check(ping: Ping, key: string, client: ServerSecurity['clients'][number] | null): string | null {
    const { users, clients, allowAnonymousSource, selfHostname } = this.#security;
    if (clients.length > 0 && client === null && !allowAnonymousSource) return 'anonymous source host denied';
    if (ping.hostname.equals(Buffer.from(selfHostname))) return 'same hostname between input and output';
    if (!sameBytes(ping.digest, digest(ping.salt, ping.hostname, this.#nonce, key)))
      return 'shared_key mismatch';
    if (users.length === 0) return null;
    const allowed =
      client && client.users.length > 0 ? users.filter((u) => client.users.includes(u.username)) : users;
    // Every user is tried, so that the time does not tell which exist.
    let known = false;
    for (const { username, password } of allowed) {
      const expected = digest(this.#auth, username, password);
      const same =
        sameBytes(ping.passwordDigest, expected) && sameBytes(ping.username, Buffer.from(username));
      known = known || same;
    }
    return known ? null : 'username/password mismatch';
  }

  #client(): ServerSecurity['clients'][number] | null {
    return this.#security.clients.find((c) => inNetworks([c.network], this.#address)) ?? null;
  }
}

/** Whether an address is in one of the networks (`192.0.2.0/24`, or a single address). */
export function inNetworks(networks: readonly string[], address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '');
  const family = isIP(plain);
  if (family === 0) return false;
  const list = new BlockList();
  for (const network of networks) {
    const [host, prefix] = network.split('/');
    const kind = isIP(host!) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(host!, kind);
    else list.addSubnet(host!, Number(prefix), kind);
  }
  return list.check(plain, family === 6 ? 'ipv6' : 'ipv4');
}
