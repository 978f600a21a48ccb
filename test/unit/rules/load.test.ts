// Rule files and folders to a rule set: what is loaded, what is left out and why, and where an error is.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { evaluate } from '../../../src/kql/evaluate.js';
import { RulePathError } from '../../../src/rules/folders.js';
import { type LoadResult, loadRules } from '../../../src/rules/load.js';
import { formatRuleError } from '../../../src/rules/ruleError.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fluent-detect-load-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, ...lines: string[]): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, lines.join('\n'));
  return file;
}
const needed = { name: 'A rule', description: 'd', risk_score: 47, severity: 'medium', type: 'query' };
const json = (id: string, more: object = {}): string =>
  JSON.stringify({ rule_id: id, ...needed, query: 'f: x', ...more });
const yamlOf = (id: string): string[] => [
  ...[`rule_id: ${id}`, 'name: A rule', 'description: d'],
  ...['risk_score: 47', 'severity: medium', 'type: query', 'query: "f: x"'],
];
const tomlOf = (id: string, ...query: string[]): string[] => [
  ...['[rule]', `rule_id = "${id}"`, 'name = "A rule"', 'description = "d"'],
  ...['risk_score = 47', 'severity = "medium"', 'type = "query"', ...query],
];
const ids = ({ ruleSet }: LoadResult): string[] => ruleSet.rules.map((r) => r.id);
const messages = ({ errors }: LoadResult): string[] => errors.map((e) => e.message);

describe('a folder of rules', () => {
  it('is read with the folders below it, in TOML, YAML, JSON and NDJSON', () => {
    write('a.toml', ...tomlOf('a', 'query = "f: x"'));
    write('below/b.yaml', ...yamlOf('b1'), '---', ...yamlOf('b2'));
    write('below/c.YML', ...yamlOf('c'));
    write('below/deeper/d.json', json('d'));
    write('below/deeper/e.json', `[${json('e1')},`, `${json('e2')}]`);
    write('f.ndjson', json('f1'), '', json('f2'));
    const loaded = loadRules([folder]);
    expect(ids(loaded)).toEqual(['a', 'b1', 'b2', 'c', 'd', 'e1', 'e2', 'f1', 'f2']);
    expect([loaded.files, loaded.errors]).toEqual([6, []]);
    for (const rule of loaded.ruleSet.rules) {
      expect([rule.query, rule.severity, rule.riskScore]).toEqual(['f: x', 'medium', 47]);
      expect([{ f: 'x' }, { f: 'y' }].map((event) => evaluate(rule.predicate, event))).toEqual([true, false]);
    }
    expect(loaded.ruleSet.rules[2]!.source).toMatchObject({ file: join(folder, 'below/b.yaml'), line: 9 });
    expect(loaded.ruleSet.rules[8]!.source).toMatchObject({ file: join(folder, 'f.ndjson'), line: 3 });
  });

  it('gives nothing from _deprecated and hidden folders, examples and other files, and nothing twice', () => {
    for (const name of ['_deprecated/a.json', '.git/b.json', 'c.examples.json', 'notes.txt']) {
      write(name, json(name));
    }
    const kept = write('kept.json', json('kept'));
    const loaded = loadRules([folder, kept]);
    expect([ids(loaded), loaded.files, loaded.errors]).toEqual([['kept'], 1, []]);
  });

  it('that is a checkout of detection-rules gives what is in its folders of rules, and nothing else of it', () => {
    for (const name of ['rules/linux/a.json', 'rules_building_block/b.json']) write(name, json(name));
    const others = ['detection_rules/etc/c.json', 'hunting/d.json', 'renovate.json', '.github/e.json'];
    for (const name of others) write(name, '{"no": "rule"}');
    const loaded = loadRules([folder]);
    expect([ids(loaded), loaded.errors]).toEqual([['rules/linux/a.json', 'rules_building_block/b.json'], []]);
  });

  it('is read once where a link leads back up, or round in a circle', () => {
    write('a/b/rule.json', json('rule'));
    symlinkSync(folder, join(folder, 'a/b/up'));
    symlinkSync(join(folder, 'a/round'), join(folder, 'a/round'));
    const loaded = loadRules([folder]);
    expect([ids(loaded), loaded.errors]).toEqual([['rule'], []]);
  });

  it('that is not there is a RulePathError with its path', () => {
    const path = join(folder, 'nowhere');
    expect(() => loadRules([path])).toThrow(RulePathError);
    expect(() => loadRules([path])).toThrow(`${path}: there is no such file or folder`);
  });

  it('is no file of another ending: that is a RulePathError which names the endings', () => {
    const file = write('rules.txt', json('a'));
    expect(() => loadRules([file])).toThrow(RulePathError);
    expect(() => loadRules([file])).toThrow('.toml, .ndjson, .yaml, .yml, .json');
  });
});

describe('a malformed rule costs only itself', () => {
  it('among files', () => {
    write('a.json', json('a'));
    const syntax = write('b.toml', '[rule]', 'name = "never closed');
    const table = write('c.toml', '[metadata]');
    const kql = write('d.json', json('d', { query: 'f: (x' }));
    const filter = write('e.json', json('e', { filters: [{ query: { exists: {} } }] }));
    write('f.json', json('f'));
    const loaded = loadRules([folder]);
    expect(ids(loaded)).toEqual(['a', 'f']);
    expect(loaded.errors.map((e) => [e.code, e.file, e.line])).toEqual([
      ['syntax', syntax, 2],
      ['schema', table, 1],
      ['kql_unclosed_paren', kql, 1],
      ['filter', filter, 1],
    ]);
  });

  it('among the rules of one file', () => {
    const file = write('a.ndjson', json('a'), json('b', { severity: 'dire' }), '7', json('c'));
    const loaded = loadRules([file]);
    expect(ids(loaded)).toEqual(['a', 'c']);
    expect(loaded.errors.map((e) => `${e.code} ${e.line}`)).toEqual(['schema 2', 'schema 3']);
  });

  it('and a rule_id that is there already costs the later rule, and says where the first is', () => {
    const first = write('a.ndjson', json('other'), json('twice', { name: 'The first' }));
    const second = write('b.toml', ...tomlOf('twice', 'query = "f: x"'));
    const loaded = loadRules([folder]);
    expect(loaded.ruleSet.rules.map((r) => r.name)).toEqual(['A rule', 'The first']);
    expect(loaded.errors).toMatchObject([{ code: 'duplicate_id', file: second, line: 2, column: 11 }]);
    expect(messages(loaded)).toEqual([`rule_id twice is in ${first}:2 already`]);
  });
});

describe('an error in a query has its place in the file', () => {
  it('in a multi-line TOML query, as file:line:column, with the line and a caret', () => {
    const query = ["query = '''", 'event.dataset: x and', '  event.outcome: y)', "'''"];
    const file = write('a.toml', ...tomlOf('a', ...query));
    const { errors } = loadRules([folder]);
    expect(errors.map(formatRuleError)).toEqual([
      [
        `${file}:10:19: query: this ")" closes nothing; expected "and", "or", or end of query [kql_unopened]`,
        '    event.outcome: y)',
        '                    ^',
      ].join('\n'),
    ]);
  });

  const json2 = ['{"type": "query", "name": "n", "description": "d", "severity": "low",'];
  it.each([
    ['a.toml', tomlOf('a', String.raw`query = "f: \"x\" and g: y)"`), 8, 27],
    ['a.yaml', [...yamlOf('a').slice(0, 6), 'query: |', '  f: x and', '    g: y)'], 9, 9],
    ['a.json', [...json2, String.raw`"query": "f: \"x\" and\n g: y)", "risk_score": 1}`], 2, 30],
  ])('past the escapes or the indent of %s', (name, lines, line, column) => {
    write(name, ...lines);
    const [error] = loadRules([folder]).errors;
    expect(error).toMatchObject({ code: 'kql_unopened', line, column });
    expect(lines[line - 1]![column - 1]).toBe(')');
    expect(error!.excerpt).toBe(`${lines[line - 1]}\n${' '.repeat(column - 1)}^`);
  });

  it('and a long line is cut around the caret', () => {
    write('a.json', json('a', { description: 'd'.repeat(500), query: 'f: x)', note: 'n'.repeat(500) }));
    const [line, caret] = loadRules([folder]).errors[0]!.excerpt.split('\n');
    expect(line!.length).toBe(120);
    expect(line![caret!.length - 1]).toBe(')');
  });
});

describe('a rule that does not run here', () => {
  it.each([
    ['eql', 'eql', 'rules of type eql are not supported'],
    ['esql', 'esql', 'rules of type esql are not supported'],
    ['machine_learning', null, 'rules of type machine_learning are not supported'],
    ['threat_match', 'kuery', 'rules of type threat_match are not supported'],
    ['saved_query', 'kuery', 'rules of type saved_query are not supported'],
    ['query', 'lucene', 'queries in lucene are not supported; only kuery (KQL) is'],
  ])('of type %s in %s is named with the reason and counted, and is no error', (type, language, reason) => {
    const more = { type, query: 'any where true', ...(language === null ? {} : { language }) };
    const file = write('a.ndjson', json('a'), json('odd', more), json('b'));
    const loaded = loadRules([folder]);
    expect([ids(loaded), loaded.errors]).toEqual([['a', 'b'], []]);
    expect(loaded.ruleSet.unsupported).toEqual([
      { id: 'odd', name: 'A rule', type, language, file, line: 2, reason },
    ]);
  });

  it('because nobody knows its type is an error that names the known ones', () => {
    write('a.toml', '[rule]', 'type = "qwery"');
    const loaded = loadRules([folder]);
    expect(loaded.ruleSet.unsupported).toEqual([]);
    expect(loaded.errors).toMatchObject([{ code: 'unknown_type', line: 2, column: 8 }]);
    expect(messages(loaded)[0]).toMatch(/^unknown rule type "qwery"; known: query, threshold, new_terms, /);
  });
});

describe('a Kibana export', () => {
  const item = (id: string, list: string, more: object): string =>
    JSON.stringify({ item_id: id, list_id: list, name: `Item ${id}`, type: 'simple', ...more });
  const entry = (value: string): object => ({ field: 'f', type: 'match', operator: 'included', value });
  const list = (id: string, type = 'detection'): object => ({ id: `${id}-1`, list_id: id, type });

  it('gives its rules; its summary, exception lists and connectors are no rules and no errors', () => {
    const container = { ...list('l'), name: 'A list', description: 'd', namespace_type: 'single' };
    const summary = { exported_count: 3, exported_rules_count: 1, missing_rules: [] };
    const connector = { id: 'c', name: 'Mail', connector_type_id: '.email', attributes: {} };
    const saved = { id: 'b-1', type: 'security-rule', attributes: JSON.parse(json('b')) };
    write('a.ndjson', json('a'), ...[container, connector, saved, summary].map((o) => JSON.stringify(o)));
    const loaded = loadRules([folder]);
    expect([ids(loaded), loaded.errors, loaded.warnings]).toEqual([['a', 'b'], [], []]);
  });

  it('gives each rule the items of the lists that it names, wherever they stand, but for the endpoint list', () => {
    const both = [list('l'), list('endpoint_list', 'endpoint'), list('m')];
    write('a.ndjson', json('a', { exceptions_list: both }), json('b'));
    write(
      'z.ndjson',
      item('1', 'l', { entries: [entry('x'), { field: 'g', type: 'exists', operator: 'excluded' }] }),
      item('2', 'm', { entries: [entry('z')], expire_time: '2026-01-02T00:00:00.000Z' }),
      item('3', 'endpoint_list', { entries: [entry('x')] }),
      item('4', 'unnamed', { entries: [entry('x')] }),
    );
    const { ruleSet, errors } = loadRules([folder]);
    expect(errors).toEqual([]);
    const [a, b] = ruleSet.rules;
    expect(a!.exceptions.map((e) => [e.name, e.expires])).toEqual([
      ['Item 1', null],
      ['Item 2', Date.UTC(2026, 0, 2)],
    ]);
    expect(b!.exceptions).toEqual([]);
    const first = a!.exceptions[0]!.predicate;
    const events = [{ f: 'x' }, { f: 'x', g: 1 }, { f: 'y' }];
    expect(events.map((event) => evaluate(first, event))).toEqual([true, false, false]);
  });

  it('warns of a list that a rule names and no file holds, at the name', () => {
    write('a.ndjson', json('a', { exceptions_list: [list('gone')] }));
    const { ruleSet, errors, warnings } = loadRules([folder]);
    expect([ruleSet.rules.length, errors]).toEqual([1, []]);
    expect(warnings.map((w) => `${w.code} ${w.line}: ${w.message}`)).toEqual([
      'missing_exception_list 1: no file beside the rule holds the exception list "gone": its exceptions are not applied',
    ]);
  });

  it('with an exception item that is not understood is an error with the place of the entry', () => {
    const odd = { field: 'f', type: 'regexp', operator: 'included', value: 'x' };
    const items = [[entry('x'), odd], []].map((entries, i) => item(`${i}`, 'l', { entries }));
    write('a.ndjson', json('a'), ...items);
    const loaded = loadRules([folder]);
    expect(loaded.errors.map((e) => `${e.code} ${e.line}`)).toEqual(['exception 2', 'exception 3']);
    expect(messages(loaded)).toEqual([
      'entries of type "regexp" are not supported',
      'the item has no entries',
    ]);
    const { excerpt } = loaded.errors[0]!;
    expect(excerpt.slice(excerpt.split('\n')[1]!.length - 1)).toMatch(/^\{"field":"f","type":"regexp"/);
  });

  it('keeps its disabled rules apart; the enabled of a TOML file is not read', () => {
    write('a.ndjson', json('off', { enabled: false }), json('on', { enabled: true }));
    write('b.toml', ...tomlOf('toml', 'enabled = false', 'query = "f: x"'));
    const loaded = loadRules([folder]);
    expect(ids(loaded)).toEqual(['on', 'toml']);
    expect(loaded.ruleSet.disabled.map((r) => r.id)).toEqual(['off']);
  });
});

it('a route for an index that no rule names is a warning', () => {
  write('a.json', json('a', { index: ['logs-x-*'] }));
  const { warnings } = loadRules([folder], { routes: ['logs-x-*', 'logs-y-*'] });
  expect(warnings.map((w) => `${w.code}: ${w.message}`)).toEqual([
    'unknown_route: the config routes logs-y-*, which no rule names as its index',
  ]);
});

describe('the hash of a rule set', () => {
  const hashOf = (...lines: string[]): string => loadRules([write('a.ndjson', ...lines)]).ruleSet.hash;

  it('is the same for the same rules in another order, and beside rules that are not in force', () => {
    const hash = hashOf(json('a'), json('b'));
    expect(hash).toMatch(/^[0-9a-f]{12}$/);
    expect(hashOf(json('a'), json('b'))).toBe(hash);
    expect(hashOf(json('b'), '', json('a'))).toBe(hash);
    const others = [json('c', { enabled: false }), json('d', { type: 'eql' })];
    expect(hashOf(json('a'), ...others, json('b'))).toBe(hash);
  });

  it.each([{ query: 'f: y' }, { severity: 'high' }, { risk_score: 48 }, { tags: ['t'] }, { interval: '6m' }])(
    'is another with %j',
    (more) => expect(hashOf(json('a', more))).not.toBe(hashOf(json('a'))),
  );
});
