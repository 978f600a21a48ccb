// Where things come from and go to, as one writes it: `forward://HOST:PORT`, `forward+unix:///path`, `file:PATH`,
// `http(s)://…`, `stdout:`.
import { isAbsolute, resolve } from 'node:path';
import type { ListenAddress } from './config.js';
import { DEFAULT_PORT } from './defaults.js';

export type Endpoint =
  | { readonly kind: 'forward'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'stdout' }
  | { readonly kind: 'discard' };

/** @throws EndpointError that says what can be written instead. */
export function parseEndpoint(text: string, folder: string): Endpoint {
  if (text === 'stdout:' || text === 'stdout') return { kind: 'stdout' };
  if (text === 'discard:') return { kind: 'discard' };
  if (text.startsWith('forward://'))
    return { kind: 'forward', ...hostPort(text.slice('forward://'.length), text) };
  if (text.startsWith('forward+unix://')) {
    const path = text.slice('forward+unix://'.length);
    if (!isAbsolute(path))
      throw new EndpointError(`${text}: a unix socket is written forward+unix:///path.sock`);
    return { kind: 'unix', path };
  }
  if (text.startsWith('file:')) {
    const path = text.slice('file:'.length).replace(/^\/\/(?=\/)/, '');
    if (path === '') throw new EndpointError(`${text}: a file is written file:PATH`);
    return { kind: 'file', path: resolve(folder, path) };
  }
  if (/^https?:\/\//.test(text)) {
    if (!URL.canParse(text)) throw new EndpointError(`${text} is no URL`);
    return { kind: 'http', url: text };
  }
  throw new EndpointError(
    `${JSON.stringify(text)}: expected forward://HOST:PORT, forward+unix:///path.sock, file:PATH, http(s)://…, or stdout:`,
  );
}

export class EndpointError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'EndpointError';
  }
}

/** `HOST:PORT` or `[IPv6]:PORT`; without a port 24224. */
export function hostPort(text: string, shown: string): { readonly host: string; readonly port: number } {
  const m = /^(?:\[([0-9a-fA-F:.]+)\]|([^:/[\]]+))(?::(\d{1,5}))?\/?$/.exec(text);
  const port = m?.[3] === undefined ? DEFAULT_PORT : Number(m[3]);
  if (!m || port > 65535)
    throw new EndpointError(`${shown}: an address is written HOST:PORT, with IPv6 in brackets`);
  return { host: m[1] ?? m[2]!, port };
}

/** @throws EndpointError */
export function parseListen(text: string, mode: number | null): ListenAddress {
  const endpoint = parseEndpoint(text, '/');
  if (endpoint.kind === 'forward') return { kind: 'tcp', host: endpoint.host, port: endpoint.port };
  if (endpoint.kind === 'unix') return { kind: 'unix', path: endpoint.path, mode };
  throw new EndpointError(`${text}: events come in over forward://HOST:PORT or forward+unix:///path.sock`);
}
