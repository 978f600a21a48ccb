// Entra audit records as Azure Monitor carries them. Facts: elastic/integrations, azure/data_stream/auditlogs.
import { commonFields, constantsOf, ofCategory } from './azureCommon.js';
import { addressOf, outcomeOfResult, valueAt } from './derive.js';
import type { FieldSource, SourceMapping } from './mapping.js';

const A = 'azure.auditlogs';
const targetKeys = {
  id: 'id',
  type: 'type',
  display_name: 'displayName',
  user_principal_name: 'userPrincipalName',
  ip_address: 'ipAddress',
};
const changeKeys = { new_value: 'newValue', old_value: 'oldValue', display_name: 'displayName' };

/** How many targets, and changes of each, have fields of their own. */
const TARGETS = 5;
const CHANGES = 10;

/**
 * Elastic's pipeline makes a map of the lists of targets and of their changes (`target_resources.0.modified_properties.1`).
 * `any`: every place of a list is looked at, whatever its number; `exact`: only the numbered one.
 * @param list where the record keeps the targets.
 */
export function targetFields(list: string, places: 'any' | 'exact'): SourceMapping['fields'] {
  const fields: Record<string, FieldSource> = {};
  const source = (keys: readonly string[], numbers: readonly (string | number)[]): FieldSource =>
    places === 'any'
      ? { from: [[list, ...keys].join('.')] }
      : { from: [list], whole: (value) => valueAt(value, numbers) };
  for (let t = 0; t < TARGETS; t += 1) {
    const ecs = `${A}.properties.target_resources.${t}`;
    for (const [name, raw] of Object.entries(targetKeys)) fields[`${ecs}.${name}`] = source([raw], [t, raw]);
    for (let c = 0; c < CHANGES; c += 1)
      for (const [name, raw] of Object.entries(changeKeys))
        fields[`${ecs}.modified_properties.${c}.${name}`] = source(
          ['modifiedProperties', raw],
          [t, 'modifiedProperties', c, raw],
        );
  }
  return fields;
}

const address: FieldSource = {
  from: ['properties.initiatedBy.user.ipAddress', 'callerIpAddress', 'CallerIpAddress'],
  as: addressOf,
};

export const azureAudit: SourceMapping = {
  name: 'azure.auditlogs (Azure Monitor record)',
  when: ofCategory({ oneOf: ['AuditLogs'] }),
  constants: constantsOf(A),
  fields: {
    ...commonFields,
    'event.outcome': { from: ['properties.result', 'resultType'], as: outcomeOfResult },
    'event.id': { from: ['properties.id'] },
    'user.name': { from: ['properties.initiatedBy.user.userPrincipalName'] },
    'user.id': { from: ['properties.initiatedBy.user.id'] },
    'source.ip': address,
    'source.address': address,
    'client.ip': address,
    'related.ip': address,
    [`${A}.properties.activity_datetime`]: { from: ['properties.activityDateTime'] },
    [`${A}.properties.userAgent`]: { from: ['properties.userAgent'] },
    'user_agent.original': { from: ['properties.userAgent'] },
    [`${A}.properties.initiated_by.user.user_principal_name`]: {
      from: ['properties.initiatedBy.user.userPrincipalName'],
    },
    ...targetFields('properties.targetResources', 'any'),
  },
  trees: [
    // Below initiated_by Elastic keeps the keys as they are.
    { ecs: `${A}.properties.initiated_by`, raw: 'properties.initiatedBy', keys: 'as_is' },
    { ecs: A, raw: '', keys: 'snake' },
  ],
  elasticFields: targetFields('properties.targetResources', 'exact'),
  jsonText: ['properties'],
};
