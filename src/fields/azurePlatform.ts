// Any other record of Azure Monitor (a category, a resource, an operation), Kubernetes audit records among them.
// Facts: elastic/integrations, azure/data_stream/platformlogs.
import { commonFields, constantsOf } from './azureCommon.js';
import { outcomeOfResult } from './derive.js';
import type { Clue, SourceMapping } from './mapping.js';

const A = 'azure.platformlogs';

export const azurePlatform: SourceMapping = {
  name: 'azure.platformlogs (Azure Monitor record)',
  when: ['category', 'Category'].map((path): readonly Clue[] => [
    { path, exists: true },
    { path: 'resourceId', exists: true },
    { path: 'operationName', exists: true },
  ]),
  constants: constantsOf(A),
  fields: {
    ...commonFields,
    'event.outcome': { from: ['resultType', 'properties.result', 'Status'], as: outcomeOfResult },
    'cloud.region': { from: ['Region'] },
    'geo.name': { from: ['location'] },
    [`${A}.category`]: { from: ['category', 'Category'] },
    [`${A}.properties.status_code`]: { from: ['properties.statusCode'] },
  },
  // What a service writes keeps its keys (Kubernetes audit records, `log` being text); some have snake_case names too.
  trees: [
    { ecs: `${A}.properties`, raw: 'properties', keys: 'as_is' },
    { ecs: `${A}.identity`, raw: 'identity', keys: 'as_is' },
    { ecs: A, raw: '', keys: 'as_is' },
    { ecs: A, raw: '', keys: 'snake' },
  ],
  jsonText: ['properties', 'properties.log'],
};
