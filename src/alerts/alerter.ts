// From matches to alerts: which of them become one. In this order: building blocks never, repeats within the
// look-back, what the rule suppresses, what is over the cap. Knows no clock: the time of arrival comes in.
import type { Match } from '../detect/match.js';
import type { Encodable } from '../msgpack/encode.js';
import type { Rule } from '../rules/rule.js';
import { type Candidate, candidateOf, mayAlert, type Outcome, suppressionFields } from './candidate.js';
import { Cap, type CapNotice } from './cap.js';
import { type AlertedEvent, alertFields } from './document.js';
import type { EventSource } from './identity.js';
import { LookBack } from './lookBack.js';
import { Suppression, type SuppressionNotice, type SuppressionState } from './suppression.js';

/** Why a match became an alert, or none. The middle three are outcomes of fluent_detect_alerts_total. */
export type AlertDecision =
  | {
      readonly outcome: 'alert';
      readonly id: string;
      readonly tag: string;
      readonly fields: { [key: string]: Encodable };
      readonly candidate: Candidate;
    }
  | { readonly outcome: 'duplicate' | 'capped' | 'suppressed' | 'building_block' };

const none = {
  duplicate: { outcome: 'duplicate' },
  capped: { outcome: 'capped' },
  suppressed: { outcome: 'suppressed' },
  building_block: { outcome: 'building_block' },
} as const;

export interface AlerterOptions {
  /** Template with `${tag}`, `${rule_id}`, `${severity}`. */
  readonly tag: string;
  readonly lookBackMax: number;
  readonly onCap: (notice: CapNotice) => void;
  readonly onSuppressed: (notice: SuppressionNotice) => void;
}

export interface AlerterState {
  readonly lookBack: readonly (readonly [string, number])[];
  readonly caps: ReturnType<Cap['snapshot']>;
  readonly suppression?: readonly SuppressionState[];
}

export class Alerter {
  readonly #options: AlerterOptions;
  readonly #lookBack: LookBack;
  readonly #cap: Cap;
  readonly #suppression: Suppression;

  constructor(options: AlerterOptions) {
    this.#options = options;
    this.#lookBack = new LookBack(options.lookBackMax);
    this.#cap = new Cap(options.onCap);
    this.#suppression = new Suppression(options.onSuppressed);
  }

  /**
   * @param nowMs the time of arrival, epoch ms.
   * @param settle makes the decision, where it is not this alerter's alone; null: it is.
   */
  decide(
    match: Match,
    tag: string,
    event: AlertedEvent & EventSource,
    nowMs: number,
    settle: ((candidate: Candidate) => Outcome) | null = null,
  ): AlertDecision {
    if (!mayAlert(match)) return none.building_block;
    const known = settle === null ? this.#settleAtOnce(match, nowMs) : null;
    if (known !== null) return none[known];
    const candidate = candidateOf(match, event, nowMs);
    const outcome = settle === null ? this.settle(candidate) : settle(candidate);
    if (outcome !== 'alert') return none[outcome];
    const { id } = candidate;
    const fields = { ...alertFields(match, event, id), ...suppressionFields(candidate) };
    return { outcome, id, tag: this.tagFor(tag, match.rule.id, match.severity), fields, candidate };
  }

  /**
   * As `settle` would say, without a candidate: that costs as much as the rest of a match, and a flood ends here. Null: it
   * takes one.
   */
  #settleAtOnce({ rule, view }: Match, nowMs: number): 'duplicate' | 'capped' | null {
    const eventId = view.place('event.id');
    if (eventId === null || eventId.start === eventId.end) return null;
    const isKnown = this.#lookBack.hasEvent(rule, eventId, nowMs);
    if (isKnown === null) return null;
    if (isKnown) return 'duplicate';
    return rule.suppression === null && this.#cap.isOver(rule, nowMs) ? 'capped' : null;
  }

  /** The decision alone. Everything that it depends on is in the candidate and in what was settled before. */
  settle(candidate: Candidate): Outcome {
    const { rule, key, nowMs } = candidate;
    if (this.#lookBack.has(key, rule.lookBackMs, nowMs)) return 'duplicate';
    if (this.#suppression.joins(candidate)) {
      this.#lookBack.add(key, nowMs);
      return 'suppressed';
    }
    // What is held back opens no group: nothing may be suppressed into an alert that nobody got.
    if (!this.#cap.take(rule, nowMs)) return 'capped';
    this.#suppression.open(candidate);
    this.#lookBack.add(key, nowMs);
    return 'alert';
  }

  /** Alerts over the cap that were held back elsewhere. */
  holdBack(rule: Rule, nowMs: number, count: number): void {
    this.#cap.holdBack(rule, nowMs, count);
  }

  /** An alert that was decided on is none after all: its event may alert when it comes again. */
  withdraw(candidate: Candidate): void {
    const { rule, key, nowMs } = candidate;
    this.#lookBack.delete(key);
    this.#suppression.withdraw(candidate);
    this.#cap.giveBack(rule, nowMs);
  }

  // The steps of `settle`, for a decision that is made with others (src/shared): asked, then noted.

  /** An alert of this event is known within the look-back. */
  remembers({ rule, key, nowMs }: Candidate): boolean {
    return this.#lookBack.has(key, rule.lookBackMs, nowMs);
  }

  /** An alert of this event was made, here or elsewhere. */
  remember({ key, nowMs }: Candidate): void {
    this.#lookBack.add(key, nowMs);
  }

  /** Whether the rule's suppression takes it in. */
  suppresses(candidate: Candidate): boolean {
    const isSuppressed = this.#suppression.joins(candidate);
    if (isSuppressed) this.remember(candidate);
    return isSuppressed;
  }

  /** It has become an alert: counted, so that what is known here goes on from there when it must. */
  note(candidate: Candidate): void {
    this.remember(candidate);
    this.#suppression.open(candidate);
    this.#cap.note(candidate.rule, candidate.nowMs);
  }

  /** The alert's tag, by the template. */
  tagFor(tag: string, ruleId: string, severity: string): string {
    return alertTag(this.#options.tag, tag, ruleId, severity);
  }

  /** Ends intervals and groups that are over, so that their counts are told. */
  sweep(nowMs: number): void {
    this.#lookBack.sweep(nowMs);
    this.#cap.sweep(nowMs);
    this.#suppression.sweep(nowMs);
  }

  snapshot(): AlerterState {
    return {
      lookBack: this.#lookBack.snapshot(),
      caps: this.#cap.snapshot(),
      suppression: this.#suppression.snapshot(),
    };
  }

  restore(state: AlerterState, rules: Parameters<Cap['restore']>[1]): void {
    this.#lookBack.restore(state.lookBack, rules);
    this.#cap.restore(state.caps, rules);
    this.#suppression.restore(state.suppression ?? [], rules);
  }
}

/** An alert's tag. @param template with `${tag}`, `${rule_id}`, `${severity}`. @param tag the event's. */
export function alertTag(template: string, tag: string, ruleId: string, severity: string): string {
  const values: Readonly<Record<string, string>> = { tag, rule_id: ruleId, severity };
  const made = template.replace(/\$\{(tag|rule_id|severity)\}/g, (_, name: string) => values[name]!);
  // An event without a tag of its own leaves no dot behind.
  return tag === '' ? made.replace(/\.$/, '') : made;
}
