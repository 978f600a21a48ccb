// Captured records of Azure Monitor against what Elastic's pipelines made of them, field by field. The folder with the
// pairs (raw-NAME.ndjson, expected-NAME.ndjson) is named by AZURE_DATA; the records stay out of this repository.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ecsFields } from '../../../src/fields/ecsFields.js';
import { sourceMappings } from '../../../src/fields/mappings.js';
import { mappedValues, recognise } from '../../../src/fields/view.js';

type Json = Readonly<Record<string, unknown>>;

/** Words that are categories of any log: without anything else of Azure's a record is not read as one of its. */
const commonWords = ['Security', 'Alert', 'Policy'];

/** Where the mapping has another reading than Elastic's, and why. */
const differences: readonly {
  readonly because: string;
  readonly is: (name: string, field: string) => boolean;
}[] = [
  {
    because: 'a sign-in that came through the activity stream is read as the sign-in that it is',
    is: (name, field) => name === 'activitylogs-identity' && field.startsWith('azure.activitylogs.'),
  },
  {
    because: 'claims whose names are URLs keep their dots',
    is: (_, field) => field.startsWith('azure.activitylogs.identity.claims.http://schemas_'),
  },
];

const folder = process.env['AZURE_DATA'] ?? '';
const names =
  folder === '' ? [] : readdirSync(folder).flatMap((f) => /^expected-(.+)\.ndjson$/.exec(f)?.[1] ?? []);

describe('captured records of Azure', () => {
  it.skipIf(folder === '')('are in the folder that AZURE_DATA names', () => {
    expect(names).toEqual(expect.arrayContaining(['signinlogs-sample', 'activitylogs-raw']));
    expect(names.filter((name) => !existsSync(join(folder, `raw-${name}.ndjson`)))).toEqual([]);
  });

  for (const name of names) {
    it(`${name} has the fields that Elastic's pipeline gives, every one`, () => {
      const raw = linesOf(`raw-${name}`);
      const expected = linesOf(`expected-${name}`);
      expect(expected).not.toEqual([]);
      for (const [i, ecs] of expected.entries()) {
        const record = raw[i]!;
        if (commonWords.includes(String(record['category'])) && Object.keys(record).length === 1) continue;
        const mapping = recognise(record, sourceMappings)!;
        expect(mapping).not.toBeNull();
        const fields = [...ecsFields(ecs, null)].filter(([f]) => !differences.some((d) => d.is(name, f)));
        const wanted = fields.map(([f, values]) => [f, texts(f, values)]);
        const given = fields.map(([f]) => [f, texts(f, mappedValues(record, mapping, f))]);
        expect(Object.fromEntries(given)).toEqual(Object.fromEntries(wanted));
      }
    });
  }
});

function linesOf(file: string): Json[] {
  const lines = readFileSync(join(folder, `${file}.ndjson`), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Json);
}

/** Newer pipelines drop empty texts, older ones keep them; Elasticsearch's times end at the millisecond. */
function texts(field: string, values: readonly { readonly text: string }[]): string[] {
  const filled = values.map((v) => v.text).filter((text) => text !== '');
  return field === '@timestamp' ? filled.map((text) => new Date(text).toISOString()) : filled.sort();
}
