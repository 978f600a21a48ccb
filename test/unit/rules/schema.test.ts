// Rules that do not fit Elastic's schema: what the error says, and where it points.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadRules } from '../../../src/rules/load.js';

function load(...lines: string[]): ReturnType<typeof loadRules> {
  const folder = mkdtempSync(join(tmpdir(), 'fluent-detect-schema-'));
  try {
    writeFileSync(join(folder, 'a.toml'), lines.join('\n'));
    return loadRules([folder]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
/** `line:column message`, of the only error; the rule is not in force. */
function errorOf(lines: string[]): string {
  const { ruleSet, errors } = load(...lines);
  expect(ruleSet.rules).toEqual([]);
  expect(errors.map((e) => e.code)).toEqual(['schema']);
  return `${errors[0]!.line}:${errors[0]!.column} ${errors[0]!.message}`;
}

const query = [
  '[metadata]',
  'integration = ["azure"]',
  '[rule]',
  'name = "A rule"',
  'description = "d"',
  'risk_score = 47',
  'severity = "medium"',
  'type = "query"',
];
const threshold = [
  ...query.with(-1, 'type = "threshold"'),
  ...['query = "f: x"', '[rule.threshold]', 'field = ["user.name"]', 'value = 3'],
];
const newTerms = [
  ...query.with(-1, 'type = "new_terms"'),
  ...['query = "f: x"', 'new_terms_fields = ["user.name"]', 'history_window_start = "now-7d"'],
];
const threat = [
  '[[rule.threat]]',
  'framework = "MITRE ATT&CK"',
  '[rule.threat.tactic]',
  'id = "TA0001"',
  'name = "Initial Access"',
  'reference = "https://attack.mitre.org/tactics/TA0001/"',
  '[[rule.threat.technique]]',
  'id = "T1078"',
  'name = "Valid Accounts"',
  'reference = "https://attack.mitre.org/techniques/T1078/"',
];
const without = (lines: string[], key: string): string[] => lines.filter((l) => !l.startsWith(`${key} =`));
const withLine = (lines: string[], line: string): string[] =>
  lines.map((l) => (l.startsWith(line.slice(0, line.indexOf('=') + 1)) ? line : l));

it.each([
  ['query', query],
  ['threshold', threshold],
  ['new_terms', newTerms],
])('a %s rule with the keys that it needs and no more has no error', (type, lines) => {
  const { ruleSet, errors } = load(...lines);
  expect(errors).toEqual([]);
  expect(ruleSet.rules).toMatchObject([{ type, query: type === 'query' ? '' : 'f: x', ruleset: 'azure' }]);
});

describe('a required key that is missing is an error at the start of what needs it', () => {
  it.each(['name', 'description', 'risk_score', 'severity'])('%s, of any rule', (key) =>
    expect(errorOf(without(query, key))).toBe(`3:1 the rule has no ${key}`),
  );

  it('type, of any rule', () => {
    const { ruleSet, errors } = load(...without(query, 'type'));
    expect(ruleSet.rules).toEqual([]);
    expect(errors).toContainEqual(
      expect.objectContaining({ code: 'schema', line: 3, column: 1, message: 'the rule has no type' }),
    );
  });

  it.each([
    ['query', threshold, '3:1 the rule has no query'],
    ['field', threshold, '10:1 threshold has no field'],
    ['value', threshold, '10:1 threshold has no value'],
    ['query', newTerms, '3:1 the rule has no query'],
    ['new_terms_fields', newTerms, '3:1 the rule has no new_terms_fields'],
    ['history_window_start', newTerms, '3:1 the rule has no history_window_start'],
  ])('%s, of a rule of some type', (key, lines, error) => expect(errorOf(without(lines, key))).toBe(error));

  it('threshold, of a threshold rule', () =>
    expect(errorOf(threshold.slice(0, 9))).toBe('3:1 the rule has no threshold'));

  it.each([
    ['framework', '9:1 threat.0 has no framework'],
    ['id', '11:1 threat.0.tactic has no id'],
    ['reference', '11:1 threat.0.tactic has no reference'],
  ])('%s, of a threat', (key, error) => {
    const at = threat.findIndex((l) => l.startsWith(`${key} =`));
    expect(errorOf([...query, ...threat.toSpliced(at, 1)])).toBe(error);
  });

  it('name, of the second technique of the second threat', () => {
    const technique = ['[[rule.threat.technique]]', 'id = "T1"', 'reference = "r"'];
    expect(errorOf([...query, ...threat, ...threat, ...technique])).toBe(
      '29:1 threat.1.technique.1 has no name',
    );
  });

  it('severity, of a severity mapping', () => {
    const mapping =
      'severity_mapping = [{ field = "a", value = "b", severity = "low" }, { field = "a", value = "b" }]';
    expect(errorOf([...query, mapping])).toBe('9:69 severity_mapping.1 has no severity');
  });

  it('unit, of the duration of a suppression', () => {
    const suppression = ['[rule.alert_suppression]', 'group_by = ["a"]', 'duration = { value = 5 }'];
    expect(errorOf([...query, ...suppression])).toBe('11:12 alert_suppression.duration has no unit');
  });

  it('duration, of the suppression of a threshold rule: its groups are the rule’s own', () => {
    const suppressed = (table: string): ReturnType<typeof load> =>
      load(...threshold, '[rule.alert_suppression]', table);
    expect(suppressed('missing_fields_strategy = "suppress"').errors.map((e) => e.message)).toEqual([
      'alert_suppression has no duration',
    ]);
    const [rule] = suppressed('duration = { value = 5, unit = "h" }').ruleSet.rules;
    expect(rule!.suppression).toMatchObject({ groupBy: ['user.name'], durationMs: 18_000_000 });
  });
});

describe('a value of the wrong type or out of range is an error at the value', () => {
  it.each([
    ['name = 5', '4:8 name must be string'],
    ['name = ""', '4:8 name must NOT have fewer than 1 characters'],
    ['description = ["d"]', '5:15 description must be string'],
    ['risk_score = "47"', '6:14 risk_score must be number'],
    ['risk_score = 101', '6:14 risk_score must be <= 100'],
    ['risk_score = -1', '6:14 risk_score must be >= 0'],
    ['severity = "dire"', '7:12 severity is "dire"; it can be low, medium, high, critical'],
    ['severity = 3', '7:12 severity is 3; it can be low, medium, high, critical'],
  ])('%s', (line, error) => expect(errorOf(withLine(query, line))).toBe(error));

  it.each([
    ['rule_id = ""', '9:11 rule_id must NOT have fewer than 1 characters'],
    ['query = 5', '9:9 query must be string'],
    ['language = 5', '9:12 language must be string or null'],
    ['version = 1.5', '9:11 version must be integer'],
    ['version = 0', '9:11 version must be >= 1'],
    ['max_signals = 0', '9:15 max_signals must be >= 1'],
    ['tags = "t"', '9:8 tags must be array'],
    ['index = ["logs-*", 5]', '9:20 index.1 must be string'],
    ['filters = ["x"]', '9:12 filters.0 must be object'],
    ['from = "9m"', '9:8 from is "9m"; a look-back is written like now-9m'],
    ['interval = "5 m"', '9:12 interval is "5 m"; an interval is written like 5m (s, m, h, d or w)'],
    ['interval = "1M"', '9:12 interval is "1M"; an interval is written like 5m (s, m, h, d or w)'],
    ['threat = [{ framework = "x", tactic = 1 }]', '9:39 threat.0.tactic must be object'],
    [
      'alert_suppression = { group_by = [] }',
      '9:34 alert_suppression.group_by must NOT have fewer than 1 items',
    ],
    [
      'alert_suppression = { missing_fields_strategy = "suppress" }',
      '9:21 alert_suppression has no group_by',
    ],
    [
      'alert_suppression = { group_by = ["a"], missing_fields_strategy = "drop" }',
      '9:67 alert_suppression.missing_fields_strategy is "drop"; it can be suppress, doNotSuppress',
    ],
  ])('%s', (line, error) => expect(errorOf([...query, line])).toBe(error));

  it.each([
    ['value = "3"', threshold, '12:9 threshold.value must be integer'],
    ['value = 0', threshold, '12:9 threshold.value must be >= 1'],
    ['new_terms_fields = "user.name"', newTerms, '10:20 new_terms_fields must be array'],
    ['new_terms_fields = []', newTerms, '10:20 new_terms_fields must NOT have fewer than 1 items'],
    [
      'new_terms_fields = ["a", "b", "c", "d"]',
      newTerms,
      '10:20 new_terms_fields must NOT have more than 3 items',
    ],
    [
      'history_window_start = "7d"',
      newTerms,
      '11:24 history_window_start is "7d"; it is written like now-7d',
    ],
  ])('%s', (line, lines, error) => expect(errorOf(withLine(lines, line))).toBe(error));

  it('type = 5 is an unknown type', () => {
    const { errors } = load(...withLine(query, 'type = 5'));
    expect(errors).toMatchObject([{ code: 'unknown_type', line: 8, column: 8 }]);
  });
});

it('all that is wrong with a rule is said at once', () => {
  const { errors } = load('[rule]', 'risk_score = 47', 'severity = "dire"', 'type = "query"', 'tags = 1');
  expect(errors.map((e) => `${e.line}:${e.column} ${e.message}`).sort()).toEqual([
    '1:1 the rule has no description',
    '1:1 the rule has no name',
    '3:12 severity is "dire"; it can be low, medium, high, critical',
    '5:8 tags must be array',
  ]);
  expect(errors.at(-1)!.excerpt.split('\n')).toHaveLength(2);
});

it('the new_terms table of detection-rules is the keys of a Kibana rule', () => {
  const table = ['[rule.new_terms]', 'field = "new_terms_fields"', 'value = ["user.name", "host.id"]'];
  const window = [
    '[[rule.new_terms.history_window_start]]',
    'field = "history_window_start"',
    'value = "now-2d"',
  ];
  const { ruleSet, errors } = load(...newTerms.slice(0, 9), ...table, ...window);
  expect(errors).toEqual([]);
  expect(ruleSet.rules[0]!.newTerms).toEqual({ fields: ['user.name', 'host.id'], historyMs: 2 * 86_400_000 });
});

it('keys that are not known are no error', () =>
  expect(load(...query, 'investigation_fields = { field_names = ["a"] }', 'unheard_of = 1').errors).toEqual(
    [],
  ));
