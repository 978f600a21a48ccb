// Captured records of Azure Monitor against what Elastic's pipelines made of them. The folder with the pairs
// (raw-NAME.ndjson, expected-NAME.ndjson) is named by AZURE_DATA; the records stay out of this repository.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sourceMappings } from '../../../src/fields/mappings.js';
import { rawValues } from '../../../src/fields/rawValues.js';
import { mappedValues, recognise } from '../../../src/fields/view.js';

type Json = Readonly<Record<string, unknown>>;

const common = [
  'event.action',
  'event.id',
  'event.kind',
  'event.outcome',
  'event.type',
  'azure.correlation_id',
  'azure.resource.id',
];
const signIn = [
  'event.category',
  'azure.tenant_id',
  ...['caller_ip_address', 'category', 'identity', 'operation_name', 'operation_version'].map(inSignIn),
  ...['result_description', 'result_signature', 'result_type'].map(inSignIn),
  ...['app_display_name', 'app_id', 'authentication_protocol', 'client_app_used'].map(inProperties),
  ...['conditional_access_audiences.application_id', 'conditional_access_status'].map(inProperties),
  ...['authentication_details.authentication_method', 'correlation_id', 'created_at'].map(inProperties),
  ...['device_detail.browser', 'device_detail.operating_system', 'home_tenant_id', 'id'].map(inProperties),
  ...['is_interactive', 'original_transfer_method', 'processing_time_ms', 'resource_id'].map(inProperties),
  ...['risk_event_types_v2', 'risk_level_during_signin', 'service_principal_id'].map(inProperties),
  ...['status.error_code', 'unique_token_identifier', 'user_principal_name'].map(inProperties),
];
const evidence = ['principal_id', 'principal_type', 'role_assignment_id', 'role_assignment_scope', 'role'];
const activity = [
  ...['operation_name', 'result_type', 'result_signature', 'category'].map((k) => `azure.activitylogs.${k}`),
  ...evidence.map((k) => `azure.activitylogs.identity.authorization.evidence.${k}`),
];
/** Fields that the expected files, cut down to event.* and azure.*, hold only under another name. */
const elsewhere: Readonly<Record<string, string>> = {
  'user.id': 'azure.signinlogs.properties.user_id',
  'user.name': 'azure.signinlogs.properties.user_principal_name',
  'user.full_name': 'azure.signinlogs.properties.user_display_name',
};

interface Exception {
  readonly because: string;
  /** What is compared; none: all. */
  readonly fields?: readonly string[];
  /** What the capture left out of the record. */
  readonly add?: Json;
  readonly recognised?: false;
}
const exceptions: Readonly<Record<string, Exception>> = {
  'router-categories': {
    because: 'the category decides the dataset, once the record has an operation and properties',
    fields: ['event.dataset', 'event.kind'],
    add: { operationName: 'Sign-in activity', properties: { id: 'sign-in-1' } },
  },
  'invalid-time': {
    because: 'a record without properties is not read as a sign-in',
    recognised: false,
  },
  'activitylogs-identity': {
    because: 'a sign-in that came through the activity stream has what both streams name alike',
    fields: ['event.action', 'event.kind', 'azure.correlation_id', 'azure.resource.id'],
  },
};

const folder = process.env['AZURE_DATA'] ?? '';
const names =
  folder === '' ? [] : readdirSync(folder).flatMap((f) => /^expected-(.+)\.ndjson$/.exec(f)?.[1] ?? []);

describe('captured records of Azure', () => {
  it.skipIf(folder === '')('are in the folder that AZURE_DATA names', () => {
    expect(names).toEqual(expect.arrayContaining(Object.keys(exceptions)));
    expect(names.filter((name) => !existsSync(join(folder, `raw-${name}.ndjson`)))).toEqual([]);
  });

  for (const name of names) {
    const { because, fields, add, recognised } = exceptions[name] ?? {};
    const title = `${name} has the fields that Elastic's pipeline gives`;
    it(because === undefined ? title : `${name}: ${because}`, () => {
      const raw = linesOf(`raw-${name}`);
      const expected = linesOf(`expected-${name}`);
      expect(raw.length).toBeGreaterThanOrEqual(expected.length);
      expect(expected).not.toEqual([]);
      for (const [i, ecs] of expected.entries()) {
        const record = { ...raw[i], ...add };
        const mapping = recognise(record, sourceMappings);
        if (recognised === false) {
          expect(mapping).toBeNull();
          continue;
        }
        const compared = fields ?? fieldsFor(ecs);
        const given = compared.map((f) => [f, mapping && texts(mappedValues(record, mapping, f))]);
        const wanted = compared.map((f) => [f, texts(valuesAt(ecs, elsewhere[f] ?? f))]);
        expect(Object.fromEntries(given)).toEqual(Object.fromEntries(wanted));
      }
    });
  }
});

function inSignIn(key: string): string {
  return `azure.signinlogs.${key}`;
}

function inProperties(key: string): string {
  return `azure.signinlogs.properties.${key}`;
}

function fieldsFor(ecs: Json): readonly string[] {
  const isSignIn = valuesAt(ecs, 'azure.signinlogs.category').length > 0;
  return isSignIn ? [...common, ...signIn, ...Object.keys(elsewhere)] : [...common, ...activity];
}

function linesOf(file: string): Json[] {
  const lines = readFileSync(join(folder, `${file}.ndjson`), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Json);
}

function valuesAt(ecs: Json, field: string) {
  return rawValues(ecs, field, { keys: 'exact', deep: false, jsonText: [] });
}

/** Newer pipelines drop empty texts, older ones keep them: they count as none. */
function texts(values: readonly { readonly text: string }[]): string[] {
  return values.map((v) => v.text).filter((text) => text !== '');
}
