// A match that may become an alert, with all that the decision needs and nothing of the event: it outlives the event's
// bytes, so the decision can be made elsewhere (another process, a shared store) and later.
import type { Match } from '../detect/match.js';
import type { Encodable } from '../msgpack/encode.js';
import type { Rule } from '../rules/rule.js';
import { alertId, alertName, type EventSource, eventIdentity, OWN_ID } from './identity.js';

/** The group that `alert_suppression` puts an alert in. */
export interface SuppressionGroup {
  /** Follows from the rule's id and the values. */
  readonly key: string;
  readonly terms: readonly { readonly field: string; readonly value: readonly string[] }[];
}

export interface Candidate {
  readonly rule: Rule;
  /** What the look-back knows it by: of one rule and one event, as the id is. */
  readonly key: string;
  /** `kibana.alert.uuid`. */
  readonly id: string;
  /** Null: the rule does not suppress this one. */
  readonly group: SuppressionGroup | null;
  /** The time of arrival, epoch ms. */
  readonly nowMs: number;
}

/** A longer name is known by the id that follows from it: keys are kept, and an event's id may be of any length. */
export const MAX_KEY = 128;
/** What stands in a name between the rule's id and the event's own. */
export const BEFORE_ID = alertName('', OWN_ID);

/** Its id is made when it is asked for: most of a flood become no alert, and a hash costs more than judging an event. */
class EventCandidate implements Candidate {
  readonly rule: Rule;
  readonly group: SuppressionGroup | null;
  readonly nowMs: number;
  readonly #name: string;
  #id: string | null = null;

  constructor(name: string, rule: Rule, group: SuppressionGroup | null, nowMs: number) {
    this.#name = name;
    this.rule = rule;
    this.group = group;
    this.nowMs = nowMs;
  }

  get key(): string {
    return this.#name.length <= MAX_KEY ? this.#name : this.id;
  }

  get id(): string {
    this.#id ??= alertId(this.#name);
    return this.#id;
  }
}

/** What becomes of a candidate. The last three are outcomes of fluent_detect_alerts_total. */
export type Outcome = 'alert' | 'duplicate' | 'capped' | 'suppressed';

/** False: a building block's match never becomes an alert, nor does a rule's own alert that it meets again. */
export function mayAlert({ rule, view }: Match): boolean {
  return !rule.buildingBlock && !view.values('kibana.alert.rule.rule_id').includes(rule.id);
}

/** @param match one that may alert. */
export function candidateOf(match: Match, event: EventSource, nowMs: number): Candidate {
  const { rule } = match;
  return new EventCandidate(alertName(rule.id, eventIdentity(match, event)), rule, groupOf(match), nowMs);
}

/** `kibana.alert.suppression` of a group's first alert; nothing where the rule does not suppress. */
export function suppressionFields({ group, nowMs }: Candidate): { [key: string]: Encodable } {
  if (group === null) return {};
  const iso = new Date(nowMs).toISOString();
  const terms = group.terms.map(({ field, value }) => ({ field, value: [...value] }));
  return { suppression: { terms, start: iso, end: iso, docs_count: 0 } };
}

function groupOf({ rule, view }: Match): SuppressionGroup | null {
  const { suppression } = rule;
  if (!suppression) return null;
  const terms = suppression.groupBy.map((field) => ({ field, value: view.values(field) }));
  if (suppression.missingFields === 'doNotSuppress' && terms.some((t) => t.value.length === 0)) return null;
  return { key: JSON.stringify([rule.id, terms.map((t) => t.value)]), terms };
}
