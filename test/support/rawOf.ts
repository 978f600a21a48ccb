// A raw record that a source would write for what an ECS event says: the source's mapping turned round. It knows how
// the mappings derive what they do not copy.
import type { FieldSource, SourceMapping } from '../../src/fields/mapping.js';
import { snakeCase } from '../../src/fields/snakeCase.js';
import type { Witness } from './witness.js';

type Plain = Record<string, unknown>;
type Values = Witness[string];

/** What a record of the source has in any case, so that it is recognised. */
const bases: Readonly<Record<string, Plain>> = {
  'aws.cloudtrail': { eventSource: 'x.amazonaws.com', eventName: 'X' },
  'okta.system': { eventType: 'x', outcome: { result: 'SKIPPED' }, actor: { id: 'a' } },
  'azure.signinlogs': { category: 'SignInLogs' },
  'azure.auditlogs': { category: 'AuditLogs' },
  'azure.activitylogs': { category: 'Administrative', operationName: 'x' },
  'azure.graphactivitylogs': { category: 'MicrosoftGraphActivityLogs' },
  'azure.aadgraphactivitylogs': { category: 'AzureADGraphActivityLogs' },
  'azure.identity_protection': { category: 'RiskyUsers' },
  'azure.platformlogs': { category: 'x', operationName: 'x', resourceId: '/x' },
};

/** Raw paths and values for a field that the mapping of a dataset derives. */
type Inverse = (values: Values) => Plain;
const resource =
  (make: (value: string) => string): Inverse =>
  ([value]) => ({ resourceId: make(String(value)) });
const inverses: Readonly<Record<string, Readonly<Record<string, Inverse>>>> = {
  'aws.cloudtrail': {
    'event.outcome': ([value]) => (value === 'failure' ? { errorMessage: 'denied' } : {}),
    'aws.cloudtrail.console_login.additional_eventdata.mfa_used': ([value]) => ({
      'additionalEventData.MFAUsed': value === false || value === 'false' ? 'No' : 'Yes',
    }),
  },
  'okta.system': {
    'event.outcome': ([value]) => ({ 'outcome.result': String(value).toUpperCase() }),
    'event.category': () => ({ eventType: 'user.session.start' }),
  },
  'azure.signinlogs': {
    'event.outcome': ([value]) => ({ 'properties.status.errorCode': value === 'failure' ? 50126 : 0 }),
    'azure.signinlogs.properties.authentication_processing_details': ([value]) => ({
      'properties.authenticationProcessingDetails': [{ key: 'Oauth Scope Info', value }],
    }),
  },
  'azure.graphactivitylogs': {
    'url.path': ([value]) => ({ 'properties.requestUri': `https://graph.microsoft.com${value}` }),
    'url.domain': ([value]) => ({ 'properties.requestUri': `https://${value}/x` }),
  },
  'azure.activitylogs': {
    'azure.resource.name': resource((v) => `/subscriptions/s/resourceGroups/g/providers/P/T/${v}`),
    'azure.resource.group': resource((v) => `/subscriptions/s/resourceGroups/${v}/providers/P/T/N`),
  },
};

/** `missing`: the fields that the mapping finds nowhere. */
export function rawOf(
  witness: Witness,
  dataset: string,
  mapping: SourceMapping,
): { raw: Plain; missing: string[] } {
  const raw: Plain = structuredClone(bases[dataset] ?? {});
  const missing: string[] = [];
  for (const [field, values] of Object.entries(witness)) {
    const inverse = inverses[dataset]?.[field];
    if (inverse) for (const [path, value] of Object.entries(inverse(values))) put(raw, path, value);
    else if (!inverted(raw, field, values, mapping)) missing.push(field);
  }
  return { raw, missing };
}

function inverted(raw: Plain, field: string, values: Values, mapping: SourceMapping): boolean {
  const given = mapping.constants[field];
  if (given) return true;
  const source: FieldSource | undefined = mapping.fields[field];
  const path = source?.from[0] ?? pathInTree(field, mapping);
  if (path === undefined) return false;
  // Several fields of one list lie at one path.
  const there = valueAt(raw, path);
  const all = there === undefined ? values : [...(Array.isArray(there) ? there : [there]), ...values];
  put(raw, path, all.length === 1 ? all[0] : all);
  return true;
}

function pathInTree(field: string, mapping: SourceMapping): string | undefined {
  const tree = mapping.trees.find((t) => field.startsWith(`${t.ecs}.`));
  if (!tree) return undefined;
  const below = field.slice(tree.ecs.length + 1);
  const rest = tree.keys === 'snake' ? below.split('.').map(camelCase).join('.') : below;
  return tree.raw === '' ? rest : `${tree.raw}.${rest}`;
}

/** The key as a source in camelCase has it. */
function camelCase(key: string): string {
  const camel = key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return snakeCase(camel) === key ? camel : key;
}

function valueAt(from: Plain, path: string): unknown {
  let at: unknown = from;
  for (const key of path.split('.'))
    at = typeof at === 'object' && at !== null ? (at as Plain)[key] : undefined;
  return at;
}

/** The last key may hold dots of its own only as a claim's URL does. */
function put(into: Plain, path: string, value: unknown): void {
  const [head, url] = path.split(/\.(?=https?:)/);
  const keys = [...head!.split('.'), ...(url === undefined ? [] : [url])];
  let at = into;
  for (const key of keys.slice(0, -1)) {
    if (typeof at[key] !== 'object' || at[key] === null) at[key] = {};
    at = at[key] as Plain;
  }
  at[keys.at(-1)!] = value;
}
