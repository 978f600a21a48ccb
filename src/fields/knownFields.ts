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

const lookedUp = /^(source|client|destination)\.(as|geo)\.|^user_agent\.(name|version|os|device)(\.|$)/;

/** `looked_up`: Elastic's pipeline adds the field by a lookup, and no mapping of the datasets has it. */
export function fieldKnowledge(
  mappings: readonly SourceMapping[],
  declared: readonly string[],
): (field: string, datasets: readonly string[]) => 'known' | 'unknown' | 'looked_up' {
  const exact = new Set([
    ...declared,
    ...mappings.flatMap((m) => [...Object.keys(m.constants), ...Object.keys(m.fields)]),
  ]);
  const trees = mappings.flatMap((m) => m.trees.map((t) => `${t.ecs}.`));
  return (field, datasets) => {
    const read = mappings.filter((m) => datasets.some((d) => m.constants['event.dataset']?.includes(d)));
    if (read.length > 0 && lookedUp.test(field) && !read.some((m) => Object.hasOwn(m.fields, field)))
      return 'looked_up';
    const isKnown =
      field.includes('*') ||
      exact.has(field) ||
      fieldSets.has(field.split('.')[0]!) ||
      trees.some((tree) => field.startsWith(tree));
    return isKnown ? 'known' : 'unknown';
  };
}
