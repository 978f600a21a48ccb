// Why an alert is one: the fields that its rule asks, with the values that the event has. Worked out when somebody
// looks at the alert, from the alert's own record, so that it costs nothing while events go by.
import { Engine } from '../detect/engine.js';
import { sourceMappings } from '../fields/mappings.js';
import { mappingsFor, type UserMapping } from '../fields/userMapping.js';
import { fieldValues } from '../kql/evaluate.js';
import { fieldsOf } from '../kql/fieldsOf.js';
import { decode } from '../msgpack/decode.js';
import type { Rule, RuleSet } from '../rules/rule.js';

export interface Evidence {
  readonly field: string;
  readonly values: readonly string[];
}

/** @param record a msgpack map. @param tag the event's tag. Fields of which the event has no value are left out. */
export function evidenceOf(rule: Rule, record: Buffer, mapping: UserMapping, tag: string): Evidence[] {
  const { mappings } = mappingsFor(sourceMappings, mapping, tag);
  // Alone, without exceptions or memory: only what the query reads is asked.
  const alone: Rule = { ...rule, type: 'query', exceptions: [] };
  const ruleSet: RuleSet = { rules: [alone], disabled: [], unsupported: [], hash: '' };
  const engine = new Engine(ruleSet, { mappings, jsonText: mapping.jsonText });
  engine.match(record, 0, record.length, 0);
  const [match] = engine.matches;
  // An alert's own fields (event.kind) can hide what the rule asked for: then the record is read as it is.
  const decoded = match ? null : decode(record, { pos: 0 });
  const valuesOf = (field: string): readonly string[] =>
    match ? match.view.values(field) : fieldValues(decoded, field).map((v) => v.text);
  return [...fieldsOf(rule.predicate, true)].flatMap((field) => {
    const values = valuesOf(field);
    return values.length === 0 ? [] : [{ field, values: [...new Set(values)] }];
  });
}
