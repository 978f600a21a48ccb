// The client's side of the handshake, without a socket: HELO in, PING out, PONG in.
import type { OutputServer } from '../config/config.js';
import { digest, encodePing, readHelo, readPong, sameBytes } from './handshake.js';

type Security = NonNullable<OutputServer['security']>;

export class ClientHandshake {
  readonly #security: Security;
  readonly #salt: Buffer;
  #nonce: Buffer | null = null;

  constructor(security: Security, random: (bytes: number) => Buffer) {
    this.#security = security;
    // As hex text in a str, which is what Fluentd sends and all that Fluent Bit takes.
    this.#salt = Buffer.from(random(16).toString('hex'));
  }

  /**
   * Takes the server's next message: the PING to write, or 'welcome'.
   * @throws Error with the reason why the server is not taken, or does not take us.
   */
  take(message: Buffer): Buffer | 'welcome' {
    return this.#nonce === null ? this.#ping(message) : this.#welcome(message);
  }

  #ping(message: Buffer): Buffer {
    const helo = readHelo(message, 0, message.length);
    if (!helo) throw new Error('the server did not say HELO as it should');
    this.#nonce = helo.nonce;
    const { selfHostname, sharedKey, username, password } = this.#security;
    const hostname = Buffer.from(selfHostname);
    const withUser = helo.auth.length > 0;
    return encodePing({
      hostname,
      salt: this.#salt,
      digest: digest(this.#salt, hostname, helo.nonce, sharedKey),
      username: Buffer.from(withUser ? username : ''),
      passwordDigest: withUser ? digest(helo.auth, username, password) : Buffer.alloc(0),
    });
  }

  #welcome(message: Buffer): 'welcome' {
    const pong = readPong(message, 0, message.length);
    if (!pong) throw new Error('the server did not say PONG as it should');
    const { selfHostname, sharedKey } = this.#security;
    if (!pong.ok) throw new Error(`the server refuses us: ${pong.reason.slice(0, 200)}`);
    if (pong.hostname.equals(Buffer.from(selfHostname))) {
      throw new Error('the server has our own hostname; give self_hostname another value');
    }
    if (!sameBytes(pong.digest, digest(this.#salt, pong.hostname, this.#nonce!, sharedKey))) {
      throw new Error('the server does not know the shared key');
    }
    return 'welcome';
  }
}
