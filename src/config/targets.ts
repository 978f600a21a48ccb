// Where chunks and alerts go: the `output` and `alerts.sinks` parts of the config, and what `--out` and `--alerts` say.
import type {
  ClientTls,
  FileTarget,
  ForwardClientOptions,
  OutputConfig,
  OutputServer,
  SharedStateConfig,
  SinkConfig,
} from './config.js';
import { DEFAULT_PORT, fileDefaults, forwardDefaults, httpDefaults, redisDefaults } from './defaults.js';
import { type Endpoint, EndpointError, parseEndpoint } from './endpoints.js';
import type { TreePath } from './file.js';
import type { Table, TreeContext } from './treeContext.js';
import { sizeOf, timeOf } from './units.js';

export class TargetReader {
  readonly #tree: TreeContext;

  constructor(tree: TreeContext) {
    this.#tree = tree;
  }

  /** `--out`, once or several times. @throws EndpointError */
  outputOf(to: readonly string[], folder: string): OutputConfig {
    const endpoints = to.map((text) => parseEndpoint(text, folder));
    const [first] = endpoints;
    if (endpoints.length > 1 && endpoints.some((e) => e.kind !== 'forward')) {
      throw new EndpointError('several outputs can only be forward:// servers, which share the load');
    }
    if (first?.kind === 'file') return { kind: 'file', ...this.#fileTarget({}, first.path) };
    if (first?.kind === 'stdout') return { kind: 'stdout', format: 'json' };
    if (first?.kind === 'discard') return { kind: 'discard' };
    if (first?.kind !== 'forward')
      throw new EndpointError(`${to.join(', ')}: events go to forward://, file: or stdout:`);
    return { kind: 'forward', servers: endpoints.map(plainServer), client: forwardDefaults };
  }

  /** `--alerts`. @throws EndpointError */
  sinkOf(to: string, folder: string): SinkConfig {
    return this.#sinkTo(parseEndpoint(to, folder), {}, []);
  }

  output(t: Table): OutputConfig | null {
    const path: TreePath = ['output'];
    if (t['servers'] !== undefined) return { kind: 'forward', ...this.#forward(t, path) };
    if (t['to'] === undefined) return null;
    const to = ([] as string[]).concat(t['to'] as string | string[]);
    const output = this.#tree.try([...path, 'to'], () => this.outputOf(to, this.#tree.folder));
    if (output?.kind === 'forward') {
      const shared = { tls: t['tls'], security: t['security'] };
      const servers = output.servers.map(({ host, port }) => this.#server({ host, port, ...shared }, path));
      return { kind: 'forward', servers, client: forwardOptions(t) };
    }
    if (output?.kind === 'file') return { kind: 'file', ...this.#fileTarget(t, output.path) };
    if (output?.kind === 'stdout') return { kind: 'stdout', format: formatOf(t) };
    return output;
  }

  sink(s: unknown, path: TreePath): SinkConfig[] {
    const t: Table = typeof s === 'string' ? { to: s } : (s as Table);
    if (t['servers'] !== undefined) return [{ kind: 'forward', ...this.#forward(t, path) }];
    if (typeof t['to'] !== 'string') {
      this.#tree.error(path, 'a sink needs "to" (or "servers")');
      return [];
    }
    const to = t['to'];
    const sink = this.#tree.try(typeof s === 'string' ? path : [...path, 'to'], () =>
      this.#sinkTo(parseEndpoint(to, this.#tree.folder), t, path),
    );
    return sink ? [sink] : [];
  }

  /** `alerts.state`: `local`, or a Redis as its URL or with more to say. */
  state(s: unknown, path: TreePath): SharedStateConfig | null {
    if (s === undefined || s === 'local') return null;
    const t: Table = typeof s === 'string' ? { to: s } : (s as Table);
    const url = this.#tree.try(typeof s === 'string' ? path : [...path, 'to'], () =>
      redisUrl(String(t['to'])),
    );
    if (url === null) return null;
    return {
      url,
      username: (t['username'] as string | undefined) ?? null,
      password: this.#tree.secret(t, 'password', path),
      tls: this.#clientTls(t['tls'] as Table | undefined, [...path, 'tls']),
      prefix: (t['prefix'] as string | undefined) ?? redisDefaults.prefix,
      timeout: timeOf(t['timeout']) ?? redisDefaults.timeout,
    };
  }

  #forward(t: Table, path: TreePath): { servers: readonly OutputServer[]; client: ForwardClientOptions } {
    const servers = (t['servers'] as Table[]).map((s, n) =>
      this.#server({ tls: t['tls'], security: t['security'], ...s }, [...path, 'servers', n]),
    );
    return { servers, client: forwardOptions(t) };
  }

  #server(t: Table, path: TreePath): OutputServer {
    const security = t['security'] as Table | undefined;
    const at = [...path, 'security'];
    return {
      host: String(t['host']),
      port: (t['port'] as number | undefined) ?? DEFAULT_PORT,
      weight: (t['weight'] as number | undefined) ?? 60,
      standby: t['standby'] === true,
      tls: this.#clientTls(t['tls'] as Table | undefined, [...path, 'tls']),
      security: security
        ? {
            selfHostname: (security['self_hostname'] as string | undefined) ?? this.#tree.hostname,
            sharedKey: this.#tree.secret(security, 'shared_key', at) ?? '',
            username: (security['username'] as string | undefined) ?? '',
            password: this.#tree.secret(security, 'password', at) ?? '',
          }
        : null,
    };
  }

  #clientTls(t: Table | undefined, path: TreePath): ClientTls | null {
    if (!t) return null;
    return {
      caPath: this.#tree.path(t['ca_path']),
      verifyHostname: t['verify_hostname'] !== false,
      insecure: t['insecure'] === true,
      allowSelfSigned: t['allow_self_signed'] === true,
      certPath: this.#tree.path(t['cert_path']),
      privateKeyPath: this.#tree.path(t['private_key_path']),
      privateKeyPassphrase: this.#tree.secret(t, 'private_key_passphrase', path),
    };
  }

  #sinkTo(endpoint: Endpoint, t: Table, path: TreePath): SinkConfig {
    switch (endpoint.kind) {
      case 'forward': {
        const server = { host: endpoint.host, port: endpoint.port, tls: t['tls'], security: t['security'] };
        return { kind: 'forward', servers: [this.#server(server, path)], client: forwardOptions(t) };
      }
      case 'file':
        return { kind: 'file', ...this.#fileTarget(t, endpoint.path) };
      case 'stdout':
        return { kind: 'stdout', format: formatOf(t) };
      case 'http': {
        const authorization = this.#tree.secret(t, 'authorization', path);
        return {
          kind: 'http',
          url: endpoint.url,
          form: (t['form'] as 'json' | undefined) ?? 'json',
          headers: {
            ...(t['headers'] as Record<string, string> | undefined),
            ...(authorization === null ? {} : { authorization }),
          },
          tls: this.#clientTls(t['tls'] as Table | undefined, [...path, 'tls']),
          timeout: timeOf(t['timeout']) ?? httpDefaults.timeout,
          batchSize: (t['batch_size'] as number | undefined) ?? httpDefaults.batchSize,
        };
      }
      case 'unix':
      case 'discard':
        throw new EndpointError(
          `alerts go to forward://, file:, http(s):// or stdout:, not ${endpoint.kind}`,
        );
    }
  }

  #fileTarget(t: Table, path: string): FileTarget {
    return {
      path,
      format: formatOf(t),
      rotateBytes: sizeOf(t['rotate_size']) ?? fileDefaults.rotateBytes,
      rotateKeep: (t['rotate_keep'] as number | undefined) ?? fileDefaults.rotateKeep,
    };
  }
}

/** @throws EndpointError */
function redisUrl(text: string): string {
  if (/^rediss?:\/\/[^/]/.test(text) && URL.canParse(text)) return text;
  throw new EndpointError(`${JSON.stringify(text)}: expected local, redis://HOST:PORT/DB or rediss://…`);
}

function plainServer(e: Endpoint): OutputServer {
  if (e.kind !== 'forward') throw new EndpointError('only forward:// servers share the load');
  return { host: e.host, port: e.port, weight: 60, standby: false, tls: null, security: null };
}

function forwardOptions(t: Table): ForwardClientOptions {
  return {
    requireAckResponse: t['require_ack_response'] !== false,
    ackResponseTimeout: timeOf(t['ack_response_timeout']) ?? forwardDefaults.ackResponseTimeout,
    connectTimeout: timeOf(t['connect_timeout']) ?? forwardDefaults.connectTimeout,
    retryWait: timeOf(t['retry_wait']) ?? forwardDefaults.retryWait,
    retryMaxInterval: timeOf(t['retry_max_interval']) ?? forwardDefaults.retryMaxInterval,
    heartbeatType:
      (t['heartbeat_type'] as ForwardClientOptions['heartbeatType'] | undefined) ??
      forwardDefaults.heartbeatType,
    heartbeatInterval: timeOf(t['heartbeat_interval']) ?? forwardDefaults.heartbeatInterval,
    hardTimeout: timeOf(t['hard_timeout']) ?? forwardDefaults.hardTimeout,
  };
}

function formatOf(t: Table): 'json' | 'out_file' {
  return t['format'] === 'out_file' ? 'out_file' : 'json';
}
