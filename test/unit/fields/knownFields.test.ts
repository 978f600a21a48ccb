// What the lint of rules is told of a field.
import { describe, expect, it } from 'vitest';
import { fieldKnowledge } from '../../../src/fields/knownFields.js';
import { sourceMappings } from '../../../src/fields/mappings.js';

const knowledge = fieldKnowledge(sourceMappings, ['my.own']);

describe('a field that a rule reads', () => {
  it.each([
    ['of ECS', 'process.name', [], 'known'],
    ['that a mapping fills', 'aws.cloudtrail.user_identity.arn', ['aws.cloudtrail'], 'known'],
    ['that the config declares', 'my.own', [], 'known'],
    ['that nobody fills', 'beacon_stats.is_beaconing', [], 'unknown'],
    ['that Elastic looks up', 'source.as.number', ['aws.cloudtrail'], 'looked_up'],
    ['that Elastic looks up and the source says itself', 'source.as.number', ['okta.system'], 'known'],
    [
      'that Elastic looks up, in a rule for events of other sources',
      'source.as.number',
      ['endpoint'],
      'known',
    ],
  ] as const)('%s: %s of %o is %s', (_, field, datasets, expected) =>
    expect(knowledge(field, datasets)).toBe(expected),
  );
});
