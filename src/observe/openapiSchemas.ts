// The shapes of the admin API's answers, as JSON Schema.

const text = { type: 'string' };
const count = { type: 'integer', minimum: 0 };
const amount = { type: 'number', minimum: 0 };
const bool = { type: 'boolean' };
const time = { type: 'string', format: 'date-time' };
const texts = { type: 'array', items: text };
const orNull = (schema: { readonly type: string }): object => ({ ...schema, type: [schema.type, 'null'] });
const list = (items: object): object => ({ type: 'array', items });
/** An object that has exactly these. */
const exactly = (properties: Readonly<Record<string, object>>): object => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

const alert = {
  seq: { ...count, description: 'Grows with every alert, over restarts of the stage too.' },
  at: { ...time, description: 'When the alert was made.' },
  id: { ...text, description: 'kibana.alert.uuid' },
  time: { ...time, description: "The event's time." },
  tag: { ...text, description: "The alert's tag." },
  rule: { ...text, description: "The rule's name." },
  rule_id: text,
  severity: { enum: ['low', 'medium', 'high', 'critical'] },
  risk_score: { type: 'number', minimum: 0, maximum: 100 },
  user: { ...text, description: "'' when the event names none." },
  source_ip: { ...text, description: "'' when the event names none." },
  attack: { ...texts, description: 'MITRE ATT&CK ids.' },
  reason: { ...text, description: 'kibana.alert.reason' },
};

export const apiSchemas = {
  Problem: exactly({
    error: { ...text, description: 'A code.' },
    message: { ...text, description: 'Cause and cure.' },
  }),
  Health: exactly({ status: { const: 'ok' } }),
  Readiness: exactly({
    status: { enum: ['ready', 'not_ready'] },
    checks: list(
      exactly({ name: { enum: ['rules', 'listening', 'output', 'spool'] }, ok: bool, reason: text }),
    ),
  }),
  Status: exactly({
    version: text,
    started_at: time,
    uptime_seconds: amount,
    events_in: count,
    events_out: { ...count, description: 'Confirmed by the output.' },
    matches: count,
    alerts: count,
    connections: count,
    held_bytes: { ...count, description: 'Accepted and not yet confirmed.' },
    held_chunks: count,
    held_limit: { ...count, description: 'held_bytes past which reading stops.' },
    spooled_alerts: { ...count, description: 'On disk, waiting for a sink.' },
    spool_bytes: count,
    spool_limit: count,
    sinks: { ...texts, description: 'Every alert sink.' },
    failing_sinks: texts,
    output: text,
    output_ready: bool,
    rule_set: { ...text, description: 'Its hash.' },
    rules: { ...count, description: 'In force.' },
    rules_quarantined: { ...count, description: 'Of these, left out because they failed.' },
    load_errors: { ...texts, description: 'What kept the last reload from coming into force.' },
  }),
  History: exactly({
    interval_seconds: amount,
    samples: list(
      exactly({
        at: time,
        in: { ...amount, description: 'Events a second.' },
        out: { ...amount, description: 'Events a second.' },
        alerts: { ...amount, description: 'Alerts a second.' },
        connections: count,
        held_bytes: count,
        spool_bytes: count,
        latency_ms: { ...orNull(amount), description: 'Accepted to acked, mean; null: no chunk was acked.' },
        latency_max_ms: orNull(amount),
      }),
    ),
  }),
  Rules: exactly({
    load_errors: texts,
    rules: list(
      exactly({
        id: text,
        name: text,
        version: orNull({ type: 'integer' }),
        severity: orNull(text),
        risk_score: orNull({ type: 'number' }),
        type: text,
        state: { enum: ['active', 'quarantined', 'disabled', 'unsupported'] },
        error: { ...orNull(text), description: 'Why it does not run.' },
        attack: texts,
        matches: count,
        alerts: count,
        last_match: orNull(time),
        cost: exactly({
          candidates: { ...count, description: 'Events for which the rule was evaluated at all.' },
          ns_per_candidate: { ...orNull(amount), description: 'What one of these took.' },
          ns_per_event: { ...orNull(amount), description: 'What the rule costs every event.' },
        }),
        file: text,
        line: { type: 'integer', minimum: 0 },
      }),
    ),
  }),
  Fields: exactly({ fields: list(exactly({ field: text, seen: bool, rules: count })) }),
  Alert: exactly(alert),
  Alerts: exactly({
    next: { ...count, description: '`since` of the next question.' },
    kept: { ...count, description: 'The oldest number that is kept; 0: none is.' },
    alerts: list({ $ref: '#/components/schemas/Alert' }),
  }),
  WholeAlert: exactly({
    ...alert,
    evidence: list(exactly({ field: text, values: texts })),
    query: { ...orNull(text), description: 'null: the rule is not in force any more.' },
    description: orNull(text),
    guide: { ...orNull(text), description: "The rule's note: Markdown." },
    references: texts,
    false_positives: texts,
    record: { type: 'object', description: "The alert's record, as the sinks get it." },
  }),
};
