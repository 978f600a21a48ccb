// What the config lays over a rule by its id, and what the rule keeps.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RuleOverlay } from '../../../src/config/config.js';
import { evaluate } from '../../../src/kql/evaluate.js';
import { type LoadResult, loadRules } from '../../../src/rules/load.js';
import type { Rule } from '../../../src/rules/rule.js';

const bare = {
  name: 'n',
  description: 'd',
  risk_score: 47,
  severity: 'medium',
  type: 'query',
  query: 'f: x',
};
const full = { ...bare, from: 'now-30m', interval: '10m', max_signals: 20 };
const item = {
  ...{ item_id: 'i', list_id: 'l', name: 'of the list', type: 'simple' },
  entries: [{ field: 'g', type: 'match', operator: 'included', value: '1' }],
};
const documents = [
  { ...full, rule_id: 'full' },
  { ...bare, rule_id: 'bare' },
  { ...bare, rule_id: 'off', enabled: false },
  { ...bare, rule_id: 'listed', exceptions_list: [{ id: 'l1', list_id: 'l', type: 'detection' }] },
  { ...bare, rule_id: 'eql', type: 'eql', language: 'eql' },
  item,
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fluent-detect-overlay-'));
  writeFileSync(join(folder, 'a.ndjson'), documents.map((d) => JSON.stringify(d)).join('\n'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const load = (overlays: Record<string, RuleOverlay> = {}): LoadResult => loadRules([folder], { overlays });
function ruleOf(id: string, overlay: RuleOverlay): Rule {
  const { ruleSet, errors, warnings } = load({ [id]: overlay });
  expect([errors, warnings]).toEqual([[], []]);
  return ruleSet.rules.find((r) => r.id === id)!;
}
/** All but what compares by identity. */
const plain = (rule: Rule): unknown => JSON.parse(JSON.stringify(rule));

describe('enabled', () => {
  const states = ({ ruleSet }: LoadResult): string[][] =>
    [ruleSet.rules, ruleSet.disabled].map((rules) => rules.map((r) => r.id));

  it('of the overlay goes before what the file says, either way', () => {
    expect(states(load())).toEqual([['full', 'bare', 'listed'], ['off']]);
    expect(states(load({ off: { enabled: true }, full: { enabled: false } }))).toEqual([
      ['bare', 'off', 'listed'],
      ['full'],
    ]);
  });

  it('is as the file says where the overlay is about something else', () =>
    expect(states(load({ off: { riskScore: 1 } }))[1]).toEqual(['off']));
});

describe('an overlay', () => {
  it.each([
    ['severity', { severity: 'critical' }, { severity: 'critical' }],
    ['risk_score', { riskScore: 99 }, { riskScore: 99 }],
    ['a risk_score of 0', { riskScore: 0 }, { riskScore: 0 }],
    ['max_signals', { maxSignals: 7 }, { maxSignals: 7 }],
    ['interval', { interval: '2h' }, { interval: '2h', intervalMs: 7_200_000 }],
    ['from', { from: 'now-3d' }, { from: 'now-3d', lookBackMs: 259_200_000 }],
  ] as [string, RuleOverlay, Partial<Rule>][])(
    'of %s changes that and nothing else',
    (_key, overlay, changed) => {
      const untouched = ruleOf('full', {});
      expect(untouched).not.toMatchObject(changed);
      expect(plain(ruleOf('full', overlay))).toEqual({ ...(plain(untouched) as object), ...changed });
    },
  );

  it('leaves the other rules as they are, and changes the hash', () => {
    const before = load();
    const after = load({ full: { severity: 'low' } });
    expect(after.ruleSet.rules.slice(1).map(plain)).toEqual(before.ruleSet.rules.slice(1).map(plain));
    expect(after.ruleSet.hash).not.toBe(before.ruleSet.hash);
  });

  it('that lies over nothing leaves what the file says', () =>
    expect(ruleOf('full', {})).toMatchObject({
      ...{ severity: 'medium', riskScore: 47, maxSignals: 20, exceptions: [] },
      ...{ interval: '10m', intervalMs: 600_000, from: 'now-30m', lookBackMs: 1_800_000 },
    }));

  it('that lies over nothing leaves what holds where the file says nothing', () =>
    expect(ruleOf('bare', {})).toMatchObject({
      ...{ maxSignals: 100, interval: '5m', intervalMs: 300_000, from: 'now-6m', lookBackMs: 360_000 },
    }));
});

describe('an overlay of exceptions', () => {
  const expires = Date.UTC(2027, 0, 1);

  it('gives the rule each of them, with its name, its query and the time at which it expires', () => {
    const { exceptions, predicate } = ruleOf('bare', {
      exceptions: [
        { name: 'a known host', query: 'host.name: build-* and not user.name: root', expires },
        { name: 'for ever', query: 'g: 2', expires: null },
      ],
    });
    expect(exceptions.map((e) => [e.name, e.expires])).toEqual([
      ['a known host', expires],
      ['for ever', null],
    ]);
    const hosts = [{ name: 'build-1' }, { name: 'www' }].map((host) => ({ host, f: 'x' }));
    expect(hosts.map((event) => evaluate(exceptions[0]!.predicate, event))).toEqual([true, false]);
    expect(evaluate(exceptions[0]!.predicate, { ...hosts[0], user: { name: 'root' } })).toBe(false);
    expect(evaluate(exceptions[1]!.predicate, { g: 2 })).toBe(true);
    expect(hosts.map((event) => evaluate(predicate, event))).toEqual([true, true]);
  });

  it('adds to those of the lists that the rule names', () => {
    const { exceptions } = ruleOf('listed', { exceptions: [{ name: 'mine', query: 'g: 2', expires: null }] });
    expect(exceptions.map((e) => e.name)).toEqual(['of the list', 'mine']);
  });

  it('changes the hash with its name and with its time', () => {
    const hashes = [
      { name: 'a', query: 'g: 2', expires: null },
      { name: 'b', query: 'g: 2', expires: null },
      { name: 'a', query: 'g: 2', expires },
    ].map((e) => load({ bare: { exceptions: [e] } }).ruleSet.hash);
    expect(new Set([...hashes, load().ruleSet.hash]).size).toBe(4);
  });

  it('whose query is wrong is an error that names it, and costs that rule only', () => {
    const exceptions = [{ name: 'open', query: 'g: (1', expires: null }];
    const { ruleSet, errors } = load({ bare: { exceptions } });
    expect(ruleSet.rules.map((r) => r.id)).toEqual(['full', 'listed']);
    expect(errors).toMatchObject([{ code: 'overlay', file: join(folder, 'a.ndjson'), line: 2 }]);
    expect(errors[0]!.message).toMatch(
      /^exception "open" of the config: .+ \(at character 4 of its query\)$/,
    );
  });
});

describe('an overlay of a rule that no file has', () => {
  it('warns with the id, and changes nothing', () => {
    const { ruleSet, errors, warnings } = load({ nobody: { enabled: false } });
    expect(errors).toEqual([]);
    expect(warnings.map((w) => [w.code, w.message])).toEqual([
      ['unknown_overlay', 'the config lays over rule nobody, which no rule file has'],
    ]);
    expect(ruleSet.hash).toBe(load().ruleSet.hash);
  });

  it('does not warn where the rule is disabled or is not supported here', () =>
    expect(load({ off: { riskScore: 1 }, eql: { enabled: false } }).warnings).toEqual([]));
});

it('a rule without a rule_id has an id that follows from its name and query, which an overlay can name', () => {
  const file = join(folder, 'nameless.yaml');
  const idOf = (query: string, overlays: Record<string, RuleOverlay> = {}): Rule => {
    writeFileSync(file, JSON.stringify({ ...bare, query }));
    return loadRules([file], { overlays }).ruleSet.rules[0]!;
  };
  const { id } = idOf('f: y');
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(idOf('f: y', { [id]: { riskScore: 3 } })).toMatchObject({ id, riskScore: 3 });
  expect(idOf('f: z').id).not.toBe(id);
  rmSync(file);
});
