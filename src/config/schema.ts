// The form of `fluent-detect.yaml`: one JSON Schema, checked by ajv. Sizes and times are strings with Fluentd's units
// or numbers; unknown keys are errors. Defaults stand in `defaults.ts`.

const size = { type: ['string', 'integer'], format: 'size' };
const time = { type: ['string', 'number'], format: 'time' };
const text = { type: 'string' };
const bool = { type: 'boolean' };
const texts = { type: 'array', items: text };
const object = (properties: Record<string, unknown>, required: string[] = []): Record<string, unknown> => ({
  type: 'object',
  additionalProperties: false,
  properties,
  required,
});
/** A value that may be secret: in place, from an environment variable, or from a file. */
const secret = (name: string): Record<string, unknown> => ({
  [name]: text,
  [`${name}_env`]: text,
  [`${name}_file`]: text,
});

const clientTls = object({
  ca_path: text,
  verify_hostname: bool,
  insecure: bool,
  allow_self_signed: bool,
  cert_path: text,
  private_key_path: text,
  ...secret('private_key_passphrase'),
});
const clientSecurity = object({
  self_hostname: text,
  ...secret('shared_key'),
  username: text,
  ...secret('password'),
});
const server = object(
  {
    host: text,
    port: { type: 'integer', minimum: 1, maximum: 65535 },
    weight: { type: 'integer', minimum: 0 },
    standby: bool,
    tls: clientTls,
    security: clientSecurity,
  },
  ['host'],
);
const forwardClient = {
  require_ack_response: bool,
  ack_response_timeout: time,
  connect_timeout: time,
  retry_wait: time,
  retry_max_interval: time,
  heartbeat_type: { enum: ['transport', 'udp', 'none'] },
  heartbeat_interval: time,
  hard_timeout: time,
};
const lineFile = {
  format: { enum: ['json', 'out_file'] },
  rotate_size: size,
  rotate_keep: { type: 'integer', minimum: 0 },
};

const input = object(
  {
    listen: text,
    mode: { type: 'string', pattern: '^0?[0-7]{3}$' },
    tls: object(
      {
        cert_path: text,
        private_key_path: text,
        ...secret('private_key_passphrase'),
        client_cert_auth: bool,
        ca_path: text,
        min_version: { enum: ['TLSv1.2', 'TLSv1.3'] },
        ciphers: text,
      },
      ['cert_path', 'private_key_path'],
    ),
    security: object({
      self_hostname: text,
      ...secret('shared_key'),
      allow_anonymous_source: bool,
      users: { type: 'array', items: object({ username: text, ...secret('password') }, ['username']) },
      clients: {
        type: 'array',
        items: object({ network: text, ...secret('shared_key'), users: texts }, ['network']),
      },
    }),
    allow: texts,
    chunk_size_limit: size,
    chunk_size_warn_limit: size,
    decompression_size_limit: size,
    max_depth: { type: 'integer', minimum: 4, maximum: 512 },
    max_entries: { type: 'integer', minimum: 1 },
    max_connections: { type: 'integer', minimum: 1 },
    handshake_timeout: time,
    idle_timeout: time,
    join_partial: { enum: ['none', 'docker'] },
    join_partial_limit: size,
    join_partial_timeout: time,
    add_tag_prefix: text,
    tag: text,
  },
  ['listen'],
);

const exception = object({ name: text, query: text, expires: text }, ['name', 'query']);
const override = object({
  enabled: bool,
  severity: { enum: ['low', 'medium', 'high', 'critical'] },
  risk_score: { type: 'number', minimum: 0, maximum: 100 },
  exceptions: { type: 'array', items: exception },
  max_signals: { type: 'integer', minimum: 1 },
  interval: { type: 'string', pattern: '^\\d+[smhdw]$' },
  from: { type: 'string', pattern: '^now-\\d+[smhdw]$' },
});

const sink = object({
  to: text,
  ...forwardClient,
  ...lineFile,
  servers: { type: 'array', items: server, minItems: 1 },
  tls: clientTls,
  security: clientSecurity,
  form: { enum: ['json', 'elasticsearch_bulk', 'slack'] },
  headers: { type: 'object', additionalProperties: text },
  ...secret('authorization'),
  timeout: time,
  batch_size: { type: 'integer', minimum: 1, maximum: 10000 },
});

const fieldClasses = [
  'keyword',
  'text',
  'pattern_text',
  'wildcard',
  'ip',
  'long',
  'double',
  'date',
  'boolean',
] as const;

export const configSchema = object({
  inputs: { type: 'array', items: input, minItems: 1 },
  output: object({
    to: { anyOf: [text, { type: 'array', items: text, minItems: 1 }] },
    servers: { type: 'array', items: server, minItems: 1 },
    tls: clientTls,
    security: clientSecurity,
    ...forwardClient,
    buffer: { enum: ['memory', 'disk'] },
    buffer_path: text,
    buffer_total_limit_size: size,
    metadata: { enum: ['keep', 'strip'] },
    ...lineFile,
  }),
  alerts: object({
    tag: text,
    look_back_max: { type: 'integer', minimum: 1 },
    state: {
      anyOf: [
        text,
        object(
          { to: text, username: text, ...secret('password'), tls: clientTls, prefix: text, timeout: time },
          ['to'],
        ),
      ],
    },
    sinks: { type: 'array', items: { anyOf: [text, sink] } },
  }),
  alerts_spool: object({ path: text, max_bytes: size, max_age: time }),
  rules: object({
    paths: texts,
    routes: { type: 'object', additionalProperties: { anyOf: [text, texts] } },
    watch: time,
    stateful_max: { type: 'integer', minimum: 1 },
    new_terms_warm_up: time,
    overrides: { type: 'object', additionalProperties: override },
  }),
  fields: object({
    aliases: { type: 'object', additionalProperties: { anyOf: [text, texts] } },
    constants: {
      type: 'array',
      items: object(
        {
          tags: { anyOf: [text, texts] },
          values: { type: 'object', additionalProperties: { anyOf: [text, texts] } },
        },
        ['tags', 'values'],
      ),
    },
    json_text: texts,
    beyond_elastic: bool,
  }),
  field_types: { type: 'object', additionalProperties: { enum: fieldClasses } },
  admin: object({ listen: text, ...secret('token') }, ['listen']),
  log: object({
    level: { enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] },
    format: { enum: ['json', 'pretty'] },
    path: text,
  }),
  memory_limit: size,
  shutdown_timeout: time,
  workers: { type: 'integer', minimum: 1, maximum: 64 },
});
