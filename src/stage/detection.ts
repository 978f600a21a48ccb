// What the stage does with an entry that matched: tags for the event that goes on, alerts for the sinks. Synchronous:
// a match can be read only until the engine looks at the next event.

import type { AlertDecision } from '../alerts/alerter.js';
import { alertRecord, recordContent } from '../alerts/alertRecord.js';
import type { Match } from '../detect/match.js';
import { tagMsgpack } from '../tag/msgpackTags.js';
import type { Alerting, DecidedAlert } from './alerting.js';
import { type EntryPlace, readTime } from './entries.js';

/** The alerts of an entry's matches, appended to `alerts`; returns the record's new slices, or null to leave it. */
export function taggedAndAlerted(
  place: EntryPlace,
  tag: string,
  matches: readonly Match[],
  alerting: Alerting,
  nowMs: number,
  alerts: DecidedAlert[],
  onDecided: (match: Match, outcome: AlertDecision['outcome']) => void,
): readonly Buffer[] | null {
  const { buf, recordStart, recordEnd } = place;
  // An alert shows the line that was judged; the event that goes on keeps its own part of it.
  const seen = place.judged ?? buf;
  const [seenStart, seenEnd] = place.judged ? [0, place.judged.length] : [recordStart, recordEnd];
  const time = readTime(buf, place.timeStart);
  const event = {
    timeMs: time.ms,
    get timeIso(): string {
      return time.iso;
    },
    content: () => recordContent(seen, seenStart),
  };
  for (const match of matches) {
    const decision = alerting.decide(match, tag, event, nowMs);
    onDecided(match, decision.outcome);
    if (decision.outcome !== 'alert') continue;
    const alert = {
      id: decision.id,
      ruleId: match.rule.id,
      ruleName: match.name,
      severity: match.severity,
      riskScore: match.riskScore,
      tag: decision.tag,
      time: Buffer.from(buf.subarray(place.timeStart, place.timeEnd)),
      record: alertRecord(seen, seenStart, seenEnd, match, decision.fields),
    };
    alerts.push({ alert, candidate: decision.candidate });
  }
  return tagMsgpack(buf, recordStart, recordEnd, matches);
}
