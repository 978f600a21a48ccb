// One event that satisfies one rule, as detection hands it to tagging and alerting. Values are read from the
// event's bytes on demand, so a match is only good until the engine looks at the next event.
import type { Rule, Severity } from '../rules/rule.js';
import type { StatefulFields } from './stateful.js';

/** The bytes of a string, UTF-8, in a record. */
export interface TextPlace {
  readonly buf: Buffer;
  readonly start: number;
  readonly end: number;
}

/** The event (or the record of an envelope) as the rules see it: ECS names, whatever form it travels in. */
export interface FieldView {
  /** The texts of all values of an ECS field, in document order; empty when it has none. */
  values(field: string): readonly string[];
  /** Where the first of these lies, if it is a string of the record; null: there is none, or it is of another kind. */
  place(field: string): TextPlace | null;
  /** The mapping that reads this record; null: the record is ECS already. */
  readonly mapping: string | null;
}

/** What is known already, and of no record's bytes. */
export function viewOf(
  values: (field: string) => readonly string[],
  mapping: string | null = null,
): FieldView {
  return { mapping, values, place: () => null };
}

export interface Match {
  readonly rule: Rule;
  /** Which record of an envelope (`records[3]`, `message`); null: the event itself. */
  readonly path: string | null;
  readonly view: FieldView;
  /** After `severity_mapping`, `risk_score_mapping` and `rule_name_override`. */
  readonly severity: Severity;
  readonly riskScore: number;
  readonly name: string;
  /** The hash of the rule set in force. */
  readonly ruleSet: string;
  /** What a stateful rule adds to `kibana.alert`; empty for a query rule. */
  readonly more: StatefulFields;
}

/** Fields that alerting reads from every matched event; the engine keeps them at hand. */
export const contextFields = [
  'event.id',
  'event.category',
  'event.kind',
  'event.action',
  'event.outcome',
  'event.dataset',
  // Of an event that is an alert itself.
  'kibana.alert.rule.rule_id',
  'process.name',
  'process.parent.name',
  'file.name',
  'source.ip',
  'source.port',
  'destination.ip',
  'destination.port',
  'user.name',
  'host.name',
] as const;
