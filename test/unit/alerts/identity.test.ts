// Which event an alert is about: the same event before and after a stage has tagged it, and no other.
import { describe, expect, it } from 'vitest';
import { recordContent } from '../../../src/alerts/alertRecord.js';
import { type Encodable, encode } from '../../../src/msgpack/encode.js';
import { tagMsgpack } from '../../../src/tag/msgpackTags.js';
import { makeMatch } from '../../support/makeRule.js';

type Plain = { [key: string]: Encodable };
const content = (record: Plain): string => recordContent(encode(record), 0);
const tagged = (record: Plain): string => {
  const bytes = encode(record);
  return recordContent(Buffer.concat(tagMsgpack(bytes, 0, bytes.length, [makeMatch()]) ?? [bytes]), 0);
};

describe('the content that tells one event from another', () => {
  it.each<Plain>([
    { a: 1, nested: { b: [1, 2] } },
    { event: { outcome: 'success' } },
    { 'event.outcome': 'success', a: 1 },
    { detection: { own: 1 }, a: 1 },
    { detection: 'own' },
  ])('of %j is the same before and after a stage', (record) => expect(tagged(record)).toBe(content(record)));

  it.each<[Plain, Plain]>([
    [{ detection: { own: 1 } }, { detection: { own: 2 } }],
    [
      { detection: 1, fluent_detect: 2 },
      { detection: 1, fluent_detect: 3 },
    ],
    [{ detection: { rules: ['own'] } }, { detection: { rules: ['other'] } }],
    [
      { 'detection.rules': ['own'], a: 1 },
      { 'detection.rules': ['other'], a: 1 },
    ],
    [
      { detection: 1, rule: { id: 'a' } },
      { detection: 1, rule: { id: 'b' } },
    ],
  ])('of %j is not that of %j: what the source itself calls so is its own', (a, b) => {
    expect(content(a)).not.toBe(content(b));
  });
});
