// Rule set × event over bytes: the same answers as the reference evaluator, whatever the spelling and the form.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Engine } from '../../../src/detect/engine.js';
import { sourceMappings } from '../../../src/fields/mappings.js';
import { evaluate } from '../../../src/kql/evaluate.js';
import { decode } from '../../../src/msgpack/decode.js';
import { type Encodable, encode } from '../../../src/msgpack/encode.js';
import { BROKER, makeRule, ruleSetOf, SEED_ID } from '../../support/makeRule.js';

const NOW = Date.UTC(2026, 10, 20);

function matchesOf(record: Encodable, ...queries: string[]): (string | null)[] {
  const rules = queries.map((query, i) => makeRule({ id: `r${i}`, query }));
  const engine = new Engine(ruleSetOf(...rules), { mappings: sourceMappings });
  const bytes = encode(record);
  expect(engine.match(bytes, 0, bytes.length, NOW)).toBe(bytes.length);
  return engine.matches.map((m) => (m.path === null ? m.rule.id : `${m.rule.id} ${m.path}`));
}

const seed = makeRule();
function seedMatches(record: Encodable): (string | null)[] {
  const engine = new Engine(ruleSetOf(seed), { mappings: sourceMappings });
  const bytes = encode(record);
  expect(engine.match(bytes, 0, bytes.length, NOW)).toBe(bytes.length);
  return engine.matches.map((m) => m.path ?? m.rule.id);
}

const ecs = {
  event: { dataset: 'azure.signinlogs', outcome: 'success' },
  azure: {
    signinlogs: {
      properties: {
        authentication_protocol: 'deviceCode',
        conditional_access_audiences: [{ application_id: 'x' }, { application_id: BROKER }],
      },
    },
  },
};
const raw = {
  time: '2026-11-20T00:00:00Z',
  category: 'SignInLogs',
  properties: {
    id: 'sign-in-1',
    authenticationProtocol: 'deviceCode',
    conditionalAccessAudiences: [{ applicationId: BROKER, audienceReasons: 'none' }],
    status: { errorCode: 0 },
  },
};

describe('the seed rule', () => {
  it('matches an ECS event, nested, dotted or mixed', () => {
    expect(seedMatches(ecs)).toEqual([SEED_ID]);
    const p = 'azure.signinlogs.properties';
    const dotted = {
      'event.dataset': 'azure.signinlogs',
      'event.outcome': 'success',
      [`${p}.authentication_protocol`]: 'deviceCode',
      [`${p}.conditional_access_audiences.application_id`]: BROKER,
    };
    expect(seedMatches(dotted)).toEqual([SEED_ID]);
    expect(seedMatches({ ...ecs, azure: undefined as never, [p]: ecs.azure.signinlogs.properties })).toEqual([
      SEED_ID,
    ]);
  });

  it('matches the second branch whatever the dataset and the outcome', () => {
    const properties = { appId: BROKER, authentication_protocol: 'deviceCode' };
    expect(seedMatches({ azure: { activitylogs: { properties } } })).toEqual([SEED_ID]);
  });

  it('does not match a failure, another protocol, another audience', () => {
    expect(seedMatches({ ...ecs, event: { ...ecs.event, outcome: 'failure' } })).toEqual([]);
    const properties = {
      authentication_protocol: 'none',
      conditional_access_audiences: [{ application_id: BROKER }],
    };
    expect(seedMatches({ ...ecs, azure: { signinlogs: { properties } } })).toEqual([]);
    const other = {
      authentication_protocol: 'deviceCode',
      conditional_access_audiences: [{ application_id: 'x' }],
    };
    expect(seedMatches({ ...ecs, azure: { signinlogs: { properties: other } } })).toEqual([]);
  });

  it('matches a raw Azure Monitor record, audiences as objects, one object or plain strings', () => {
    expect(seedMatches(raw)).toEqual([SEED_ID]);
    for (const audiences of [{ applicationId: BROKER }, [BROKER], BROKER]) {
      const properties = { ...raw.properties, conditionalAccessAudiences: audiences };
      expect(seedMatches({ ...raw, properties })).toEqual([SEED_ID]);
    }
  });

  it('reads the outcome of a raw record from its error code: none is success', () => {
    const { status: _, ...noStatus } = raw.properties;
    expect(seedMatches({ ...raw, properties: noStatus })).toEqual([SEED_ID]);
    for (const errorCode of [50126, '50126']) {
      expect(seedMatches({ ...raw, properties: { ...raw.properties, status: { errorCode } } })).toEqual([]);
    }
  });

  it('judges each record of an envelope by itself and says which matched', () => {
    const miss = { ...raw, properties: { ...raw.properties, authenticationProtocol: 'none' } };
    expect(seedMatches({ records: [miss, raw, miss, raw] })).toEqual(['records[1]', 'records[3]']);
    const half = { category: 'SignInLogs', properties: { authenticationProtocol: 'deviceCode' } };
    const otherHalf = { category: 'SignInLogs', properties: { conditionalAccessAudiences: [BROKER] } };
    expect(seedMatches({ records: [half, otherHalf] })).toEqual([]);
  });

  it('looks into JSON text under message, log and payload', () => {
    const text = JSON.stringify(raw);
    expect(seedMatches({ message: `${text}\n` })).toEqual(['message']);
    expect(seedMatches({ log: text })).toEqual(['log']);
    expect(seedMatches({ payload: JSON.stringify({ records: [{}, raw] }) })).toEqual(['payload.records[1]']);
    expect(seedMatches({ payload: { records: [{}, raw] } })).toEqual(['payload.records[1]']);
    expect(seedMatches({ message: JSON.stringify([{}, raw]) })).toEqual(['message[1]']);
    expect(seedMatches({ message: text.slice(0, -1) })).toEqual([]);
    expect(seedMatches({ message: text, event: { dataset: 'azure.events' } })).toEqual(['message']);
  });

  it('matches a Log Analytics row, whose columns hold JSON text', () => {
    const row = {
      Type: 'SigninLogs',
      ResultType: '0',
      AuthenticationProtocol: 'deviceCode',
      ConditionalAccessAudiences: JSON.stringify([{ applicationId: BROKER }]),
    };
    expect(seedMatches(row)).toEqual([SEED_ID]);
    expect(seedMatches({ ...row, ResultType: '50126' })).toEqual([]);
    expect(seedMatches({ ...row, ConditionalAccessAudiences: JSON.stringify([BROKER]) })).toEqual([SEED_ID]);
  });

  it('matches a Graph row and a page of them', () => {
    const row = { createdDateTime: '2026-11-20', appId: 'a', ...raw.properties };
    expect(seedMatches(row)).toEqual([SEED_ID]);
    expect(seedMatches({ value: [row] })).toEqual(['value[0]']);
  });

  it('matches a sign-in that ran through the activity stream', () => {
    const properties = { appId: BROKER, authenticationProtocol: 'deviceCode' };
    expect(seedMatches({ category: 'Administrative', operationName: 'Sign-in', properties })).toEqual([
      SEED_ID,
    ]);
  });
});

describe('a rule set', () => {
  it('orders matches by risk score, then rule id', () => {
    const rules = [
      makeRule({ id: 'b', query: 'a:1', riskScore: 47 }),
      makeRule({ id: 'c', query: 'a:1', riskScore: 73 }),
      makeRule({ id: 'a', query: 'a:1', riskScore: 47 }),
    ];
    const engine = new Engine(ruleSetOf(...rules), { mappings: [] });
    const bytes = encode({ a: 1 });
    engine.match(bytes, 0, bytes.length, NOW);
    expect(engine.matches.map((m) => m.rule.id)).toEqual(['c', 'a', 'b']);
  });

  it('honours exceptions until they expire', () => {
    const { predicate } = makeRule({ query: 'user:svc' });
    const rule = makeRule({ query: 'a:1', exceptions: [{ name: 'svc', predicate, expires: NOW }] });
    const engine = new Engine(ruleSetOf(rule), { mappings: [] });
    const bytes = encode({ a: 1, user: 'svc' });
    engine.match(bytes, 0, bytes.length, NOW - 1);
    expect(engine.matches).toHaveLength(0);
    engine.match(bytes, 0, bytes.length, NOW);
    expect(engine.matches).toHaveLength(1);
  });

  it('leaves out a rule that throws, says so once, and goes on with the others', () => {
    const bad = makeRule({
      id: 'bad',
      predicate: {
        kind: 'leaf',
        text: 'a: x',
        field: { name: 'a', wildcard: false },
        span: { start: 0, end: 1 },
        test: {
          op: 'wildcard',
          exact: null,
          matches: () => {
            throw new Error('broken');
          },
        },
      },
    });
    const quarantined: string[] = [];
    const engine = new Engine(ruleSetOf(bad, makeRule({ id: 'good', query: 'a:1' })), {
      mappings: [],
      onQuarantine: (rule) => quarantined.push(rule.id),
    });
    const bytes = encode({ a: 1 });
    for (let i = 0; i < 3; i += 1) {
      engine.match(bytes, 0, bytes.length, NOW);
      expect(engine.matches.map((m) => m.rule.id)).toEqual(['good']);
    }
    expect(quarantined).toEqual(['bad']);
  });

  it('takes severity, risk score and name from the event where the rule maps them', () => {
    const rule = makeRule({
      query: 'a:1',
      severityMapping: [
        { field: 'event.severity', value: '21', severity: 'low' },
        { field: 'event.severity', value: '99', severity: 'critical' },
      ],
      riskScoreField: 'event.risk_score',
      nameField: 'rule.name',
    });
    const engine = new Engine(ruleSetOf(rule), { mappings: [] });
    const bytes = encode({ a: 1, event: { severity: 99, risk_score: '88.5' }, rule: { name: 'Theirs' } });
    engine.match(bytes, 0, bytes.length, NOW);
    expect(engine.matches[0]).toMatchObject({ severity: 'critical', riskScore: 88.5, name: 'Theirs' });
  });

  it('tells a cut or broken record from a whole one, and goes on with the next', () => {
    const engine = new Engine(ruleSetOf(seed), { mappings: sourceMappings });
    const bytes = encode(ecs);
    for (let end = 1; end < bytes.length; end += 1) expect(engine.match(bytes, 0, end, NOW)).toBeLessThan(0);
    expect(engine.match(Buffer.from([0x81, 0xa1, 0x61, 0xc1]), 0, 4, NOW)).toBeLessThan(0);
    expect(engine.match(bytes, 0, bytes.length, NOW)).toBe(bytes.length);
    expect(engine.matches).toHaveLength(1);
  });
});

describe('KQL over bytes', () => {
  const record = {
    a: { b: ['x', 'y'], n: 47, f: 1.5, t: true },
    'a.c': 'z',
    list: [
      { k: 1, v: 'p' },
      { k: 2, v: 'q' },
    ],
    e: {},
  };
  for (const [query, holds] of [
    ['a.b:x and a.b:y', true],
    ['a.b:(x and z)', false],
    ['a.n:47', true],
    ['a.n:47.0', true],
    ['a.n:"47"', true],
    ['a.n:048', false],
    ['a.f >= 1.5 and a.f < 2', true],
    ['a.t:true', true],
    ['a.t:1', false],
    ['a.c:z', true],
    ['a:*', true],
    ['e:*', false],
    ['not e:*', true],
    ['a.*:z', true],
    ['not a.*:x', false],
    ['list.k:1 and list.v:q', true],
    ['list:{ k:1 and v:q }', false],
    ['list:{ k:2 and v:q }', true],
    ['z*', true],
    ['constructor:*', false],
    ['a.b:*', true],
    ['a.b:?', false],
    ['*', true],
  ] as const) {
    it(`${query} is ${holds}`, () => {
      expect(matchesOf(record, query)).toEqual(holds ? ['r0'] : []);
      expect(evaluate(makeRule({ query }).predicate, record)).toBe(holds);
    });
  }

  const fields = ['a', 'a.b', 'a.b.c', 'd', 'd.e'];
  const leaf = fc
    .tuple(
      fc.constantFrom(...fields, 'a.*', '*.c'),
      fc.constantFrom('x', 'y', '1', 'true', '*', 'x*', '"*"', '> 0', '*y*'),
    )
    .map(([f, v]) => (v.startsWith('>') ? `${f} ${v}` : `${f}:${v}`));
  const query = fc.letrec<{ q: string }>((tie) => ({
    q: fc.oneof(
      { depthSize: 'small' },
      { weight: 3, arbitrary: leaf },
      fc.tuple(tie('q'), fc.constantFrom('and', 'or'), tie('q')).map(([l, o, r]) => `(${l} ${o} ${r})`),
      tie('q').map((q) => `not (${q})`),
      tie('q').map((q) => `a:{ ${q} }`),
    ),
  })).q;
  const value: fc.Arbitrary<Encodable> = fc.letrec<{ v: Encodable }>((tie) => ({
    v: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<Encodable>('x', 'y', 'xy', 1, 2.5, true, null, '', '1'),
      fc.array(tie('v'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c', 'e', 'b.c'), tie('v'), {
        maxKeys: 3,
        noNullPrototype: true,
      }),
    ),
  })).v;
  const event = fc.dictionary(fc.constantFrom('a', 'a.b', 'd', 'd.e', 'a.b.c'), value, {
    maxKeys: 4,
    noNullPrototype: true,
  }) as fc.Arbitrary<{ [key: string]: Encodable }>;

  it('gives the same answer through the index as the reference evaluator', () => {
    fc.assert(
      fc.property(
        fc.array(query, { minLength: 1, maxLength: 5 }),
        fc.array(event, { maxLength: 4 }),
        (queries, events) => {
          const rules = queries.map((q, i) => makeRule({ id: `r${i}`, query: q }));
          const engine = new Engine(ruleSetOf(...rules), { mappings: [] });
          // Twice: what an engine has seen before it judges by its first look.
          for (const e of [...events, ...events]) {
            const bytes = encode(e);
            engine.match(bytes, 0, bytes.length, NOW);
            const expected = rules
              .filter((r) => evaluate(r.predicate, decode(bytes, { pos: 0 })))
              .map((r) => r.id);
            expect(engine.matches.map((m) => m.rule.id).sort()).toEqual(expected);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
