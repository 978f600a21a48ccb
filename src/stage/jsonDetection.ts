// Detection over records that are JSON text, for the exec_filter child and for replay: the same engine, the same
// alerter; tags are edited into the text.
import type { Alerter } from '../alerts/alerter.js';
import { alertLeaves, recordContent } from '../alerts/alertRecord.js';
import type { Engine } from '../detect/engine.js';
import type { Match } from '../detect/match.js';
import { jsonToMsgpack } from '../msgpack/json.js';
import { withoutKeys } from '../msgpack/jsonText.js';
import { tagJson } from '../tag/jsonTags.js';
import type { TagLeaf } from '../tag/leaves.js';

export interface JsonAlert {
  readonly id: string;
  readonly match: Match;
  readonly tag: string;
  /** The alert's record. */
  readonly text: string;
}

export interface JsonVerdict {
  /** The record, tagged or as it was. */
  readonly text: string;
  readonly matches: readonly Match[];
  readonly alerts: readonly JsonAlert[];
}

export interface JsonEvent {
  /** One JSON object. */
  readonly text: string;
  /** The same as msgpack. */
  readonly bytes: Buffer;
  readonly tag: string;
  readonly timeMs: number;
  readonly timeIso: string;
  /** Keys at the record's top that are the pipeline's (tag, time), not the event's: no part of its identity. */
  readonly injected?: readonly string[];
}

export interface JsonDetectionEvents {
  onMatch(match: Match): void;
  onDecision(outcome: 'duplicate' | 'capped' | 'suppressed'): void;
}

/**
 * Judges one record. `matches` and what they view are good until the engine looks at the next event.
 * @param nowMs the clock of caps and look-back.
 * @param leavesOf what an alert's record gets beyond the alert's own fields.
 */
export function judgeJson(
  event: JsonEvent,
  engine: Engine,
  alerter: Alerter,
  nowMs: number,
  events: JsonDetectionEvents,
  leavesOf: (tag: string) => readonly TagLeaf[] = () => [],
): JsonVerdict {
  const { text, bytes } = event;
  engine.match(bytes, 0, bytes.length, nowMs);
  const { matches } = engine;
  if (matches.length === 0) return { text, matches, alerts: [] };
  const source = {
    timeMs: event.timeMs,
    timeIso: event.timeIso,
    content: () =>
      event.injected
        ? recordContent(jsonToMsgpack(withoutKeys(text, event.injected)), 0)
        : recordContent(bytes, 0),
  };
  const alerts: JsonAlert[] = [];
  for (const match of matches) {
    events.onMatch(match);
    const decision = alerter.decide(match, event.tag, source, nowMs);
    if (decision.outcome === 'alert') {
      const leaves = [...alertLeaves(decision.fields), ...leavesOf(decision.tag)];
      alerts.push({ id: decision.id, match, tag: decision.tag, text: tagJson(text, [match], leaves) });
    } else if (decision.outcome !== 'building_block') events.onDecision(decision.outcome);
  }
  return { text: tagJson(text, matches), matches, alerts };
}
