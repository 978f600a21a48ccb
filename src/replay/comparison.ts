// Two rule sets over the same captures: what each rule matches under both, only under the new set, only under the old.
// A match is the same when it is of the same rule id in the same event (and the same record of an envelope).
import type { Match } from '../detect/match.js';
import type { EventInstant } from '../detect/times.js';
import type { Rule, RuleSet } from '../rules/rule.js';
import type { CapturedEvent, EventFrame } from './captured.js';
import { evidenceOf, type FieldEvidence } from './evidence.js';
import type { EventTaker } from './readCapture.js';
import { Replay, type ReplayOptions } from './replay.js';

/** A match that only one of the sets has. */
export interface SampleMatch {
  /** `FILE:LINE`. */
  readonly place: string;
  readonly time: string;
  /** Which record of an envelope; null: the event itself. */
  readonly path: string | null;
  readonly evidence: readonly FieldEvidence[];
}

export interface RuleChange {
  readonly id: string;
  readonly name: string;
  /** How the rule itself stands in the two sets. */
  readonly rule: 'new' | 'gone' | 'changed' | 'same';
  unchanged: number;
  added: number;
  removed: number;
  readonly addedSamples: SampleMatch[];
  readonly removedSamples: SampleMatch[];
}

/** Sample events kept a rule and direction. */
const SAMPLES = 5;

export class Comparison implements EventTaker {
  /** By rule: those of the new set in its order, then those that are gone. */
  readonly changes: readonly RuleChange[];
  events = 0;
  /** The capture that is read now, as a person would say it. */
  file = '';
  readonly #byId: ReadonlyMap<string, RuleChange>;
  readonly #before: Replay;
  readonly #after: Replay;
  /** Of the event that is judged now: rule and record to the match. */
  readonly #matchesBefore = new Map<string, SampleMatch>();
  readonly #matchesAfter = new Map<string, SampleMatch>();
  #beforePassed = false;
  #afterPassed = false;

  constructor(
    before: RuleSet,
    after: RuleSet,
    options: ReplayOptions,
    onQuarantine: (rule: Rule, cause: unknown) => void,
  ) {
    const replayOf = (ruleSet: RuleSet, into: Map<string, SampleMatch>): Replay =>
      new Replay(ruleSet, options, {
        onMatch: (match, event, time) => into.set(keyOf(match), this.#sample(match, event, time)),
        onAlert: () => undefined,
        onCap: () => undefined,
        onQuarantine,
      });
    this.#before = replayOf(before, this.#matchesBefore);
    this.#after = replayOf(after, this.#matchesAfter);
    const gone = before.rules.filter((old) => !after.rules.some((r) => r.id === old.id));
    this.changes = [...after.rules, ...gone].map((rule) => ({
      id: rule.id,
      name: rule.name,
      rule: gone.includes(rule) ? 'gone' : standingOf(rule, before),
      unchanged: 0,
      added: 0,
      removed: 0,
      addedSamples: [],
      removedSamples: [],
    }));
    this.#byId = new Map(this.changes.map((c) => [c.id, c]));
  }

  pass(buf: Buffer, start: number, end: number, frame: EventFrame): boolean {
    this.#beforePassed = this.#before.pass(buf, start, end, frame);
    this.#afterPassed = this.#after.pass(buf, start, end, frame);
    if (!this.#beforePassed || !this.#afterPassed) return false;
    this.#beforePassed = false;
    this.#afterPassed = false;
    this.events += 1;
    return true;
  }

  take(event: CapturedEvent): void {
    this.events += 1;
    this.#matchesBefore.clear();
    this.#matchesAfter.clear();
    if (!this.#beforePassed) this.#before.take(event);
    if (!this.#afterPassed) this.#after.take(event);
    this.#beforePassed = false;
    this.#afterPassed = false;
    for (const [key, sample] of this.#matchesAfter) {
      const change = this.#changeOf(key);
      if (this.#matchesBefore.has(key)) change.unchanged += 1;
      else {
        change.added += 1;
        if (change.addedSamples.length < SAMPLES) change.addedSamples.push(sample);
      }
    }
    for (const [key, sample] of this.#matchesBefore) {
      if (this.#matchesAfter.has(key)) continue;
      const change = this.#changeOf(key);
      change.removed += 1;
      if (change.removedSamples.length < SAMPLES) change.removedSamples.push(sample);
    }
  }

  settle(): Promise<void> {
    return Promise.resolve();
  }

  #changeOf(key: string): RuleChange {
    return this.#byId.get(key.slice(0, key.indexOf('\n')))!;
  }

  #sample(match: Match, event: CapturedEvent, time: EventInstant): SampleMatch {
    return {
      place: `${this.file}:${event.line}`,
      time: time.iso,
      path: match.path,
      evidence: evidenceOf(match),
    };
  }
}

function keyOf(match: Match): string {
  return `${match.rule.id}\n${match.path ?? ''}`;
}

function standingOf(rule: Rule, before: RuleSet): RuleChange['rule'] {
  const old = before.rules.find((r) => r.id === rule.id);
  if (!old) return 'new';
  const shape = (r: Rule): string =>
    JSON.stringify({ ...r, source: null, ruleset: null, predicate: null, exceptions: r.exceptions.length });
  return shape(old) === shape(rule) ? 'same' : 'changed';
}
