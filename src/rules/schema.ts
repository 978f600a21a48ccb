// Elastic's rule schema, as far as it decides what we do: required keys, types and ranges. Keys we do not know are
// fine. Source: Kibana's rule_schemas and detection-rules' definitions.
import { Ajv, type ErrorObject } from 'ajv';

const strings = { type: 'array', items: { type: 'string' } };
const severity = { enum: ['low', 'medium', 'high', 'critical'] };
const duration = { type: 'string', pattern: '^\\d+[smhdw]$' };
const attack = {
  type: 'object',
  required: ['id', 'name', 'reference'],
  properties: { id: { type: 'string' }, name: { type: 'string' }, reference: { type: 'string' } },
};

const schema = {
  type: 'object',
  required: ['name', 'description', 'risk_score', 'severity', 'type'],
  properties: {
    rule_id: { type: 'string', minLength: 1 },
    name: { type: 'string', minLength: 1 },
    description: { type: 'string' },
    risk_score: { type: 'number', minimum: 0, maximum: 100 },
    severity,
    type: { type: 'string' },
    language: { type: ['string', 'null'] },
    query: { type: 'string' },
    version: { type: 'integer', minimum: 1 },
    enabled: { type: 'boolean' },
    author: strings,
    license: { type: 'string' },
    references: strings,
    false_positives: strings,
    tags: strings,
    index: strings,
    note: { type: 'string' },
    setup: { type: 'string' },
    from: { type: 'string', pattern: '^now(-\\d+[smhdwMy])?(/[smhdwMy])?$' },
    interval: duration,
    max_signals: { type: 'integer', minimum: 1 },
    building_block_type: { type: 'string' },
    rule_name_override: { type: 'string' },
    timestamp_override: { type: 'string' },
    severity_mapping: {
      type: 'array',
      items: {
        type: 'object',
        required: ['field', 'value', 'severity'],
        properties: { field: { type: 'string' }, value: { type: 'string' }, severity },
      },
    },
    risk_score_mapping: {
      type: 'array',
      items: { type: 'object', required: ['field'], properties: { field: { type: 'string' } } },
    },
    filters: { type: 'array', items: { type: 'object' } },
    threat: {
      type: 'array',
      items: {
        type: 'object',
        required: ['framework', 'tactic'],
        properties: {
          framework: { type: 'string' },
          tactic: attack,
          technique: {
            type: 'array',
            items: {
              ...attack,
              properties: { ...attack.properties, subtechnique: { type: 'array', items: attack } },
            },
          },
        },
      },
    },
    threshold: {
      type: 'object',
      required: ['field', 'value'],
      properties: {
        field: { anyOf: [{ type: 'string' }, strings] },
        value: { type: 'integer', minimum: 1 },
        cardinality: {
          type: 'array',
          items: {
            type: 'object',
            required: ['field', 'value'],
            properties: { field: { type: 'string' }, value: { type: 'integer', minimum: 0 } },
          },
        },
      },
    },
    new_terms_fields: { type: 'array', minItems: 1, maxItems: 3, items: { type: 'string' } },
    history_window_start: { type: 'string', pattern: '^now-\\d+[smhdwMy]$' },
    alert_suppression: {
      type: 'object',
      properties: {
        group_by: { type: 'array', minItems: 1, maxItems: 3, items: { type: 'string' } },
        duration: {
          type: 'object',
          required: ['value', 'unit'],
          properties: { value: { type: 'integer', minimum: 1 }, unit: { enum: ['s', 'm', 'h'] } },
        },
        missing_fields_strategy: { enum: ['suppress', 'doNotSuppress'] },
      },
    },
  },
  allOf: [
    {
      if: {
        required: ['type', 'alert_suppression'],
        properties: { type: { enum: ['query', 'new_terms'] } },
      },
      // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own keyword
      then: { properties: { alert_suppression: { type: 'object', required: ['group_by'] } } },
    },
    {
      if: { required: ['type', 'alert_suppression'], properties: { type: { const: 'threshold' } } },
      // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own keyword
      then: { properties: { alert_suppression: { type: 'object', required: ['duration'] } } },
    },
    {
      if: { required: ['type'], properties: { type: { const: 'threshold' } } },
      // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own keyword
      then: { required: ['query', 'threshold'] },
    },
    {
      if: { required: ['type'], properties: { type: { const: 'new_terms' } } },
      // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own keyword
      then: { required: ['query', 'new_terms_fields', 'history_window_start'] },
    },
  ],
};

const validate = new Ajv({ allErrors: true, strict: false, verbose: true }).compile(schema);

export interface SchemaProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** All that is wrong with a rule in Kibana's schema; empty: it fits. */
export function schemaProblems(rule: unknown): SchemaProblem[] {
  if (validate(rule)) return [];
  return (validate.errors ?? []).filter((e) => e.keyword !== 'if' && e.keyword !== 'anyOf').map(problemOf);
}

function problemOf(error: ErrorObject): SchemaProblem {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step.replaceAll('~1', '/').replaceAll('~0', '~')));
  const name = path.length === 0 ? 'the rule' : path.join('.');
  switch (error.keyword) {
    case 'required':
      return { path, message: `${name} has no ${String(error.params['missingProperty'])}` };
    case 'enum': {
      const allowed = (error.params['allowedValues'] as unknown[]).join(', ');
      return { path, message: `${name} is ${JSON.stringify(error.data)}; it can be ${allowed}` };
    }
    case 'type':
      return { path, message: `${name} must be ${String(error.params['type']).replaceAll(',', ' or ')}` };
    case 'pattern':
      return { path, message: `${name} is ${JSON.stringify(error.data)}; ${patternHint(path)}` };
    default:
      return { path, message: `${name} ${error.message ?? 'is wrong'}` };
  }
}

function patternHint(path: readonly (string | number)[]): string {
  if (path[0] === 'interval') return 'an interval is written like 5m (s, m, h, d or w)';
  if (path[0] === 'from') return 'a look-back is written like now-9m';
  return 'it is written like now-7d';
}
