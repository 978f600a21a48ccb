// Whether anything that we know of fills a field: ECS (by its field sets), a source mapping, or the config's types. For
// the lint of rules: a field that nobody fills makes a rule that never fires.
import type { SourceMapping } from './mapping.js';

/** The field sets of ECS 9, and the fields that it has at the top. https://www.elastic.co/guide/en/ecs */
const fieldSets = new Set([
  '@timestamp',
  'agent',
  'as',
  'client',
  'cloud',
  'container',
  'data_stream',
  'destination',
  'device',
  'dll',
  'dns',
  'ecs',
  'email',
  'entity',
  'error',
  'event',
  'faas',
  'file',
  'gen_ai',
  'geo',
  'group',
  'hash',
  'host',
  'http',
  'interface',
  'kibana',
  'labels',
  'log',
  'message',
  'network',
  'observer',
  'orchestrator',
  'organization',
  'os',
  'package',
  'pe',
  'process',
  'registry',
  'related',
  'risk',
  'rule',
  'server',
  'service',
  'source',
  'span',
  'tags',
  'target',
  'threat',
  'tls',
  'trace',
  'transaction',
  'url',
  'user',
  'user_agent',
  'vlan',
  'volume',
  'vulnerability',
  'winlog',
  'x509',
]);

export function fieldKnowledge(
  mappings: readonly SourceMapping[],
  declared: readonly string[],
): (field: string) => boolean {
  const exact = new Set([
    ...declared,
    ...mappings.flatMap((m) => [...Object.keys(m.constants), ...Object.keys(m.fields)]),
  ]);
  const trees = mappings.flatMap((m) => m.trees.map((t) => `${t.ecs}.`));
  return (field) =>
    field.includes('*') ||
    exact.has(field) ||
    fieldSets.has(field.split('.')[0]!) ||
    trees.some((tree) => field.startsWith(tree));
}
