// Azure activity records as Azure Monitor carries them. Facts: elastic/integrations, azure/data_stream/activitylogs,
// default pipeline: a fixed list of renames; everything else keeps its camelCase.
import { commonFields, constantsOf, ofCommonCategory } from './azureCommon.js';
import { emailOf, firstFilled, lastSegment, outcomeOfResult } from './derive.js';
import type { FieldSource, RawValue, SourceMapping } from './mapping.js';

const categories = ['Administrative', 'ServiceHealth', 'Recommendation', 'Autoscale', 'ResourceHealth'];
/** Words of any log; the last three are of records before 2018-11, and of some services since. */
const commonCategories = ['Security', 'Alert', 'Policy', 'Write', 'Delete', 'Action'];

const A = 'azure.activitylogs';
const claim = (name: string): string =>
  `identity.claims.http://schemas.xmlsoap.org/ws/2005/05/identity/claims/${name}`;
/** The claim that holds who did it. */
const nameClaim = claim('name');
const operation = ['operationName', 'OperationName'];
const resultType = ['resultType', 'ResultType'];

export const azureActivity: SourceMapping = {
  name: 'azure.activitylogs (Azure Monitor record)',
  when: [
    [{ path: 'category', oneOf: categories }],
    ...ofCommonCategory([...categories, ...commonCategories]),
  ],
  constants: constantsOf(A),
  fields: {
    ...commonFields,
    'event.outcome': { from: [...resultType, 'properties.result'], as: outcomeOfResult },
    'event.type': { from: ['category', 'Category', ...operation], as: typeOfOperation },
    message: { from: ['properties.statusMessage'] },
    'log.level': { from: ['level', 'Level'], as: levelName },
    'geo.name': { from: ['location'] },
    'user.name': {
      from: [nameClaim, 'identity.claims_initiated_by_user.name', 'identity.claims.upn'],
      as: firstFilled,
    },
    'user.full_name': { from: ['identity.claims.name'] },
    'user.email': { from: [nameClaim, 'identity.claims.upn'], as: firstEmail },
    [`${A}.identity_name`]: { from: ['identity'] },
    [`${A}.identity.claims_initiated_by_user.name`]: {
      from: [nameClaim, 'identity.claims_initiated_by_user.name'],
      as: firstFilled,
    },
    [`${A}.identity.claims_initiated_by_user.surname`]: { from: [claim('surname')] },
    [`${A}.identity.claims_initiated_by_user.givenname`]: { from: [claim('givenname')] },
    [`${A}.identity.claims_initiated_by_user.fullname`]: { from: ['identity.claims.name'] },
    [`${A}.result_type`]: { from: resultType },
    [`${A}.operation_name`]: { from: operation },
    [`${A}.operation_version`]: { from: ['operationVersion'] },
    [`${A}.result_signature`]: { from: ['resultSignature'] },
    [`${A}.tenant_id`]: { from: ['tenantId'] },
    [`${A}.category`]: { from: ['category', 'Category'] },
    [`${A}.event_category`]: { from: ['properties.eventCategory', 'properties.policies'], as: eventCategory },
    ...activityProperties(['properties']),
    ...evidenceFields(['identity.authorization']),
  },
  trees: [{ ecs: A, raw: '', keys: 'as_is' }],
  elasticFields: {
    'event.type': { from: ['category', 'Category'], as: typeOfOperation },
    [`${A}.properties.authentication_protocol`]: { from: ['properties.authentication_protocol'] },
  },
  jsonText: ['properties', 'identity', 'properties.requestbody'],
};

/** The keys below `properties` that have another name, wherever the properties lie. */
export function activityProperties(places: readonly string[]): Record<string, FieldSource> {
  const at = (...keys: string[]): FieldSource => ({
    from: places.flatMap((place) => keys.map((key) => `${place}.${key}`)),
  });
  return {
    [`${A}.properties.service_request_id`]: at('serviceRequestId'),
    [`${A}.properties.status_code`]: at('statusCode'),
    [`${A}.properties.status_message`]: at('statusMessage'),
    // Elastic's pipeline leaves the key in camelCase, where the rule does not look; this mapping sees what it means.
    [`${A}.properties.authentication_protocol`]: at('authentication_protocol', 'authenticationProtocol'),
  };
}

export function evidenceFields(places: readonly string[]): Record<string, FieldSource> {
  const names = {
    principal_id: 'principalId',
    principal_type: 'principalType',
    role_assignment_id: 'roleAssignmentId',
    role_definition_id: 'roleDefinitionId',
    role_assignment_scope: 'roleAssignmentScope',
  };
  return Object.fromEntries(
    Object.entries(names).map(([name, key]) => [
      `${A}.identity.authorization.evidence.${name}`,
      { from: places.map((place) => `${place}.evidence.${key}`) },
    ]),
  );
}

type Groups = readonly (readonly RawValue[])[];

function firstEmail(groups: Groups): RawValue[] {
  return groups.map((g) => emailOf([g])).find((g) => g.length > 0) ?? [];
}

/** `…/write` and `…/action` change, `…/delete` deletes, `…/read` reads; an older category says the same. */
export function typeOfOperation(groups: Groups): RawValue[] {
  const types: Readonly<Record<string, string>> = {
    write: 'change',
    action: 'change',
    delete: 'deletion',
    read: 'access',
  };
  for (const group of groups) {
    const type = types[lastSegment([group])[0]?.text ?? ''];
    if (type !== undefined) return [{ kind: 'string', text: type }];
  }
  return [];
}

/** Elastic's names for the levels that come as numbers. */
function levelName(groups: Groups): RawValue[] {
  const names = ['', 'Critical', 'Error', 'Warning', 'Informational', 'Verbose'];
  return firstFilled(groups).map((v) => ({ kind: 'string', text: names[Number(v.text)] || v.text }));
}

function eventCategory([own = [], policies = []]: Groups): RawValue[] {
  if (own.length > 0) return [...own];
  return [{ kind: 'string', text: policies.length > 0 ? 'Policy' : 'Administrative' }];
}
