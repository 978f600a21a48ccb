// Rules and matches for tests: the seed rule's facts, with what a test wants otherwise.
import { type Match, viewOf } from '../../src/detect/match.js';
import { compileKql } from '../../src/kql/compile.js';
import type { Rule, RuleSet, Severity } from '../../src/rules/rule.js';

export const SEED_ID = 'a83b3dac-325a-11ef-b3e6-f661ea17fbce';
export const BROKER = '29d9ed98-a469-4536-ade2-f981bc1d605e';
const SEED_QUERY = `event.dataset:(azure.activitylogs or azure.signinlogs)
and azure.signinlogs.properties.authentication_protocol:deviceCode
and azure.signinlogs.properties.conditional_access_audiences.application_id:${BROKER}
and event.outcome:success or (
azure.activitylogs.properties.appId:${BROKER}
and azure.activitylogs.properties.authentication_protocol:deviceCode)`;

export function makeRule(over: Partial<Rule> = {}): Rule {
  const query = over.query ?? SEED_QUERY;
  return {
    id: SEED_ID,
    uuid: '5f0c9f0e-8e0e-5d6c-9d6b-000000000001',
    name: 'Entra ID Device Code Auth with Broker Client',
    version: 2,
    type: 'query',
    language: 'kuery',
    description: 'A device code sign-in for the broker.',
    query,
    predicate: over.predicate ?? compileKql(query, {}).predicate,
    exceptions: [],
    severity: 'medium',
    riskScore: 47,
    severityMapping: [],
    riskScoreField: null,
    nameField: null,
    author: ['Elastic'],
    license: 'Elastic License v2',
    references: ['https://example.com/reference'],
    falsePositives: [],
    tags: ['Domain: Cloud'],
    threat: [
      {
        framework: 'MITRE ATT&CK',
        tactic: {
          id: 'TA0006',
          name: 'Credential Access',
          reference: 'https://attack.mitre.org/tactics/TA0006/',
        },
        technique: [
          {
            id: 'T1528',
            name: 'Steal Application Access Token',
            reference: 'https://attack.mitre.org/techniques/T1528/',
            subtechnique: [],
          },
        ],
      },
    ],
    note: null,
    setup: null,
    index: [],
    from: 'now-9m',
    lookBackMs: 540_000,
    interval: '5m',
    intervalMs: 300_000,
    maxSignals: 100,
    buildingBlock: false,
    suppression: null,
    threshold: null,
    newTerms: null,
    source: { file: 'rule.toml', line: 1, hash: '' },
    ruleset: 'azure',
    ...over,
  };
}

export function ruleSetOf(...rules: readonly Rule[]): RuleSet {
  return { rules, disabled: [], unsupported: [], hash: 'test' };
}

export function makeMatch(rule: Rule = makeRule(), over: Partial<Match> = {}): Match {
  return {
    rule,
    path: null,
    view: viewOf(() => []),
    severity: rule.severity as Severity,
    riskScore: rule.riskScore,
    name: rule.name,
    ruleSet: 'test',
    more: {},
    ...over,
  };
}
