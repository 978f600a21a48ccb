// A connection to a downstream server, TLS where the config says so.
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { OutputServer } from '../config/config.js';

/** The event after which the connection can be written to. */
export function openEvent(server: OutputServer): 'connect' | 'secureConnect' {
  return server.tls ? 'secureConnect' : 'connect';
}

export function dial({ host, port, tls }: OutputServer): Socket {
  if (!tls) return connect({ host, port });
  const file = (path: string | null): Buffer | undefined => (path === null ? undefined : readFileSync(path));
  return connectTls({
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
}
