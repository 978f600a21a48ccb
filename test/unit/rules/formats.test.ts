// What files of rules can look like, and what is said of those that cannot be read.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LoadResult, loadRules } from '../../../src/rules/load.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fluent-detect-formats-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function load(name: string, content: string | Buffer): LoadResult {
  writeFileSync(join(folder, name), content);
  return loadRules([join(folder, name)]);
}
const rule = (more: object = {}): Record<string, unknown> => ({
  ...{
    rule_id: 'a',
    name: 'A',
    description: 'd',
    risk_score: 47,
    severity: 'low',
    type: 'query',
    query: 'f: x',
  },
  ...more,
});
const json = (more: object = {}): string => JSON.stringify(rule(more));
const yamlHead = 'rule_id: a\nname: A\ndescription: d\nrisk_score: 47\nseverity: low\ntype: query\n';
const tomlHead =
  '[rule]\nrule_id = "a"\nname = "A"\ndescription = "d"\nrisk_score = 47\nseverity = "low"\ntype = "query"\n';
const said = ({ errors }: LoadResult): string[] => errors.map((e) => `${e.line}:${e.column} ${e.code}`);

describe('a file that is read', () => {
  it.each([
    ['with CRLF, an export', 'a.ndjson', `${json()}\r\n${JSON.stringify({ exported_count: 1 })}\r\n`],
    ['with CRLF, TOML', 'a.toml', `${tomlHead}query = '''\nf: x\n'''\n`.replaceAll('\n', '\r\n')],
    ['with CRLF, YAML', 'a.yaml', `${yamlHead}query: |\n  f: x\n`.replaceAll('\n', '\r\n')],
    ['with a byte order mark, JSON', 'a.json', `\ufeff${json()}`],
    ['with a byte order mark, an export', 'a.ndjson', `\ufeff${json()}`],
    ['with a byte order mark, TOML', 'a.toml', `\ufeff${tomlHead}query = "f: x"`],
    ['without the closing summary of an export', 'a.ndjson', json()],
    ['indented with tabs', 'a.json', JSON.stringify([rule()], null, '\t')],
    ['as a page of the API', 'a.json', JSON.stringify({ page: 1, perPage: 20, total: 1, data: [rule()] })],
    [
      'with null for what the rule does not have',
      'a.json',
      json({ note: null, filters: null, index: null, threat: null }),
    ],
    [
      'with keys that nobody knows',
      'a.json',
      json({ immutable: true, rule_source: { type: 'external' }, __proto__: 1 }),
    ],
    ['as a saved object', 'a.ndjson', JSON.stringify({ type: 'security-rule', id: 'x', attributes: rule() })],
  ])('%s', (_title, name, content) => {
    const { ruleSet, errors } = load(name, content);
    expect(errors).toEqual([]);
    expect(ruleSet.rules.map((r) => [r.id, r.query.trim()])).toEqual([['a', 'f: x']]);
  });

  it('as a saved object of Stack Management has its parameters in camelCase', () => {
    const params = {
      ...{
        ruleId: 'so',
        description: 'd',
        severity: 'high',
        riskScore: 73,
        type: 'new_terms',
        query: 'f: x',
      },
      ...{ language: 'kuery', newTermsFields: ['user.name'], historyWindowStart: 'now-7d', maxSignals: 5 },
      ...{ falsePositives: ['p'], filters: [{ meta: {}, query: { match_phrase: { camelCase: 'x' } } }] },
    };
    const attributes = { name: 'S', tags: ['t'], enabled: true, schedule: { interval: '7m' }, params };
    const line = JSON.stringify({ id: 'uuid', type: 'alert', attributes });
    const { ruleSet, errors } = load('a.ndjson', `${line}\n{"exportedCount":1,"missingRefCount":0}`);
    expect(errors).toEqual([]);
    expect(ruleSet.rules).toMatchObject([
      {
        id: 'so',
        name: 'S',
        tags: ['t'],
        riskScore: 73,
        interval: '7m',
        maxSignals: 5,
        falsePositives: ['p'],
      },
    ]);
    expect(ruleSet.rules[0]!.newTerms).toEqual({ fields: ['user.name'], historyMs: 604_800_000 });
    const bad = JSON.stringify({
      type: 'alert',
      attributes: { ...attributes, params: { ...params, riskScore: 470 } },
    });
    expect(said(load('b.ndjson', bad))).toEqual([`1:${bad.indexOf('470') + 1} schema`]);
  });
});

describe('a file that cannot be read is an error, and costs no other', () => {
  it.each([
    [
      'binary',
      'a.json',
      Buffer.from([0x7b, 0xff, 0xfe, 0x00]),
      '1:1 unreadable',
      'the file is no UTF-8 text',
    ],
    ['UTF-16', 'a.toml', Buffer.from('\ufeffx', 'utf16le'), '1:1 unreadable', 'but UTF-16: save it as UTF-8'],
    ['nested without end', 'a.json', '['.repeat(50_000), '1:101 syntax', 'more than 100 deep'],
    ['nested without end', 'a.ndjson', '{"a":'.repeat(50_000), '1:501 syntax', 'more than 100 deep'],
    ['nested without end', 'a.yaml', '- '.repeat(20_000), '', 'nested too deep'],
    ['nested without end', 'a.toml', `a = ${'['.repeat(50_000)}`, '', 'nested'],
    ['YAML in JSON', 'a.json', '{rule_id: a,\n name: A}', '1:2 syntax', 'not JSON'],
    ['a comma too many', 'a.json', '{"name": "A",\n "x": 1,}', '2:9 syntax', 'not JSON'],
    ['a line of an export', 'a.ndjson', '\n{"name": ', '2:', ''],
    ['a table twice', 'a.toml', '[rule]\n[rule]', '2:', 'not TOML'],
    ['a key twice', 'a.yaml', 'name: A\nname: B', '2:', 'unique'],
    ['aliases of aliases', 'a.yaml', 'a: &a [1]\nb: *c', '', 'alias'],
  ] as [string, string, string | Buffer, string, string][])(
    '%s (%s)',
    (_title, name, content, place, message) => {
      writeFileSync(join(folder, 'good.json'), json());
      writeFileSync(join(folder, name), content);
      const loaded = loadRules([folder]);
      expect(loaded.ruleSet.rules.map((r) => r.id)).toEqual(['a']);
      expect(loaded.errors.length).toBe(1);
      expect(said(loaded)[0]).toContain(place);
      expect(loaded.errors[0]!.message.toLowerCase()).toContain(message.toLowerCase());
    },
  );

  it.each(['a.json', 'a.ndjson', 'a.yaml'])('%s that is empty is a warning', (name) => {
    for (const content of ['', '\n', '\ufeff']) {
      const { errors, warnings } = load(name, content);
      expect([errors, warnings.map((w) => w.code)]).toEqual([[], ['empty_file']]);
    }
  });

  it('a wrong type is named with the place of the value, all of them at once', () => {
    const lines = JSON.stringify(rule({ name: 5, risk_score: '47', tags: 'a', from: '9m' }), null, 1).split(
      '\n',
    );
    const placeOf = (key: string): string => {
      const line = lines.findIndex((l) => l.includes(`"${key}"`));
      return `${line + 1}:${lines[line]!.indexOf(': ') + 3} schema`;
    };
    expect(said(load('a.json', lines.join('\n'))).sort()).toEqual(
      ['name', 'risk_score', 'tags', 'from'].map(placeOf).sort(),
    );
  });
});

describe('the place of an error in a query', () => {
  const bad = (name: string, text: string): string => {
    const { errors } = load(name, text);
    expect(errors.length).toBe(1);
    const { line, column } = errors[0]!;
    return text.split('\n')[line - 1]!.slice(column - 1);
  };
  const toml = (quotes: string): string =>
    `${tomlHead}query = ${quotes}\nf: x and\n  g: "日本" or h:) and i:1\n${quotes}\n`;
  it.each([
    ['TOML, literal', 'a.toml', toml("'''")],
    ['TOML, basic', 'a.toml', toml('"""')],
    ['TOML, CRLF', 'a.toml', toml("'''").replaceAll('\n', '\r\n')],
    ['TOML, basic, CRLF', 'a.toml', toml('"""').replaceAll('\n', '\r\n')],
    ['TOML, line ending backslash', 'a.toml', `${tomlHead}query = """\nf: x and \\\n   h:) and i:1\n"""\n`],
    ['YAML, literal block', 'a.yaml', `${yamlHead}query: |\n  f: x and\n    h:) and i:1\n`],
    [
      'YAML, literal block, CRLF',
      'a.yaml',
      `${yamlHead}query: |\n  f: x and\n    h:) and i:1\n`.replaceAll('\n', '\r\n'),
    ],
    ['YAML, folded block', 'a.yaml', `${yamlHead}query: >-\n  f: x and\n  g: y or\n\n  h:) and i:1\n`],
    ['YAML, plain over several lines', 'a.yaml', `${yamlHead}query: f:x and\n  g:y or\n  h:) and i:1\n`],
    [
      'YAML, single quotes over several lines',
      'a.yaml',
      `${yamlHead}query: 'f:x and\n  g:y or\n  h:) and i:1'\n`,
    ],
    [
      'YAML, double quotes over several lines',
      'a.yaml',
      `${yamlHead}query: "f:\\"x\\" and\n  g:y or\n  h:) and i:1"\n`,
    ],
    ['JSON, escapes', 'a.json', json({ query: 'f:"a\\\\b\u0007" and\n\th:) and i:1' })],
  ])('is right in %s', (_title, name, text) => expect(bad(name, text)).toMatch(/^\) and i:1/));

  it('has its caret under it past tabs and wide signs', () => {
    const { errors } = load('a.yaml', `${yamlHead}query: |\n  \tf: "日本" and g:)\n`);
    const [line, caret] = errors[0]!.excerpt.split('\n');
    expect(line).toBe('  \tf: "日本" and g:)');
    expect(caret).toBe(`  \t${' '.repeat('f: "日本" and g:'.length + 2)}^`);
  });

  it('has the code of what is wrong with it', () => {
    const codes = ['f:)', '(f:x', 'f:"x', 'p:{ a:1', 'f: null', 'not not f:x', 'f:\\q', 'f:x)'].map(
      (query) => load('a.json', json({ query })).errors[0]!.code,
    );
    expect(codes).toEqual(
      [
        'unopened',
        'unclosed_paren',
        'unclosed_quote',
        'unclosed_brace',
        'null_value',
        'not_twice',
        'bad_escape',
        'unopened',
      ].map((code) => `kql_${code}`),
    );
  });
});
