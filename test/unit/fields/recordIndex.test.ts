// What is made of a raw record for one place only against the whole of it, and the values of all paths against the
// search for one.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ecsRecord } from '../../../src/fields/ecsRecord.js';
import { sourceMappings } from '../../../src/fields/mappings.js';
import { rawValues } from '../../../src/fields/rawValues.js';
import { RecordIndex } from '../../../src/fields/recordIndex.js';
import { snakeCase } from '../../../src/fields/snakeCase.js';
import { recognise } from '../../../src/fields/view.js';
import { leafValues, objectsAt } from '../../../src/kql/evaluate.js';
import { rawRecords } from '../../support/rawRecords.js';

const key = fc.constantFrom('a', 'b', 'aB', 'a_b', 'a.b', 'properties', 'constructor');
const value = fc.letrec<{ v: unknown }>((tie) => ({
  v: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<unknown>('x', '', 0, true, null, '{"a":[1,{"b":"y"}]}', '"[{\\"aB\\":2}]"', '{'),
    fc.array(tie('v'), { maxLength: 3 }),
    fc.dictionary(key, tie('v'), { maxKeys: 3 }),
  ),
})).v;

it('the values of any path are those that a search for the path finds, however keys are spelled', () => {
  const path = fc.array(key, { minLength: 1, maxLength: 3 }).map((keys) => keys.join('.'));
  fc.assert(
    fc.property(fc.dictionary(key, value), path, (record, at) => {
      const jsonText = ['properties', 'a', 'a.b'];
      const index = new RecordIndex(record, jsonText);
      for (const keys of ['exact', 'snake'] as const) {
        const path = keys === 'snake' ? at.split('.').map(snakeCase).join('.') : at;
        expect(index.values(path, keys)).toEqual(rawValues(record, path, { keys, deep: false, jsonText }));
      }
    }),
    { numRuns: 1000 },
  );
});

it('a record made for one place has there what the whole record has', () => {
  const forms = rawRecords.flatMap((record) => {
    const mapping = recognise(record, sourceMappings);
    return mapping ? [{ record, mapping, whole: ecsRecord(record, mapping) }] : [];
  });
  expect(forms.length).toBeGreaterThan(8);
  for (const { record, mapping, whole } of forms) {
    const leaves = leafValues(whole);
    const places = new Set(leaves.flatMap(({ path }) => [path, path.slice(0, -2), ...prefixesOf(path)]));
    for (const place of ['nowhere', ...places]) {
      const part = ecsRecord(record, mapping, place);
      const there = (all: typeof leaves): typeof leaves => all.filter((l) => l.path.startsWith(place));
      expect(there(leafValues(part))).toEqual(there(leaves));
      expect(objectsAt(part, place)).toEqual(objectsAt(whole, place));
    }
  }
});

function prefixesOf(path: string): string[] {
  const keys = path.split('.');
  return keys.map((_, i) => keys.slice(0, i + 1).join('.'));
}
