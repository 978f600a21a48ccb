import { describe, expect, it } from 'vitest';
import { redactedValue } from '../../../src/replay/redact.js';
import { type Plain, pack, unpack } from '../../support/wire.js';

const redacted = (record: Plain, ...paths: string[]): unknown => {
  const bytes = Buffer.concat([Buffer.from([0xc0]), pack(record), Buffer.from([0xc0])]);
  const parts = redactedValue(bytes, 1, bytes.length - 1, paths);
  return parts === null ? null : unpack(Buffer.concat(parts));
};
const R = '[redacted]';

describe('fields put out of sight', () => {
  it('are found nested, dotted and mixed, in arrays and envelopes, whatever kind of value they hold', () => {
    expect(redacted({ a: { b: 1, c: 2 }, 'a.b': 'x', d: 3 }, 'a.b')).toEqual({
      a: { b: R, c: 2 },
      'a.b': R,
      d: 3,
    });
    expect(redacted({ records: [{ u: { n: ['x'] } }, { v: 1 }] }, 'records.u.n')).toEqual({
      records: [{ u: { n: R } }, { v: 1 }],
    });
    expect(redacted({ a: { b: { c: 1 } }, 'a.b.d': 2 }, 'a.b')).toEqual({ a: { b: R }, 'a.b.d': R });
  });

  it('leave a record alone that has none of them, and names that only begin alike', () => {
    expect(redacted({ ab: 1, a: { bc: 2 }, b: [] }, 'a.b', 'x')).toBeNull();
  });
});
