import { describe, expect, it } from 'vitest';
import { viewOf } from '../../../src/detect/match.js';
import { evidenceOf } from '../../../src/replay/evidence.js';
import { makeMatch, makeRule } from '../../support/makeRule.js';

const evidence = (query: string, values: Record<string, string[]>): (readonly [string, string | null])[] =>
  evidenceOf(makeMatch(makeRule({ query }), { view: viewOf((f) => values[f] ?? []) })).map(
    (e) => [`${e.field}=${e.values.join()}`, e.condition?.replace(/\s/g, '') ?? null] as const,
  );

describe('the evidence of a match', () => {
  it('is each condition that held with the values that met it, branches that did not hold left out', () => {
    const query = '(a: x and b > 3) or (a: y* and not c: z and d: *)';
    expect(evidence(query, { a: ['y1', 'q'], d: ['1', '2'], b: ['9'] })).toEqual([
      ['a=y1', 'a:y*'],
      ['d=1,2', 'd:*'],
    ]);
    expect(evidence(query, { a: ['x'], b: ['9'], c: ['z'] })).toEqual([
      ['a=x', 'a:x'],
      ['b=9', 'b>3'],
    ]);
  });

  it('says who and where beside it, once', () => {
    expect(evidence('user.name: ada', { 'user.name': ['ada'], 'source.ip': ['203.0.113.9'] })).toEqual([
      ['user.name=ada', 'user.name:ada'],
      ['source.ip=203.0.113.9', null],
    ]);
  });
});
