// The checked tree of a config file to the parts of a Config: units read, endpoints parsed, secrets fetched, defaults
// filled in. What the schema cannot say (an address, a missing secret) is an error with its place too.
import { resolve } from 'node:path';
import type { UserMapping } from '../fields/userMapping.js';
import type {
  Config,
  FieldClass,
  InputConfig,
  OutputConfig,
  RuleOverlay,
  ServerSecurity,
  ServerTls,
  SinkConfig,
} from './config.js';
import type { ConfigError } from './configError.js';
import { configDefaults, inputDefaults, joinPartialDefaults } from './defaults.js';
import { hostPort, parseListen } from './endpoints.js';
import type { ConfigFile, ConfigTree, TreePath } from './file.js';
import type { LoadContext } from './load.js';
import { logPath } from './logPath.js';
import { fieldMapping, overlays, routes } from './ruleParts.js';
import { TargetReader } from './targets.js';
import { type Table, TreeContext } from './treeContext.js';
import { sizeOf, timeOf } from './units.js';

export interface FileParts {
  readonly inputs: readonly InputConfig[] | null;
  readonly output: OutputConfig | null;
  readonly sinks: readonly SinkConfig[];
  readonly alertTag: string | null;
  readonly lookBackMax: number | null;
  readonly state: Config['alerts']['state'];
  readonly alertsSpool: Config['alertsSpool'];
  readonly outputBuffer: Config['outputBuffer'];
  readonly metadata: Config['metadata'];
  readonly rulePaths: readonly string[];
  readonly overlays: Readonly<Record<string, RuleOverlay>>;
  readonly fieldTypes: Readonly<Record<string, FieldClass>>;
  readonly admin: Config['admin'];
  readonly routes: Config['rules']['routes'];
  readonly fieldMapping: UserMapping;
  readonly watch: number;
  readonly stateful: Config['rules']['stateful'];
  readonly logLevel: string | null;
  readonly logFormat: string | null;
  readonly logPath: string | null;
  readonly memoryLimit: number | null;
  readonly workers: number | null;
  readonly shutdownTimeout: number | null;
}

export class TreeReader {
  readonly #file: ConfigFile;
  readonly #tree: TreeContext;
  /** The output and the sinks, which the command line gives too. */
  readonly targets: TargetReader;

  constructor(file: ConfigFile, folder: string, context: LoadContext, errors: ConfigError[]) {
    this.#file = file;
    this.#tree = new TreeContext(file, folder, context, errors);
    this.targets = new TargetReader(this.#tree);
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
      output: t['output'] === undefined ? null : this.targets.output(part('output')),
      sinks: ((alerts['sinks'] as unknown[] | undefined) ?? []).flatMap((s, n) =>
        this.targets.sink(s, ['alerts', 'sinks', n]),
      ),
      alertTag: (alerts['tag'] as string | undefined) ?? null,
      lookBackMax: (alerts['look_back_max'] as number | undefined) ?? null,
      state: this.targets.state(alerts['state'], ['alerts', 'state']),
      alertsSpool: {
        path: typeof spool['path'] === 'string' ? resolve(this.#tree.folder, spool['path']) : null,
        maxBytes: sizeOf(spool['max_bytes']) ?? configDefaults.spoolMaxBytes,
        maxAge: timeOf(spool['max_age']) ?? configDefaults.spoolMaxAge,
      },
      outputBuffer: this.#buffer(part('output')),
      metadata: (part('output')['metadata'] as Config['metadata'] | undefined) ?? configDefaults.metadata,
      rulePaths: ((rules['paths'] as string[] | undefined) ?? []).map((p) => resolve(this.#tree.folder, p)),
      overlays: overlays(this.#tree, (rules['overrides'] as Record<string, Table> | undefined) ?? {}),
      fieldTypes: (t['field_types'] as Record<string, FieldClass> | undefined) ?? {},
      admin: t['admin'] === undefined ? null : this.#admin(part('admin')),
      fieldMapping: fieldMapping(this.#tree, part('fields')),
      routes: routes(this.#tree, (rules['routes'] as Record<string, string | string[]> | undefined) ?? {}),
      watch: timeOf(rules['watch']) ?? configDefaults.rulesWatch,
      stateful: {
        max: (rules['stateful_max'] as number | undefined) ?? configDefaults.statefulMax,
        newTermsWarmUp: timeOf(rules['new_terms_warm_up']) ?? configDefaults.newTermsWarmUp,
      },
      logLevel: (log['level'] as string | undefined) ?? null,
      logFormat: (log['format'] as string | undefined) ?? null,
      logPath: typeof log['path'] === 'string' ? logPath(log['path'], this.#tree.folder) : null,
      memoryLimit: sizeOf(t['memory_limit']),
      workers: (t['workers'] as number | undefined) ?? null,
      shutdownTimeout: timeOf(t['shutdown_timeout']),
    };
  }

  #buffer(output: Table): Config['outputBuffer'] {
    if (output['buffer'] !== 'disk') return null;
    return {
      path: this.#tree.path(output['buffer_path']),
      totalLimitSize: sizeOf(output['buffer_total_limit_size']) ?? configDefaults.bufferTotalLimitSize,
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

  #input(t: Table, path: TreePath): InputConfig {
    const mode = typeof t['mode'] === 'string' ? Number.parseInt(t['mode'], 8) : null;
    const text = String(t['listen']);
    const listen = this.#tree.try([...path, 'listen'], () => parseListen(text, mode));
    return {
      listen: listen ?? { kind: 'tcp', host: '127.0.0.1', port: 0 },
      tls: this.#serverTls(t['tls'] as Table | undefined, [...path, 'tls']),
      security: this.#serverSecurity(t['security'] as Table | undefined, [...path, 'security']),
      allow: (t['allow'] as string[] | undefined) ?? [],
      chunkSizeLimit: sizeOf(t['chunk_size_limit']) ?? inputDefaults.chunkSizeLimit,
      chunkSizeWarnLimit: sizeOf(t['chunk_size_warn_limit']),
      decompressionSizeLimit: sizeOf(t['decompression_size_limit']) ?? inputDefaults.decompressionSizeLimit,
      maxEntries: (t['max_entries'] as number | undefined) ?? inputDefaults.maxEntries,
      joinPartial:
        t['join_partial'] === 'docker'
          ? {
              maxBytes: sizeOf(t['join_partial_limit']) ?? joinPartialDefaults.maxBytes,
              timeout: timeOf(t['join_partial_timeout']) ?? joinPartialDefaults.timeout,
            }
          : null,
      maxDepth: (t['max_depth'] as number | undefined) ?? inputDefaults.maxDepth,
      maxConnections: (t['max_connections'] as number | undefined) ?? inputDefaults.maxConnections,
      handshakeTimeout: timeOf(t['handshake_timeout']) ?? inputDefaults.handshakeTimeout,
      idleTimeout: timeOf(t['idle_timeout']) ?? inputDefaults.idleTimeout,
      addTagPrefix: (t['add_tag_prefix'] as string | undefined) ?? null,
      tag: (t['tag'] as string | undefined) ?? null,
    };
  }

  #serverTls(t: Table | undefined, path: TreePath): ServerTls | null {
    if (!t) return null;
    return {
      certPath: this.#tree.path(t['cert_path'])!,
      privateKeyPath: this.#tree.path(t['private_key_path'])!,
      privateKeyPassphrase: this.#tree.secret(t, 'private_key_passphrase', path),
      clientCertAuth: t['client_cert_auth'] === true,
      caPath: this.#tree.path(t['ca_path']),
      minVersion: (t['min_version'] as ServerTls['minVersion'] | undefined) ?? 'TLSv1.2',
      ciphers: (t['ciphers'] as string | undefined) ?? null,
    };
  }

  #serverSecurity(t: Table | undefined, path: TreePath): ServerSecurity | null {
    if (!t) return null;
    const sharedKey = this.#tree.secret(t, 'shared_key', path);
    if (sharedKey === null)
      this.#tree.error(path, 'security needs shared_key, shared_key_env or shared_key_file');
    const users = ((t['users'] as Table[] | undefined) ?? []).map((u, n) => {
      const at = [...path, 'users', n];
      const password = this.#tree.secret(u, 'password', at);
      if (password === null) this.#tree.error(at, 'a user needs password, password_env or password_file');
      return { username: String(u['username']), password: password ?? '' };
    });
    const clients = ((t['clients'] as Table[] | undefined) ?? []).map((c, n) => ({
      network: String(c['network']),
      sharedKey: this.#tree.secret(c, 'shared_key', [...path, 'clients', n]),
      users: (c['users'] as string[] | undefined) ?? [],
    }));
    const selfHostname = (t['self_hostname'] as string | undefined) ?? this.#tree.hostname;
    const allowAnonymousSource = t['allow_anonymous_source'] !== false;
    return { selfHostname, sharedKey: sharedKey ?? '', users, clients, allowAnonymousSource };
  }

  #admin(t: Table): Config['admin'] {
    const address = this.#tree.try(['admin', 'listen'], () =>
      hostPort(String(t['listen']), String(t['listen'])),
    );
    return address && { ...address, token: this.#tree.secret(t, 'token', ['admin']) };
  }
}
