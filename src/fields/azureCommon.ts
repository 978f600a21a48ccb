// What the records of Azure Monitor have in common, whatever their category: how one is recognised by it, and the
// fields that Elastic's azure integration takes from the top of every record.
import { addressOf, firstFilled, nanosOfMillis, timeOf } from './derive.js';
import type { Clue, FieldSource, RawValue, SourceMapping } from './mapping.js';

export const constantsOf = (dataset: string): Record<string, readonly string[]> => ({
  'event.dataset': [dataset],
  'data_stream.dataset': [dataset],
  'data_stream.type': ['logs'],
  'event.module': ['azure'],
  'event.kind': ['event'],
  'cloud.provider': ['azure'],
});

/**
 * Categories that nothing else has. Elastic's router takes `Category` too; a Log Analytics row has that as well, but
 * none of the keys in camelCase.
 */
export function ofCategory(clue: { oneOf: readonly string[] } | { endsWith: string }): SourceMapping['when'] {
  return [
    [{ path: 'category', ...clue }],
    ...['properties', 'operationName', 'time'].map((path): readonly Clue[] => [
      { path: 'Category', ...clue },
      { path, exists: true },
    ]),
  ];
}

/** Categories that are words of any log: the record must have something else of Azure Monitor's. */
export function ofCommonCategory(oneOf: readonly string[]): SourceMapping['when'] {
  const others = [
    'operationName',
    'properties',
    'resourceId',
    'resultType',
    'correlationId',
    'callerIpAddress',
  ];
  return ['category', 'Category'].flatMap((key) =>
    others.map((path): readonly Clue[] => [
      { path: key, oneOf },
      { path, exists: true },
    ]),
  );
}

const resource = ['resourceId', 'ResourceId'];
const caller: FieldSource = { from: ['callerIpAddress', 'CallerIpAddress'], as: addressOf };

export const commonFields: Readonly<Record<string, FieldSource>> = {
  '@timestamp': { from: ['time', 'Time'], as: timeOf },
  'event.action': { from: ['operationName', 'OperationName'] },
  'event.duration': { from: ['durationMs', 'DurationMs', 'properties.durationMs'], as: nanosOfMillis },
  'source.ip': caller,
  'source.address': caller,
  'client.ip': caller,
  'related.ip': caller,
  'log.level': { from: ['level', 'Level'], as: firstFilled },
  'azure.tenant_id': { from: ['tenantId', 'TenantId'] },
  'azure.correlation_id': { from: ['correlationId', 'CorrelationId'] },
  ...resourceFields(resource),
};

/** What Elastic's shared pipeline reads out of a resource id. */
export function resourceFields(from: readonly string[]): Record<string, FieldSource> {
  const part = (name: keyof Resource): FieldSource => ({
    from,
    as: (groups) => {
      const text = resourceOf(firstFilled(groups)[0]?.text ?? '')[name];
      return text === undefined ? [] : [{ kind: 'string', text }];
    },
  });
  return {
    'azure.resource.id': { from },
    'azure.subscription_id': part('subscription'),
    'azure.resource.group': part('group'),
    'azure.resource.provider': part('provider'),
    'azure.resource.name': part('name'),
    'azure.resource.namespace': part('namespace'),
    'azure.resource.authorization_rule': part('rule'),
  };
}

interface Resource {
  readonly subscription?: string | undefined;
  readonly group?: string | undefined;
  readonly provider?: string | undefined;
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  readonly rule?: string | undefined;
}

/** `/subscriptions/S/resourceGroups/G/providers/P/TYPE/NAME…`, in any case. */
function resourceOf(id: string): Resource {
  const m = /^(?:\/subscriptions\/([^/]+)(?:\/resourcegroups\/([^/]+))?|.*?)(?:\/providers\/(.+))?$/i.exec(
    id,
  );
  const [, subscription, group, rest] = m ?? [];
  if (rest === undefined) return { subscription, group };
  const rule = /^([^/]+)\/namespaces\/([^/]+)\/authorizationrules\/(.+)$/i.exec(rest);
  if (rule && group) return { subscription, group, provider: rule[1], namespace: rule[2], rule: rule[3] };
  const named = /^([^/]+\/[^/]+)\/(.+)$/.exec(rest);
  return named
    ? { subscription, group, provider: named[1], name: named[2] }
    : { subscription, group, provider: rest };
}

/** Of a list of texts: their words, as `roles` and `scopes` are written. */
export function wordsOf(groups: readonly (readonly RawValue[])[]): RawValue[] {
  return firstFilled(groups).flatMap((v) =>
    v.text
      .split(' ')
      .filter((word) => word !== '')
      .map((text): RawValue => ({ kind: 'string', text })),
  );
}
