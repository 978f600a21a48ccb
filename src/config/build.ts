// The checked tree of a config file to the parts of a Config: units read, endpoints parsed, secrets fetched, defaults
// filled in. What the schema cannot say (an address, a missing secret) is an error with its place too.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { UserMapping } from '../fields/userMapping.js';
import { tagPattern } from '../rules/tagPattern.js';
import type {
  ClientTls,
  Config,
  FieldClass,
  FileTarget,
  ForwardClientOptions,
  InputConfig,
  OutputConfig,
  OutputServer,
  RuleOverlay,
  ServerSecurity,
  ServerTls,
  SinkConfig,
} from './config.js';
import type { ConfigError } from './configError.js';
import {
  configDefaults,
  DEFAULT_PORT,
  fileDefaults,
  forwardDefaults,
  httpDefaults,
  inputDefaults,
} from './defaults.js';
import { type Endpoint, EndpointError, hostPort, parseEndpoint, parseListen } from './endpoints.js';
import type { ConfigFile, ConfigTree, TreePath } from './file.js';
import type { LoadContext } from './load.js';
import { sizeOf, timeOf } from './units.js';

type Table = Readonly<Record<string, unknown>>;

export interface FileParts {
  readonly inputs: readonly InputConfig[] | null;
  readonly output: OutputConfig | null;
  readonly sinks: readonly SinkConfig[];
  readonly alertTag: string | null;
  readonly lookBackMax: number | null;
  readonly alertsSpool: Config['alertsSpool'];
  readonly metadata: Config['metadata'];
  readonly rulePaths: readonly string[];
  readonly overlays: Readonly<Record<string, RuleOverlay>>;
  readonly fieldTypes: Readonly<Record<string, FieldClass>>;
  readonly admin: Config['admin'];
  readonly routes: Config['rules']['routes'];
  readonly fieldMapping: UserMapping;
  readonly stateful: Config['rules']['stateful'];
  readonly logLevel: string | null;
  readonly logFormat: string | null;
  readonly logPath: string | null;
  readonly memoryLimit: number | null;
  readonly shutdownTimeout: number | null;
}

export class TreeReader {
  readonly #file: ConfigFile;
  readonly #folder: string;
  readonly #context: LoadContext;
  readonly #errors: ConfigError[];

  constructor(file: ConfigFile, folder: string, context: LoadContext, errors: ConfigError[]) {
    this.#file = file;
    this.#folder = folder;
    this.#context = context;
    this.#errors = errors;
  }

  whole(): FileParts {
    const t: ConfigTree = this.#file.tree;
    const part = (key: string): Table => (t[key] as Table | undefined) ?? {};
    const { alerts, spool, rules, log } = {
      alerts: part('alerts'),
      spool: part('alerts_spool'),
      rules: part('rules'),
      log: part('log'),
    };
    return {
      inputs: (t['inputs'] as Table[] | undefined)?.map((i, n) => this.#input(i, ['inputs', n])) ?? null,
      output: t['output'] === undefined ? null : this.#output(part('output')),
      sinks: ((alerts['sinks'] as unknown[] | undefined) ?? []).flatMap((s, n) =>
        this.#sink(s, ['alerts', 'sinks', n]),
      ),
      alertTag: (alerts['tag'] as string | undefined) ?? null,
      lookBackMax: (alerts['look_back_max'] as number | undefined) ?? null,
      alertsSpool: {
        path: typeof spool['path'] === 'string' ? resolve(this.#folder, spool['path']) : null,
        maxBytes: sizeOf(spool['max_bytes']) ?? configDefaults.spoolMaxBytes,
        maxAge: timeOf(spool['max_age']) ?? configDefaults.spoolMaxAge,
      },
      metadata: (part('output')['metadata'] as Config['metadata'] | undefined) ?? configDefaults.metadata,
      rulePaths: ((rules['paths'] as string[] | undefined) ?? []).map((p) => resolve(this.#folder, p)),
      overlays: this.#overlays((rules['overrides'] as Record<string, Table> | undefined) ?? {}),
      fieldTypes: (t['field_types'] as Record<string, FieldClass> | undefined) ?? {},
      admin: t['admin'] === undefined ? null : this.#admin(part('admin')),
      fieldMapping: this.#fieldMapping(part('fields')),
      routes: this.#routes((rules['routes'] as Record<string, string | string[]> | undefined) ?? {}),
      stateful: {
        max: (rules['stateful_max'] as number | undefined) ?? configDefaults.statefulMax,
        newTermsWarmUp: timeOf(rules['new_terms_warm_up']) ?? configDefaults.newTermsWarmUp,
      },
      logLevel: (log['level'] as string | undefined) ?? null,
      logFormat: (log['format'] as string | undefined) ?? null,
      logPath: this.#path(log['path']),
      memoryLimit: sizeOf(t['memory_limit']),
      shutdownTimeout: timeOf(t['shutdown_timeout']),
    };
  }

  /** An input with all defaults. @throws EndpointError */
  inputOf(listen: string): InputConfig {
    return {
      ...inputDefaults,
      listen: parseListen(listen, null),
      tls: null,
      security: null,
      allow: [],
      addTagPrefix: null,
      tag: null,
    };
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

  #input(t: Table, path: TreePath): InputConfig {
    const mode = typeof t['mode'] === 'string' ? Number.parseInt(t['mode'], 8) : null;
    const text = String(t['listen']);
    const listen = this.#try([...path, 'listen'], () => parseListen(text, mode));
    return {
      listen: listen ?? { kind: 'tcp', host: '127.0.0.1', port: 0 },
      tls: this.#serverTls(t['tls'] as Table | undefined, [...path, 'tls']),
      security: this.#serverSecurity(t['security'] as Table | undefined, [...path, 'security']),
      allow: (t['allow'] as string[] | undefined) ?? [],
      chunkSizeLimit: sizeOf(t['chunk_size_limit']) ?? inputDefaults.chunkSizeLimit,
      chunkSizeWarnLimit: sizeOf(t['chunk_size_warn_limit']),
      decompressionSizeLimit: sizeOf(t['decompression_size_limit']) ?? inputDefaults.decompressionSizeLimit,
      maxDepth: (t['max_depth'] as number | undefined) ?? inputDefaults.maxDepth,
      maxConnections: (t['max_connections'] as number | undefined) ?? inputDefaults.maxConnections,
      handshakeTimeout: timeOf(t['handshake_timeout']) ?? inputDefaults.handshakeTimeout,
      idleTimeout: timeOf(t['idle_timeout']) ?? inputDefaults.idleTimeout,
      addTagPrefix: (t['add_tag_prefix'] as string | undefined) ?? null,
      tag: (t['tag'] as string | undefined) ?? null,
    };
  }

  #fieldMapping(t: Table): UserMapping {
    const constants = ((t['constants'] as Table[] | undefined) ?? []).map((c, n) => ({
      fits: this.#tagPattern([c['tags'] as string | string[]].flat().join(' '), [
        'fields',
        'constants',
        n,
        'tags',
      ]),
      values: listed(c['values'] as Record<string, string | string[]>),
    }));
    return {
      aliases: listed((t['aliases'] as Record<string, string | string[]> | undefined) ?? {}),
      constants,
      jsonText: (t['json_text'] as string[] | undefined) ?? [],
      beyondElastic: t['beyond_elastic'] !== false,
    };
  }

  #tagPattern(pattern: string, path: TreePath): (tag: string) => boolean {
    try {
      return tagPattern(pattern);
    } catch (error) {
      this.#error(path, (error as TypeError).message);
      return () => false;
    }
  }

  #routes(t: Readonly<Record<string, string | string[]>>): Config['rules']['routes'] {
    return Object.fromEntries(
      Object.entries(t).map(([index, tags]) => {
        const list = ([] as string[]).concat(tags);
        this.#tagPattern(list.join(' '), ['rules', 'routes', index]);
        return [index, list];
      }),
    );
  }

  #serverTls(t: Table | undefined, path: TreePath): ServerTls | null {
    if (!t) return null;
    return {
      certPath: this.#path(t['cert_path'])!,
      privateKeyPath: this.#path(t['private_key_path'])!,
      privateKeyPassphrase: this.#secret(t, 'private_key_passphrase', path),
      clientCertAuth: t['client_cert_auth'] === true,
      caPath: this.#path(t['ca_path']),
      minVersion: (t['min_version'] as ServerTls['minVersion'] | undefined) ?? 'TLSv1.2',
      ciphers: (t['ciphers'] as string | undefined) ?? null,
    };
  }

  #serverSecurity(t: Table | undefined, path: TreePath): ServerSecurity | null {
    if (!t) return null;
    const sharedKey = this.#secret(t, 'shared_key', path);
    if (sharedKey === null) this.#error(path, 'security needs shared_key, shared_key_env or shared_key_file');
    const users = ((t['users'] as Table[] | undefined) ?? []).map((u, n) => {
      const at = [...path, 'users', n];
      const password = this.#secret(u, 'password', at);
      if (password === null) this.#error(at, 'a user needs password, password_env or password_file');
      return { username: String(u['username']), password: password ?? '' };
    });
    const clients = ((t['clients'] as Table[] | undefined) ?? []).map((c, n) => ({
      network: String(c['network']),
      sharedKey: this.#secret(c, 'shared_key', [...path, 'clients', n]),
      users: (c['users'] as string[] | undefined) ?? [],
    }));
    const selfHostname = (t['self_hostname'] as string | undefined) ?? this.#context.hostname;
    const allowAnonymousSource = t['allow_anonymous_source'] !== false;
    return { selfHostname, sharedKey: sharedKey ?? '', users, clients, allowAnonymousSource };
  }

  #output(t: Table): OutputConfig | null {
    const path: TreePath = ['output'];
    if (t['servers'] !== undefined) return { kind: 'forward', ...this.#forward(t, path) };
    if (t['to'] === undefined) return null;
    const to = ([] as string[]).concat(t['to'] as string | string[]);
    const output = this.#try([...path, 'to'], () => this.outputOf(to, this.#folder));
    if (output?.kind === 'forward') {
      const shared = { tls: t['tls'], security: t['security'] };
      const servers = output.servers.map(({ host, port }) => this.#server({ host, port, ...shared }, path));
      return { kind: 'forward', servers, client: forwardOptions(t) };
    }
    if (output?.kind === 'file') return { kind: 'file', ...this.#fileTarget(t, output.path) };
    if (output?.kind === 'stdout') return { kind: 'stdout', format: formatOf(t) };
    return output;
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
            selfHostname: (security['self_hostname'] as string | undefined) ?? this.#context.hostname,
            sharedKey: this.#secret(security, 'shared_key', at) ?? '',
            username: (security['username'] as string | undefined) ?? '',
            password: this.#secret(security, 'password', at) ?? '',
          }
        : null,
    };
  }

  #clientTls(t: Table | undefined, path: TreePath): ClientTls | null {
    if (!t) return null;
    return {
      caPath: this.#path(t['ca_path']),
      verifyHostname: t['verify_hostname'] !== false,
      insecure: t['insecure'] === true,
      allowSelfSigned: t['allow_self_signed'] === true,
      certPath: this.#path(t['cert_path']),
      privateKeyPath: this.#path(t['private_key_path']),
      privateKeyPassphrase: this.#secret(t, 'private_key_passphrase', path),
    };
  }

  #sink(s: unknown, path: TreePath): SinkConfig[] {
    const t: Table = typeof s === 'string' ? { to: s } : (s as Table);
    if (t['servers'] !== undefined) return [{ kind: 'forward', ...this.#forward(t, path) }];
    if (typeof t['to'] !== 'string') {
      this.#error(path, 'a sink needs "to" (or "servers")');
      return [];
    }
    const to = t['to'];
    const sink = this.#try(typeof s === 'string' ? path : [...path, 'to'], () =>
      this.#sinkTo(parseEndpoint(to, this.#folder), t, path),
    );
    return sink ? [sink] : [];
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
        const authorization = this.#secret(t, 'authorization', path);
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

  #overlays(overrides: Readonly<Record<string, Table>>): Record<string, RuleOverlay> {
    const out: Record<string, RuleOverlay> = {};
    for (const [id, t] of Object.entries(overrides)) {
      const exceptions = (t['exceptions'] as Table[] | undefined)?.map((e, n) => {
        const expires = e['expires'] === undefined ? null : Date.parse(String(e['expires']));
        if (Number.isNaN(expires)) {
          this.#error(
            ['rules', 'overrides', id, 'exceptions', n, 'expires'],
            'expires is written like 2026-12-31T00:00:00Z',
          );
        }
        return { name: String(e['name']), query: String(e['query']), expires };
      });
      out[id] = {
        ...(t['enabled'] === undefined ? {} : { enabled: t['enabled'] as boolean }),
        ...(t['severity'] === undefined
          ? {}
          : { severity: t['severity'] as NonNullable<RuleOverlay['severity']> }),
        ...(t['risk_score'] === undefined ? {} : { riskScore: t['risk_score'] as number }),
        ...(exceptions === undefined ? {} : { exceptions }),
        ...(t['max_signals'] === undefined ? {} : { maxSignals: t['max_signals'] as number }),
        ...(t['interval'] === undefined ? {} : { interval: t['interval'] as string }),
        ...(t['from'] === undefined ? {} : { from: t['from'] as string }),
      };
    }
    return out;
  }

  #admin(t: Table): Config['admin'] {
    const address = this.#try(['admin', 'listen'], () => hostPort(String(t['listen']), String(t['listen'])));
    return address && { ...address, token: this.#secret(t, 'token', ['admin']) };
  }

  /** `name`, `name_env` or `name_file`; null: none of them is there. */
  #secret(t: Table, name: string, path: TreePath): string | null {
    const given = [name, `${name}_env`, `${name}_file`].filter((key) => t[key] !== undefined);
    if (given.length > 1)
      this.#error([...path, given[1]!], `${given.join(' and ')} say the same thing; keep one`);
    const variable = t[`${name}_env`];
    if (typeof variable === 'string') {
      const value = this.#context.env[variable];
      if (value === undefined)
        this.#error([...path, `${name}_env`], `the environment has no variable ${variable}`);
      return value ?? '';
    }
    const file = this.#path(t[`${name}_file`]);
    if (file !== null) {
      try {
        return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
      } catch (error) {
        this.#error([...path, `${name}_file`], `cannot be read: ${(error as Error).message}`);
        return '';
      }
    }
    return typeof t[name] === 'string' ? (t[name] as string) : null;
  }

  #path(value: unknown): string | null {
    return typeof value === 'string' ? resolve(this.#folder, value) : null;
  }

  #try<T>(path: TreePath, make: () => T): T | null {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof EndpointError)) throw error;
      this.#error(path, error.message);
      return null;
    }
  }

  #error(path: TreePath, message: string): void {
    this.#errors.push(this.#file.error(path, message));
  }
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
  };
}

function formatOf(t: Table): 'json' | 'out_file' {
  return t['format'] === 'out_file' ? 'out_file' : 'json';
}

/** `field: path` or `field: [path, …]`. */
function listed(t: Readonly<Record<string, string | string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(t).map(([key, value]) => [key, [value].flat()]));
}
