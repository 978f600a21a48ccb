// The form of a record from bytes against the slow reading of plain values: the same mapping, or none, for both.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Engine } from '../../../src/detect/engine.js';
import { sourceMappings } from '../../../src/fields/mappings.js';
import { recognise } from '../../../src/fields/view.js';
import { type Encodable, encode } from '../../../src/msgpack/encode.js';
import { makeRule, ruleSetOf } from '../../support/makeRule.js';

const engine = new Engine(ruleSetOf(makeRule({ query: '*' })), { mappings: sourceMappings });

const odd = fc.letrec<{ v: unknown }>((tie) => ({
  v: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<unknown>(null, '', 'x', 0, true, [], {}),
    fc.array(tie('v'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'id', 'time'), tie('v'), {
      maxKeys: 2,
      noNullPrototype: true,
    }),
  ),
})).v;
const category = fc.constantFrom<unknown>(
  'SignInLogs',
  'NonInteractiveUserSignInLogs',
  'AuditLogs',
  'Administrative',
  'Action',
  'kube-audit',
  '',
  null,
  ['AuditLogs'],
  {},
);
const keys = [
  ...['properties', 'operationName', 'time', 'resourceId', 'resultType', 'correlationId', 'callerIpAddress'],
  ...['TimeGenerated', 'ResultType', 'AuthenticationProtocol', 'createdDateTime', 'eventSource'],
];
const record = fc.record(
  { category, Category: category, ...Object.fromEntries(keys.map((key) => [key, odd])) },
  { requiredKeys: [], noNullPrototype: true },
);

it('a record is of the form from bytes that it is of from values, whatever it has where a form has something', () => {
  fc.assert(
    fc.property(record, (r) => {
      const bytes = encode(r as Encodable);
      expect(engine.match(bytes, 0, bytes.length, 0)).toBe(bytes.length);
      const own = engine.matches.find((m) => m.path === null);
      expect(own?.view.mapping).toBe(recognise(r, sourceMappings)?.name ?? null);
    }),
    { numRuns: 2000 },
  );
});
