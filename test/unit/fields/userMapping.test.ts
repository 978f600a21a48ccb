import { describe, expect, it } from 'vitest';
import { Engines } from '../../../src/detect/engines.js';
import { sourceMappings } from '../../../src/fields/mappings.js';
import { noUserMapping, type UserMapping } from '../../../src/fields/userMapping.js';
import { tagPattern } from '../../../src/rules/tagPattern.js';
import { BROKER, makeRule, ruleSetOf } from '../../support/makeRule.js';
import { pack } from '../../support/wire.js';

function matches(query: string, record: unknown, user: Partial<UserMapping>, tag = 't'): boolean {
  const rule = makeRule({ query, index: [] });
  const config = { routes: {}, fieldMapping: { ...noUserMapping, ...user } };
  const engine = new Engines(ruleSetOf(rule), config, { mappings: sourceMappings }).for(tag);
  const bytes = pack(record);
  engine.match(bytes, 0, bytes.length, 0);
  return engine.matches.length > 0;
}

describe('an alias of the config', () => {
  const aliases = { 'user.name': ['who', 'actor.login'] };
  it('finds the field in a record that no mapping knows', () => {
    expect(matches('user.name : ada', { actor: { login: 'ada' } }, { aliases })).toBe(true);
    expect(matches('user.name : ada', { actor: { login: 'ada' } }, {})).toBe(false);
  });
  it('takes the first path that has a value', () => {
    expect(matches('user.name : ada', { who: 'bob', actor: { login: 'ada' } }, { aliases })).toBe(false);
  });
  it('leaves the field’s own spelling as it was', () => {
    expect(matches('user.name : ada', { user: { name: 'ada' } }, { aliases })).toBe(true);
  });
  it('of a derived field leaves it derived where the paths have no value', () => {
    const own = { 'event.outcome': ['result.word'] };
    const record = { category: 'SignInLogs', properties: { status: { errorCode: 0 } } };
    expect(matches('event.outcome : success', record, { aliases: own })).toBe(true);
    expect(matches('event.outcome : odd', { ...record, result: { word: 'odd' } }, { aliases: own })).toBe(
      true,
    );
  });
  it('of a field below a tree leaves the tree where the paths have no value', () => {
    const field = 'azure.signinlogs.properties.app_id';
    const own = { [field]: ['AppNumber'] };
    const record = { category: 'SignInLogs', properties: { appId: 'a' } };
    expect(matches(`${field} : a`, record, { aliases: own })).toBe(true);
    expect(matches(`${field} : b`, { ...record, AppNumber: 'b' }, { aliases: own })).toBe(true);
  });
  it('goes before what a source mapping says', () => {
    const record = { category: 'SignInLogs', who: 'ada', properties: { userPrincipalName: 'bob' } };
    expect(matches('user.name : ada and event.dataset : azure.signinlogs', record, { aliases })).toBe(true);
    expect(matches('user.name : bob', { ...record, who: undefined, actor: {} }, { aliases })).toBe(true);
  });
});

describe('constants by tag', () => {
  const constants = [
    { fits: tagPattern('azure.signin.**'), values: { 'event.dataset': ['azure.signinlogs'] } },
  ];
  it('are fields of every event of those tags, and of no other', () => {
    expect(
      matches('event.dataset : azure.signinlogs and a : 1', { a: 1 }, { constants }, 'azure.signin.x'),
    ).toBe(true);
    expect(matches('event.dataset : azure.signinlogs and a : 1', { a: 1 }, { constants }, 'linux')).toBe(
      false,
    );
  });
});

describe('keys that hold JSON text', () => {
  it('are looked into when the config names them', () => {
    const record = { body: JSON.stringify({ a: 1 }) };
    expect(matches('a : 1', record, { jsonText: ['body'] })).toBe(true);
    expect(matches('a : 1', record, {})).toBe(false);
  });
});

describe('beyond_elastic: false', () => {
  const audience = `azure.signinlogs.properties.conditional_access_audiences.application_id : ${BROKER}`;
  const signIn = (audiences: unknown): unknown => ({
    category: 'SignInLogs',
    properties: { conditionalAccessAudiences: audiences },
  });
  const off = { beyondElastic: false };
  it('misses audiences that are plain strings, as Elastic’s own pipeline does', () => {
    expect(matches(audience, signIn([BROKER]), {})).toBe(true);
    expect(matches(audience, signIn([BROKER]), off)).toBe(false);
    expect(matches(audience, signIn([{ applicationId: BROKER }]), off)).toBe(true);
  });
  it('knows no Log Analytics rows', () => {
    const row = { Type: 'SigninLogs', Category: 'SignInLogs', AuthenticationProtocol: 'deviceCode' };
    const query = 'azure.signinlogs.properties.authentication_protocol : deviceCode';
    expect(matches(query, row, {})).toBe(true);
    expect(matches(query, row, off)).toBe(false);
  });
});
