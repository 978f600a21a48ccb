// Every code that an error or a warning about a rule file can have, once: what is wrong, and what to do about it.
// `docs/rule-codes.md` and the rules of a SARIF report are made from this table.
import type { KqlWarningCode } from '../kql/check.js';
import type { RuleErrorCode } from './ruleError.js';

export type RuleWarningCode =
  | KqlWarningCode
  | 'empty_file'
  | 'missing_exception_list'
  | 'missing_value_list'
  | 'unknown_overlay'
  | 'unknown_route';

export interface RuleCodeEntry {
  /** An error keeps the rule out of force, a warning does not. */
  readonly level: 'error' | 'warning';
  readonly means: string;
  readonly cure: string;
}

const error = (means: string, cure: string): RuleCodeEntry => ({ level: 'error', means, cure });
const warning = (means: string, cure: string): RuleCodeEntry => ({ level: 'warning', means, cure });

export const ruleCodes: Readonly<Record<RuleErrorCode | RuleWarningCode, RuleCodeEntry>> = {
  unreadable: error(
    'The file cannot be read, is no UTF-8 text or is too large.',
    'mend the file, or take it away',
  ),
  syntax: error(
    'The file is not the TOML, YAML or JSON that its name says.',
    'mend what stands at the place',
  ),
  schema: error(
    "The rule does not fit Elastic's schema: a key is missing, or a value has the wrong type or range.",
    'write what the message asks for',
  ),
  unknown_type: error('Nobody knows the type of the rule.', 'write one of the types that are named'),
  duplicate_id: error('Another rule has the same rule_id.', 'give one of them another id, or take it away'),
  filter: error('A filter of the rule is malformed.', 'mend the filter that is named'),
  exception: error('An exception item is malformed.', 'mend the entry that is named'),
  overlay: error('The query of an exception in the config is no KQL.', 'mend rules.overrides in the config'),
  kql_unexpected: error('Something else should stand here in the query.', 'write what was expected'),
  kql_unclosed_quote: error('A quote is never closed.', 'close it'),
  kql_unclosed_paren: error('A parenthesis is never closed.', 'close it'),
  kql_unclosed_brace: error('A brace is never closed.', 'close it'),
  kql_unopened: error('A parenthesis or brace closes nothing.', 'take it away, or open it'),
  kql_bad_escape: error(
    'Outside quotes a backslash begins no escape that KQL knows.',
    'write it twice, or use quotes',
  ),
  kql_not_twice: error('"not" is applied twice.', 'take both away, or use parentheses'),
  kql_null_value: error(
    'null is no value: Elasticsearch rejects it.',
    'write "not field:*" for a missing field',
  ),
  kql_too_long: error('The query is too long.', 'split the rule in two'),
  kql_too_deep: error('The query is nested too deep.', 'take away parentheses'),
  kql_too_many_leaves: error('The query has too many conditions.', 'split the rule in two'),

  empty_file: warning('The file holds no rule.', 'take it away, or fill it'),
  missing_exception_list: warning(
    'A rule names an exception list that no file beside it holds: its exceptions are not applied.',
    'export the list with the rule',
  ),
  missing_value_list: warning(
    'An exception needs a value list that no file beside it holds: it is not applied.',
    "save the list's values, one a line, in a file of its name",
  ),
  unknown_overlay: warning(
    'The config lays over a rule that no file has.',
    'mend the id, or take the overlay away',
  ),
  unknown_route: warning(
    'The config routes an index pattern that no rule names.',
    'write it exactly as the rules write it, or take the route away',
  ),
  never_holds: warning('A condition can never hold.', 'see what was meant'),
  leading_wildcard: warning(
    'A pattern begins with *: it is tried on every value of the field.',
    'begin it with text where that is possible',
  ),
  bare_value: warning('A value without a field is looked for in every field.', 'name the field'),
  operator_in_value: warning(
    'and, or or not is read as part of a value.',
    'put space around it, or quote the value',
  ),
  quoted_wildcard: warning(
    '* inside quotes is no wildcard.',
    'take the quotes away, or leave it if it is meant',
  ),
  question_mark: warning('? is no wildcard in KQL.', 'use *, or leave it if it is meant'),
  wrong_class: warning(
    'The value does not fit what the field holds in ECS: it is compared as text.',
    'mend the value, or declare the field under field_types',
  ),
  cidr_on_keyword: warning(
    'A network on a field that is not declared as ip: Elasticsearch would compare the text.',
    'declare the field under field_types',
  ),
  split_pattern: warning(
    'Elasticsearch splits this pattern at its spaces into several.',
    'quote the words, or write a condition for each',
  ),
  wildcard_in_range: warning('* is no wildcard in a range.', 'write the bound'),
  unknown_field: warning(
    'Neither ECS nor a source mapping has the field: only an event that spells it so has it.',
    'see its spelling; add an alias or a constant under fields',
  ),
  looked_up_field: warning(
    'Elastic adds the field by a lookup (GeoIP, user agent), and no raw record of the rule’s datasets has it.',
    'let an earlier stage put the field beside the raw record',
  ),
};
