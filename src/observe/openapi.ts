// The admin API's description, OpenAPI 3.1, served at /api/openapi.json; every answer is tested against it.
import { apiSchemas } from './openapiSchemas.js';
import { packageVersion } from './packageRoot.js';

const json = (schema: object): object => ({ 'application/json': { schema } });
const ref = (name: keyof typeof apiSchemas): object => ({ $ref: `#/components/schemas/${name}` });
const answer = (description: string, content?: object): object => ({
  description,
  ...(content ? { content } : {}),
});
const problem = (description: string): object => answer(description, json(ref('Problem')));

const refusals = {
  '401': problem('A token is asked for, and none or another was given.'),
  '403': problem('On loopback: the Host header is a foreign name (DNS rebinding).'),
  '405': problem('Another method than GET or HEAD.'),
};
const { 401: _none, ...withoutToken } = refusals;

const parameter = (
  where: 'query' | 'path' | 'header',
  name: string,
  schema: object,
  description: string,
): object => ({
  name,
  in: where,
  required: where === 'path',
  schema,
  description,
});
const get = (
  operationId: string,
  summary: string,
  answers: object,
  parameters: readonly object[] = [],
): object => ({
  get: { operationId, summary, parameters, responses: { ...answers, ...refusals } },
});

export function openApi(): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'fluent-detect admin API',
      version: packageVersion,
      description:
        'What a running stage tells about itself. It only reads. Off by default: --admin HOST:PORT.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{}, { token: [] }],
    paths: {
      '/': get('console', 'The console; without the token as 401, it asks for it.', {
        '200': answer('The page.', { 'text/html': { schema: { type: 'string' } } }),
      }),
      '/healthz': {
        get: {
          operationId: 'health',
          summary: 'The program is alive. Never asks for a token.',
          security: [],
          responses: { '200': answer('It is.', json(ref('Health'))), ...withoutToken },
        },
      },
      '/readyz': get('readiness', 'Whether events are taken and can go on.', {
        '200': answer('Every check holds.', json(ref('Readiness'))),
        '503': answer('One does not; its reason says why.', json(ref('Readiness'))),
      }),
      '/metrics': get('metrics', "Prometheus' text format.", {
        '200': answer('The metrics.', { 'text/plain': { schema: { type: 'string' } } }),
      }),
      '/api/openapi.json': get('description', 'This description.', {
        '200': answer('OpenAPI 3.1.', json({ type: 'object' })),
      }),
      '/api/status': get('status', 'The numbers of the moment.', {
        '200': answer('Them.', json(ref('Status'))),
      }),
      '/api/history': get('history', 'The last five minutes, a sample every two seconds.', {
        '200': answer('The oldest first.', json(ref('History'))),
      }),
      '/api/rules': get('rules', 'Every rule that was read: state, hits, cost, last error.', {
        '200': answer('In the order of the rule set, those that do not run last.', json(ref('Rules'))),
      }),
      '/api/fields': get('fields', 'Fields that rules read, and whether any event so far had them.', {
        '200': answer('One for each field.', json(ref('Fields'))),
      }),
      '/api/alerts': get(
        'alerts',
        'Alerts since the start, at most the last 1000 and 16 MiB of them. The oldest first.',
        {
          '200': answer('A page of them.', json(ref('Alerts'))),
          '400': problem('A parameter makes no sense.'),
        },
        [
          parameter(
            'query',
            'since',
            { type: 'string' },
            'A sequence number (`next` of the answer before): the first `limit` alerts after it. Or an ISO 8601 time: the first `limit` made after it. Without it: the latest `limit`.',
          ),
          parameter(
            'query',
            'limit',
            { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
            'At most so many.',
          ),
        ],
      ),
      '/api/alerts/{seq}': get(
        'alert',
        'One alert in full: evidence, event, guide.',
        { '200': answer('It.', json(ref('WholeAlert'))), '404': problem('No alert of that number is kept.') },
        [parameter('path', 'seq', { type: 'integer', minimum: 1 }, 'Its sequence number.')],
      ),
      '/api/alerts/stream': get(
        'stream',
        'Alerts as they come, as Server-Sent Events: `event: alert`, `id` the sequence number, `data` an Alert. A comment every 15 s. A reader that leaves 1 MiB unread is dropped.',
        {
          '200': answer('Until either side ends it.', {
            'text/event-stream': { schema: { type: 'string' } },
          }),
          '400': problem('A parameter makes no sense.'),
          '503': problem('16 streams are open already.'),
        },
        [
          parameter('header', 'Last-Event-ID', { type: 'integer', minimum: 0 }, 'Goes on after this one.'),
          parameter(
            'query',
            'since',
            { type: 'integer', minimum: 0 },
            'The same. Without either: new ones only.',
          ),
          parameter('query', 'severity', { enum: ['low', 'medium', 'high', 'critical'] }, 'These and worse.'),
          parameter('query', 'rule', { type: 'string' }, "A rule's id or name."),
          parameter('query', 'record', { type: 'boolean' }, 'With the whole `record` of the alert.'),
        ],
      ),
    },
    components: {
      schemas: apiSchemas,
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'admin.token of the config' },
      },
    },
  };
}
