import { describe, expect, it } from 'vitest';
import { Engine } from '../../../src/detect/engine.js';
import { Engines } from '../../../src/detect/engines.js';
import { noUserMapping } from '../../../src/fields/userMapping.js';
import type { Rule } from '../../../src/rules/rule.js';
import { tagPattern } from '../../../src/rules/tagPattern.js';
import { makeRule, ruleSetOf } from '../../support/makeRule.js';
import { pack } from '../../support/wire.js';

const rule = (id: string, index: readonly string[]): Rule => makeRule({ id, index, query: 'a : 1' });
const found = (engine: Engine, record: unknown, nowMs = 0): string[] => {
  const bytes = pack(record);
  engine.match(bytes, 0, bytes.length, nowMs);
  return engine.matches.map((m) => m.rule.id).sort();
};

describe('routes', () => {
  const rules = ruleSetOf(
    rule('signin', ['logs-azure.signinlogs-*']),
    rule('both', ['logs-azure.signinlogs-*', 'filebeat-*']),
    rule('none', []),
  );
  const engines = new Engines(
    rules,
    { routes: { 'logs-azure.signinlogs-*': ['azure.signin.**'] }, fieldMapping: noUserMapping },
    { mappings: [] },
  );

  it('keep a rule off events whose tag is none of its index’s', () => {
    expect(found(engines.for('linux.audit'), { a: 1 })).toEqual(['both', 'none']);
  });
  it('try it on events of its tags', () => {
    expect(found(engines.for('azure.signin.tenant1'), { a: 1 })).toEqual(['both', 'none', 'signin']);
  });
  it('share one engine between tags that concern the same rules', () => {
    expect(engines.for('a')).toBe(engines.for('b'));
    expect(engines.for('azure.signin')).not.toBe(engines.for('b'));
  });
  it('of no tags at all take a pattern out: the rule is tried where its others say', () => {
    const none = new Engines(
      rules,
      {
        routes: { 'logs-azure.signinlogs-*': ['azure.signin.**'], 'filebeat-*': [] },
        fieldMapping: noUserMapping,
      },
      { mappings: [] },
    );
    expect(found(none.for('linux.audit'), { a: 1 })).toEqual(['none']);
    expect(found(none.for('azure.signin'), { a: 1 })).toEqual(['both', 'none', 'signin']);
  });
  it('that are empty leave one engine for all tags', () => {
    const whole = new Engines(rules, { routes: {}, fieldMapping: noUserMapping }, { mappings: [] });
    expect(whole.for('x')).toBe(whole.for('azure.signin'));
  });
});

describe('a match pattern means what it means in Fluentd', () => {
  it.each([
    ['a.b', 'a.b', true],
    ['a.b', 'a.bc', false],
    ['a.*', 'a.b', true],
    ['a.*', 'a', false],
    ['a.*', 'a.b.c', false],
    ['a.**', 'a', true],
    ['a.**', 'a.b.c', true],
    ['a.**', 'ab', false],
    ['**', 'anything.at.all', true],
    ['**.c', 'c', true],
    ['**.c', 'a.b.c', true],
    ['a.**.c', 'a.c', true],
    ['a.**.c', 'a.x.y.c', true],
    ['{a,b}.x', 'b.x', true],
    ['{a,b}.x', 'c.x', false],
    ['{a,b.**}', 'b.c.d', true],
    ['a b', 'b', true],
    ['a+b', 'a+b', true],
    ['a+b', 'aab', false],
  ])('%s on %s: %s', (pattern, tag, fits) => {
    expect(tagPattern(pattern)(tag)).toBe(fits);
  });
  it('a brace that is never closed is an error', () => {
    expect(() => tagPattern('{a,b')).toThrow(/never closed/);
  });
});

describe('a rule that fails', () => {
  const broken = (matches: () => boolean): Rule =>
    makeRule({
      id: 'broken',
      predicate: {
        kind: 'leaf',
        text: 'a: x',
        field: { name: 'a', wildcard: false },
        test: { op: 'wildcard', exact: null, matches },
        span: { start: 0, end: 1 },
      },
    });

  it('by throwing is left out at once, and the others go on', () => {
    const told: string[] = [];
    const boom = broken(() => {
      throw new Error('boom');
    });
    const engine = new Engine(ruleSetOf(boom, rule('good', [])), {
      mappings: [],
      onQuarantine: (r) => told.push(r.id),
    });
    expect(found(engine, { a: 1 })).toEqual(['good']);
    expect(found(engine, { a: 1 })).toEqual(['good']);
    expect(told).toEqual(['broken']);
  });

  it('is left out for every tag, and said once', () => {
    const told: string[] = [];
    const boom = broken(() => {
      throw new Error('boom');
    });
    const routed = rule('routed', ['x']);
    const engines = new Engines(
      ruleSetOf(boom, routed, rule('good', [])),
      { routes: { x: ['x.**'] }, fieldMapping: noUserMapping },
      { mappings: [], onQuarantine: (r) => told.push(r.id) },
    );
    for (const tag of ['x.1', 'y', 'x.2', 'y']) found(engines.for(tag), { a: 1 });
    expect(engines.for('x.1')).not.toBe(engines.for('y'));
    expect(found(engines.for('x.1'), { a: 1 })).toEqual(['good', 'routed']);
    expect([told, engines.quarantined.count]).toEqual([['broken'], 1]);
  });

  it('by taking long for large events stays: their sender could switch it off', () => {
    let clock = 0;
    const slow = broken(() => {
      clock += 300;
      return true;
    });
    const engine = new Engine(ruleSetOf(slow), { mappings: [], clock: () => clock });
    const large = { a: 1, text: 'x'.repeat(60_000) };
    for (let n = 0; n < 20; n += 1) expect(found(engine, large)).toEqual(['broken']);
    for (let n = 0; n < 6; n += 1) found(engine, { a: 1 });
    expect(found(engine, { a: 1 })).toEqual([]);
  });

  it('by overrunning its budget now and then over hours stays: the machine was busy', () => {
    let clock = 0;
    const slow = broken(() => {
      clock += 101;
      return true;
    });
    const engine = new Engine(ruleSetOf(slow), { mappings: [], clock: () => clock });
    for (let n = 0; n < 20; n += 1) {
      expect(found(engine, { a: 1 })).toEqual(['broken']);
      clock += 20_000;
    }
  });

  it('by overrunning its budget again and again is left out, and the others go on', () => {
    let clock = 0;
    const told: string[] = [];
    const slow = broken(() => {
      clock += 101;
      return true;
    });
    const engine = new Engine(ruleSetOf(slow, rule('good', [])), {
      mappings: [],
      clock: () => clock,
      onQuarantine: (r, cause) => told.push(`${r.id}: ${(cause as Error).message}`),
    });
    for (let n = 0; n < 4; n += 1) expect(found(engine, { a: 1 })).toContain('good');
    expect(told).toEqual([]);
    for (let n = 0; n < 3; n += 1) found(engine, { a: 1 });
    expect(found(engine, { a: 1 })).toEqual(['good']);
    expect(told).toEqual(['broken: took over 100 ms for an event, 5 times within 60 s']);
  });

  it('by overrunning its budget after many events, all rules timed together, is the one that is left out', () => {
    let clock = 0;
    let takes = 0;
    const told: string[] = [];
    const slow = broken(() => {
      clock += takes;
      return true;
    });
    const engine = new Engine(ruleSetOf(rule('good', []), slow, rule('other', [])), {
      mappings: [],
      clock: () => clock,
      onQuarantine: (r) => told.push(r.id),
    });
    for (let n = 0; n < 300; n += 1) found(engine, { a: 1 });
    takes = 101;
    for (let n = 0; n < 4; n += 1) expect(found(engine, { a: 1 })).toContain('broken');
    expect(told).toEqual([]);
    for (let n = 0; n < 8; n += 1) found(engine, { a: 1 });
    expect(found(engine, { a: 1 })).toEqual(['good', 'other']);
    expect(told).toEqual(['broken']);
    expect(engine.costs().get('good')!.candidates).toBe(313);
  });
});
