// What the rule's mappings make of a match: Elastic's `severity_mapping`, `risk_score_mapping` and
// `rule_name_override`, read from the matched event.
import type { Rule, Severity } from '../rules/rule.js';
import type { FieldView, Match } from './match.js';
import type { StatefulFields } from './stateful.js';

/** Fields that a rule reads beyond its query once an event matches. */
export function fieldsReadOnMatch(rule: Rule): string[] {
  return [
    ...rule.severityMapping.map((m) => m.field),
    ...(rule.riskScoreField === null ? [] : [rule.riskScoreField]),
    ...(rule.nameField === null ? [] : [rule.nameField]),
    ...(rule.suppression?.groupBy ?? []),
    ...(rule.threshold?.field ?? []),
    ...(rule.threshold?.cardinality ? [rule.threshold.cardinality.field] : []),
    ...(rule.newTerms?.fields ?? []),
  ];
}

export function matchOf(
  rule: Rule,
  path: string | null,
  view: FieldView,
  ruleSet: string,
  more: StatefulFields,
): Match {
  return {
    rule,
    path,
    view,
    severity: severityOf(rule, view),
    riskScore: riskScoreOf(rule, view),
    name: nameOf(rule, view),
    ruleSet,
    more,
  };
}

const rank: Readonly<Record<Severity, number>> = { low: 0, medium: 1, high: 2, critical: 3 };

/** Every entry whose value the event has counts; the highest severity of them wins; none: the rule's own. */
function severityOf(rule: Rule, view: FieldView): Severity {
  let mapped: Severity | null = null;
  for (const m of rule.severityMapping) {
    if (!view.values(m.field).some((text) => sameValue(m.field, text, m.value))) continue;
    if (mapped === null || rank[m.severity] > rank[mapped]) mapped = m.severity;
  }
  return mapped ?? rule.severity;
}

/** As text; `event.severity` as a number, as the detection engine does. */
function sameValue(field: string, text: string, wanted: string): boolean {
  return text === wanted || (field === 'event.severity' && text !== '' && Number(text) === Number(wanted));
}

/** The largest number from 0 to 100 in the mapped field replaces the score; numeric strings count. */
function riskScoreOf(rule: Rule, view: FieldView): number {
  if (rule.riskScoreField === null) return rule.riskScore;
  const scores = view
    .values(rule.riskScoreField)
    .filter((text) => text.trim() !== '')
    .map(Number)
    .filter((n) => n >= 0 && n <= 100);
  return scores.length === 0 ? rule.riskScore : Math.max(...scores);
}

/** The field's text, when it has exactly one. */
function nameOf(rule: Rule, view: FieldView): string {
  if (rule.nameField === null) return rule.name;
  const [name, ...more] = view.values(rule.nameField);
  return name === undefined || name === '' || more.length > 0 ? rule.name : name;
}
