// What the stage does with an entry that matched: tags for the event that goes on, alerts for the sinks. Synchronous:
// a match can be read only until the engine looks at the next event.

import type { AlertDecision } from '../alerts/alerter.js';
import { alertRecord, recordContent } from '../alerts/alertRecord.js';
import type { AlertedEvent } from '../alerts/document.js';
import type { EventSource } from '../alerts/identity.js';
import type { Match } from '../detect/match.js';
import type { RecordKeys } from '../detect/recordKeys.js';
import type { PieceTarget } from '../msgpack/pieces.js';
import { spliceTags } from '../tag/msgpackTags.js';
import type { Alerting, DecidedAlert } from './alerting.js';
import { type EntryPlace, type EntryTime, readTime } from './entries.js';

/**
 * The alerts of an entry's matches, appended to `alerts`, and its record with their tags, put into `into` behind what
 * stays as it is from `from` on; false: the record is left as it is.
 */
export function taggedAndAlerted(
  place: EntryPlace,
  tag: string,
  matches: readonly Match[],
  alerting: Alerting,
  nowMs: number,
  alerts: DecidedAlert[],
  onDecided: (match: Match, outcome: AlertDecision['outcome']) => void,
  from: number,
  into: PieceTarget,
  keys: RecordKeys,
): boolean {
  const { buf, recordStart, recordEnd } = place;
  const event = new MatchedEvent(place);
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
      record: alertRecord(event.buf, event.start, event.end, match, decision.fields),
    };
    alerts.push({ alert, candidate: decision.candidate });
  }
  return spliceTags(buf, from, recordStart, recordEnd, matches, into, keys);
}

/** The event that rules matched, as alerts show it. A class: an object with a getter costs as much as judging an event. */
class MatchedEvent implements AlertedEvent, EventSource {
  readonly buf: Buffer;
  readonly start: number;
  readonly end: number;
  readonly #place: EntryPlace;
  #time: EntryTime | null = null;

  /** An alert shows the line that was judged; the event that goes on keeps its own part of it. */
  constructor(place: EntryPlace) {
    this.#place = place;
    this.buf = place.judged ?? place.buf;
    this.start = place.judged ? 0 : place.recordStart;
    this.end = place.judged ? place.judged.length : place.recordEnd;
  }

  get timeMs(): number {
    return this.#read().ms;
  }

  get timeIso(): string {
    return this.#read().iso;
  }

  content(): string {
    return recordContent(this.buf, this.start);
  }

  #read(): EntryTime {
    this.#time ??= readTime(this.#place.buf, this.#place.timeStart);
    return this.#time;
  }
}
