// The effective configuration: files and flags merged, defaults filled in, secrets read, frozen. Sizes are bytes,
// times are milliseconds; the file's keys are snake_case with Fluentd's units (`8m`, `10s`).
import type { UserMapping } from '../fields/userMapping.js';
import type { Severity } from '../rules/rule.js';

/** TLS of one side, with Fluentd's `<transport tls>` / `tls_*` meanings; paths are read at start. */
export interface ServerTls {
  readonly certPath: string;
  readonly privateKeyPath: string;
  readonly privateKeyPassphrase: string | null;
  /** Mutual TLS: clients must show a certificate of `caPath`. */
  readonly clientCertAuth: boolean;
  readonly caPath: string | null;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly ciphers: string | null;
}
export interface ClientTls {
  readonly caPath: string | null;
  readonly verifyHostname: boolean;
  readonly insecure: boolean;
  readonly allowSelfSigned: boolean;
  readonly certPath: string | null;
  readonly privateKeyPath: string | null;
  readonly privateKeyPassphrase: string | null;
}

/** Fluentd's `<security>` of in_forward. */
export interface ServerSecurity {
  readonly selfHostname: string;
  readonly sharedKey: string;
  readonly users: readonly { readonly username: string; readonly password: string }[];
  /** Per-network keys and user lists; an address that no entry covers is refused when `allowAnonymousSource` is false. */
  readonly clients: readonly {
    readonly network: string;
    readonly sharedKey: string | null;
    readonly users: readonly string[];
  }[];
  readonly allowAnonymousSource: boolean;
}

export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string; readonly mode: number | null };

export interface InputConfig {
  readonly listen: ListenAddress;
  readonly tls: ServerTls | null;
  readonly security: ServerSecurity | null;
  /** CIDR networks that may connect; empty: all. */
  readonly allow: readonly string[];
  /** A whole frame, as sent. */
  readonly chunkSizeLimit: number;
  readonly chunkSizeWarnLimit: number | null;
  /** All that one message may inflate to. */
  readonly decompressionSizeLimit: number;
  readonly maxDepth: number;
  /** Entries of one message. */
  readonly maxEntries: number;
  readonly maxConnections: number;
  readonly handshakeTimeout: number;
  /** No byte for this long closes the connection; 0: never (Fluentd's default). */
  readonly idleTimeout: number;
  /** Lines that Docker cut are joined for the rules; events go on as they came. Null: they are not. */
  readonly joinPartial: { readonly maxBytes: number; readonly timeout: number } | null;
  readonly addTagPrefix: string | null;
  readonly tag: string | null;
}

export interface OutputServer {
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  readonly standby: boolean;
  readonly tls: ClientTls | null;
  readonly security: {
    readonly selfHostname: string;
    readonly sharedKey: string;
    readonly username: string;
    readonly password: string;
  } | null;
}

/** How a Forward client behaves; the same for the output and for a forward alert sink. Fluentd's out_forward names. */
export interface ForwardClientOptions {
  readonly requireAckResponse: boolean;
  readonly ackResponseTimeout: number;
  readonly connectTimeout: number;
  readonly retryWait: number;
  readonly retryMaxInterval: number;
  readonly heartbeatType: 'transport' | 'udp' | 'none';
  readonly heartbeatInterval: number;
  /** Without an answer to heartbeats for so long, a server counts as away. */
  readonly hardTimeout: number;
}

export type LineFormat = 'json' | 'out_file';
export interface FileTarget {
  readonly path: string;
  readonly format: LineFormat;
  /** Rotated past this many bytes; null: never. */
  readonly rotateBytes: number | null;
  readonly rotateKeep: number;
}

export type OutputConfig =
  | {
      readonly kind: 'forward';
      readonly servers: readonly OutputServer[];
      readonly client: ForwardClientOptions;
    }
  | ({ readonly kind: 'file' } & FileTarget)
  | { readonly kind: 'stdout'; readonly format: LineFormat }
  | { readonly kind: 'discard' };

export type SinkConfig =
  | {
      readonly kind: 'forward';
      readonly servers: readonly OutputServer[];
      readonly client: ForwardClientOptions;
    }
  | ({ readonly kind: 'file' } & FileTarget)
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly form: 'json' | 'elasticsearch_bulk' | 'slack';
      readonly headers: Readonly<Record<string, string>>;
      readonly tls: ClientTls | null;
      readonly timeout: number;
      readonly batchSize: number;
    }
  | { readonly kind: 'stdout'; readonly format: LineFormat };

interface ExceptionOverlay {
  readonly name: string;
  readonly query: string;
  /** Epoch ms. */
  readonly expires: number | null;
}
/** What the config lays over one rule, by its id. Absent keys leave the rule as it is. */
export interface RuleOverlay {
  readonly enabled?: boolean;
  readonly severity?: Severity;
  readonly riskScore?: number;
  readonly exceptions?: readonly ExceptionOverlay[];
  readonly maxSignals?: number;
  readonly interval?: string;
  readonly from?: string;
}

/** Field classes that `field_types` may give to a field or pattern (`*.ip`). */
export type FieldClass =
  | 'keyword'
  | 'text'
  | 'wildcard'
  | 'ip'
  | 'long'
  | 'double'
  | 'date'
  | 'boolean'
  | 'pattern_text';

/** A Redis that stages share their look-back and caps over. */
export interface SharedStateConfig {
  /** `redis://HOST:PORT/DB` or `rediss://`. */
  readonly url: string;
  readonly username: string | null;
  readonly password: string | null;
  readonly tls: ClientTls | null;
  /** Of every key: stages of one prefix share. */
  readonly prefix: string;
  /** ms after which a decision is made without it. */
  readonly timeout: number;
}

export interface Config {
  readonly inputs: readonly InputConfig[];
  readonly output: OutputConfig;
  readonly alerts: {
    /** Template: `${tag}`, `${rule_id}`, `${severity}`. */
    readonly tag: string;
    readonly sinks: readonly SinkConfig[];
    /** Bound of the look-back, in remembered alerts; past it the oldest is forgotten. */
    readonly lookBackMax: number;
    /** Look-back and caps over several stages; null: each its own. */
    readonly state: SharedStateConfig | null;
  };
  readonly alertsSpool: { readonly path: string | null; readonly maxBytes: number; readonly maxAge: number };
  /** `output.buffer`: chunks are confirmed by the output, or once they are on disk (null: memory). */
  readonly outputBuffer: { readonly path: string | null; readonly totalLimitSize: number } | null;
  /** Log metadata of Fluent Bit's entries (`output.metadata`): passed on, or taken off for a receiver that cannot take it. */
  readonly metadata: 'keep' | 'strip';
  readonly rules: {
    readonly paths: readonly string[];
    readonly overlays: Readonly<Record<string, RuleOverlay>>;
    readonly fieldTypes: Readonly<Record<string, FieldClass>>;
    /** The config's own `fields`. */
    readonly fieldMapping: UserMapping;
    /** Index pattern to Fluentd match patterns: where rules of that index are tried. */
    readonly routes: Readonly<Record<string, readonly string[]>>;
    /** How often rule files are looked at for changes, ms; 0: only SIGHUP loads them again. */
    readonly watch: number;
    /** Bound and warm-up of threshold and new_terms rules. */
    readonly stateful: { readonly max: number; readonly newTermsWarmUp: number };
  };
  readonly admin: { readonly host: string; readonly port: number; readonly token: string | null } | null;
  readonly log: {
    readonly level: string;
    readonly format: 'json' | 'pretty';
    /** A file, `tcp://HOST:PORT` or `unix:///PATH`; null: stderr. */
    readonly path: string | null;
  };
  /** Events held by the stage (read, not yet confirmed downstream): past it reading stops. */
  readonly memoryLimit: number;
  readonly shutdownTimeout: number;
  /** Processes that share the listening ports. */
  readonly workers: number;
}
