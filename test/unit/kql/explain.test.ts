// The seed rule's query, from its text to why it holds.
import { describe, expect, it } from 'vitest';
import { compileKql } from '../../../src/kql/compile.js';
import { type Explanation, explain } from '../../../src/kql/evaluate.js';
import { parseKql } from '../../../src/kql/parse.js';
import { holds } from './holds.js';

const BROKER = '29d9ed98-a469-4536-ade2-f981bc1d605e';
const query = `event.dataset:(azure.activitylogs or azure.signinlogs)
and azure.signinlogs.properties.authentication_protocol:deviceCode
and azure.signinlogs.properties.conditional_access_audiences.application_id:${BROKER}
and event.outcome:success or (
azure.activitylogs.properties.appId:${BROKER}
and azure.activitylogs.properties.authentication_protocol:deviceCode)
`;

function signIn(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    event: { dataset: 'azure.signinlogs', outcome: 'success' },
    azure: {
      signinlogs: {
        properties: {
          authentication_protocol: 'deviceCode',
          conditional_access_audiences: [{ application_id: 'other' }, { application_id: BROKER }],
        },
      },
    },
    ...change,
  };
}

describe('the query of the rule for device codes with a broker client', () => {
  it('is one or of two branches: and binds tighter', () => {
    const node = parseKql(query);
    if (node.kind !== 'or') throw new Error(node.kind);
    expect(node.of.map((n) => n.kind)).toEqual(['and', 'and']);
    expect(node.of.map((n) => (n.kind === 'and' ? n.of.length : 0))).toEqual([4, 2]);
    expect(compileKql(query).warnings).toEqual([]);
  });

  it('holds for a sign-in with all four conditions', () => expect(holds(query, signIn())).toBe(true));

  it.each([
    ['another dataset', { event: { dataset: 'azure.auditlogs', outcome: 'success' } }],
    ['a failure', { event: { dataset: 'azure.signinlogs', outcome: 'failure' } }],
    ['no outcome', { event: { dataset: 'azure.signinlogs' } }],
    ['nothing of azure', { azure: {} }],
  ])('does not hold with %s', (_, change) => expect(holds(query, signIn(change))).toBe(false));

  it('its second branch asks for neither dataset nor outcome', () => {
    const properties = { appId: BROKER, authentication_protocol: 'deviceCode' };
    expect(holds(query, { azure: { activitylogs: { properties } } })).toBe(true);
    expect(holds(query, { 'azure.activitylogs.properties': { ...properties, appId: 'x' } })).toBe(false);
    expect(holds(query, { 'azure.activitylogs.properties.appId': BROKER })).toBe(false);
  });
});

describe('explain', () => {
  const at = (e: Explanation, ...path: number[]): Explanation =>
    path.reduce((inner, i) => {
      const next = inner.of[i];
      if (!next) throw new Error(`no node ${i}`);
      return next;
    }, e);

  it('says of every node whether it matched, where it stands and what it saw', () => {
    const e = explain(compileKql(query).predicate, signIn());
    expect([e.matched, at(e, 0).matched, at(e, 1).matched]).toEqual([true, true, false]);
    const protocol = at(e, 0, 1);
    expect(protocol.matched).toBe(true);
    expect(protocol.valuesSeen).toEqual([{ kind: 'string', text: 'deviceCode' }]);
    expect(query.slice(protocol.span?.start, protocol.span?.end)).toBe(
      'azure.signinlogs.properties.authentication_protocol:deviceCode',
    );
    expect(at(e, 0, 2).valuesSeen.map((v) => v.text)).toEqual(['other', BROKER]);
    expect(at(e, 1, 0)).toMatchObject({ matched: false, valuesSeen: [] });
  });

  it('of a nested node has one part for each object', () => {
    const e = explain(compileKql('p:{ a:1 } or not b:*').predicate, { p: [{ a: 1 }, { a: 2 }], b: 'x' });
    expect(at(e, 0).of.map((o) => o.matched)).toEqual([true, false]);
    expect(at(e, 1)).toMatchObject({ matched: false });
    expect(at(e, 1, 0).valuesSeen).toEqual([{ path: 'b', kind: 'string', text: 'x' }]);
  });

  it('of every event has no place', () =>
    expect(explain(compileKql('*').predicate, {})).toMatchObject({ matched: true, span: null, of: [] }));
});
