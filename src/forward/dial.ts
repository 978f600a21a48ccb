// A connection to a downstream server, TLS where the config says so.
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { OutputServer } from '../config/config.js';

/** The event after which the connection can be written to. */
export function openEvent(server: OutputServer): 'connect' | 'secureConnect' {
  return server.tls ? 'secureConnect' : 'connect';
}

/** What a read takes at most. Acks are under 100 bytes. */
const READ_BYTES = 16 * 1024;

/**
 * @param onBytes takes what the server writes; the bytes are there until it returns. Read into one buffer over and over: a
 * fresh one for every few acks costs as much as reading them, and the garbage collector has to free each. Null: whoever
 * dials reads the socket.
 */
export function dial({ host, port, tls }: OutputServer, onBytes: ((bytes: Buffer) => void) | null): Socket {
  if (!tls) {
    if (onBytes === null) return connect({ host, port });
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const callback = (n: number): boolean => {
      onBytes(buffer.subarray(0, n));
      return true;
    };
    return connect({ host, port, onread: { buffer, callback } });
  }
  const file = (path: string | null): Buffer | undefined => (path === null ? undefined : readFileSync(path));
  const socket = connectTls({
    host,
    port,
    servername: /^[\d.]+$|:/.test(host) ? '' : host,
    ca: file(tls.caPath),
    cert: file(tls.certPath),
    key: file(tls.privateKeyPath),
    passphrase: tls.privateKeyPassphrase ?? undefined,
    rejectUnauthorized: !(tls.insecure || tls.allowSelfSigned),
    ...(tls.verifyHostname ? {} : { checkServerIdentity: () => undefined }),
  });
  if (onBytes !== null) socket.on('data', onBytes);
  return socket;
}
