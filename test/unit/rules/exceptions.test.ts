// Exception items beside a rule: which events they take out, by type of entry, class of field and system.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { evaluate } from '../../../src/kql/evaluate.js';
import { type LoadResult, loadRules } from '../../../src/rules/load.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fluent-detect-exceptions-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const rule = {
  ...{ rule_id: 'r', name: 'R', description: 'd', risk_score: 1, severity: 'low', type: 'query', query: '*' },
  exceptions_list: [{ id: '1', list_id: 'l', type: 'rule_default', namespace_type: 'single' }],
};

function load(item: object): LoadResult {
  const whole = { item_id: 'i', list_id: 'l', name: 'I', type: 'simple', ...item };
  writeFileSync(join(folder, 'export.ndjson'), [rule, whole].map((o) => JSON.stringify(o)).join('\r\n'));
  return loadRules([folder]);
}

function takesOut(entries: readonly object[], record: unknown, more: object = {}): boolean {
  const { ruleSet, errors } = load({ entries, ...more });
  expect(errors).toEqual([]);
  return evaluate(ruleSet.rules[0]!.exceptions[0]!.predicate, record);
}

describe('an entry', () => {
  const entry = (type: string, field: string, value?: unknown, operator = 'included'): object => ({
    ...{ type, field, operator },
    ...(value === undefined ? {} : { value }),
  });
  it.each([
    ['of match is the whole value', entry('match', 'f', 'a'), { f: 'a' }, { f: 'ab' }],
    [
      'of match on an ip field takes a network',
      entry('match', 'source.ip', '10.0.0.0/8'),
      { 'source.ip': '10.1.1.1' },
      { 'source.ip': '11.1.1.1' },
    ],
    [
      'of match on a text field is a phrase',
      entry('match', 'message', 'Known Scanner'),
      { message: 'the known scanner.' },
      { message: 'scanner known' },
    ],
    [
      'of match on .caseless takes any case',
      entry('match', 'process.name.caseless', 'CMD.EXE'),
      { process: { name: 'cmd.exe' } },
      { process: { name: 'cmd' } },
    ],
    ['of match is any of an array', entry('match', 'f', 'a'), { f: ['b', 'a'] }, { f: [] }],
    ['of match_any is any of its values', entry('match_any', 'f', ['a', 'b']), { f: 'b' }, { f: 'c' }],
    ['of wildcard knows * and ?', entry('wildcard', 'f', 'a?c*'), { f: 'abcd' }, { f: 'acd' }],
    ['of exists asks for a value', entry('exists', 'f'), { f: 0 }, { f: null }],
    ['that is excluded turns it round', entry('match', 'f', 'a', 'excluded'), {}, { f: 'a' }],
    ['that excludes exists asks for none', entry('exists', 'f', undefined, 'excluded'), {}, { f: 1 }],
    [
      'that excludes match_any is none of them',
      entry('match_any', 'f', ['a', 'b'], 'excluded'),
      { f: 'c' },
      { f: 'a' },
    ],
  ] as [string, object, object, object][])('%s', (_title, e, taken, left) => {
    expect([taken, left].map((record) => takesOut([e], record))).toEqual([true, false]);
  });

  it('of nested holds within one object', () => {
    const signature = {
      ...{ type: 'nested', field: 'file.Ext.code_signature' },
      entries: [entry('match', 'subject_name', 'Acme'), entry('match', 'trusted', 'true')],
    };
    const event = (...of: object[]): object => ({ file: { Ext: { code_signature: of } } });
    const acme = { subject_name: 'Acme', trusted: true };
    expect(takesOut([signature], event({ subject_name: 'Other', trusted: false }, acme))).toBe(true);
    expect(
      takesOut(
        [signature],
        event({ subject_name: 'Acme', trusted: false }, { subject_name: 'Other', trusted: true }),
      ),
    ).toBe(false);
  });

  it('needs all others of its item', () => {
    const both = [entry('match', 'f', 'a'), entry('match', 'g', 'b')];
    const events = [{ f: 'a', g: 'b' }, { f: 'a' }, { g: 'b' }];
    expect(events.map((e) => takesOut(both, e))).toEqual([true, false, false]);
  });

  it('holds on the systems of os_types only, by host.os.type or host.os.name in any case', () => {
    const on = (os: object): boolean =>
      takesOut([entry('match', 'f', 'a')], { f: 'a', host: { os } }, { os_types: ['linux', 'macos'] });
    expect([{ type: 'linux' }, { name: 'macOS' }, { type: 'windows' }, {}].map(on)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it.each([
    [{ type: 'match', field: 'f', operator: 'included' }, 'an entry of type match needs a value'],
    [
      { type: 'match_any', field: 'f', operator: 'included', value: 'x' },
      'an entry of type match_any needs a list of values',
    ],
    [{ type: 'nested', field: 'f', entries: [] }, 'a nested entry needs entries'],
    [
      { type: 'match', field: 'f', operator: 'maybe', value: 'x' },
      'the operator of an entry is "maybe"; it can be included or excluded',
    ],
    [{ type: 'list', field: 'f', operator: 'included' }, 'an entry of type list needs a list with an id'],
    [{ type: 'match', operator: 'included', value: 'x' }, 'an entry has no field'],
  ])('%j is an error with its place: %s', (bad, message) => {
    const { errors } = load({ entries: [bad] });
    expect(errors).toMatchObject([{ code: 'exception', line: 2, message }]);
  });
});

describe('an entry of a value list', () => {
  const inList = (type: string): object => ({
    ...{ type: 'list', field: 'source.ip', operator: 'included', list: { id: 'known.txt', type } },
  });

  it.each([
    ['keyword', 'a\r\n b \r\n', 'b', 'c'],
    ['ip', '::1\n10.0.0.1\n', '0:0:0:0:0:0:0:1', '::2'],
    ['ip_range', '10.0.0.0/8\n192.0.2.10-192.0.2.20\n', '192.0.2.15', '192.0.2.21'],
  ])('of type %s reads the values from the file of that name beside it', (type, text, taken, left) => {
    writeFileSync(join(folder, 'known.txt'), text);
    const events = [taken, left].map((ip) => ({ source: { ip } }));
    expect(events.map((e) => takesOut([inList(type)], e))).toEqual([true, false]);
  });

  it('is told, and its item is not applied, when that file is not there', () => {
    const { ruleSet, errors, warnings } = load({ entries: [inList('ip')] });
    expect([errors, ruleSet.rules[0]!.exceptions]).toEqual([[], []]);
    expect(warnings.map((w) => w.code)).toContain('missing_value_list');
  });
});

it('items of a detection-rules exceptions file belong to the rules that name their list', () => {
  writeFileSync(join(folder, 'rule.json'), JSON.stringify(rule));
  const toml = [
    ...['[metadata]', 'list_name = "L"', 'rule_ids = ["r"]', '', '[[exceptions]]', '[exceptions.container]'],
    ...[
      'list_id = "l"',
      'name = "L"',
      '',
      '[[exceptions.items]]',
      'list_id = "l"',
      'item_id = "i"',
      'name = "I"',
    ],
    ...[
      'type = "simple"',
      '[[exceptions.items.entries]]',
      'field = "f"',
      'type = "match"',
      'operator = "included"',
    ],
  ];
  writeFileSync(join(folder, 'list.toml'), [...toml, 'value = "a"'].join('\n'));
  const { ruleSet, errors } = loadRules([folder]);
  expect(errors).toEqual([]);
  const [exception] = ruleSet.rules[0]!.exceptions;
  expect([{ f: 'a' }, { f: 'b' }].map((e) => evaluate(exception!.predicate, e))).toEqual([true, false]);
  writeFileSync(join(folder, 'list.toml'), toml.join('\n'));
  expect(loadRules([folder]).errors).toMatchObject([{ code: 'exception', line: 15 }]);
});
