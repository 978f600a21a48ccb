// What the stage does with an entry that matched: tags for the event that goes on, alerts for the sinks. Synchronous:
// a match can be read only until the engine looks at the next event.
import type { Alert } from '../alerts/alert.js';
import type { Alerter } from '../alerts/alerter.js';
import { alertRecord, recordContent } from '../alerts/alertRecord.js';
import type { Match } from '../detect/match.js';
import { tagMsgpack } from '../tag/msgpackTags.js';
import { type EntryPlace, readTime } from './entries.js';

export interface DetectionEvents {
  onMatch(match: Match): void;
  onDecision(outcome: 'duplicate' | 'capped' | 'suppressed'): void;
}

/** The alerts of an entry's matches, appended to `alerts`; returns the record's new slices, or null to leave it. */
export function taggedAndAlerted(
  place: EntryPlace,
  tag: string,
  matches: readonly Match[],
  alerter: Alerter,
  nowMs: number,
  alerts: Alert[],
  events: DetectionEvents,
): readonly Buffer[] | null {
  const { buf, recordStart, recordEnd } = place;
  const time = readTime(buf, place.timeStart);
  const event = {
    timeMs: time.ms,
    timeIso: time.iso,
    content: () => recordContent(buf, recordStart),
  };
  for (const match of matches) {
    events.onMatch(match);
    const decision = alerter.decide(match, tag, event, nowMs);
    if (decision.outcome === 'alert') {
      alerts.push({
        id: decision.id,
        ruleId: match.rule.id,
        ruleName: match.name,
        severity: match.severity,
        riskScore: match.riskScore,
        tag: decision.tag,
        time: Buffer.from(buf.subarray(place.timeStart, place.timeEnd)),
        record: alertRecord(buf, recordStart, recordEnd, match, decision.fields),
      });
    } else if (decision.outcome !== 'building_block') events.onDecision(decision.outcome);
  }
  return tagMsgpack(buf, recordStart, recordEnd, matches);
}
