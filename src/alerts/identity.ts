// Which event an alert is about, and the alert's id: both follow from the rule and the event alone, so that every
// instance, at any time, gives the same alert the same id and a sink can drop repeats.
import * as crypto from 'node:crypto';
import type { Match } from '../detect/match.js';

/** The event that a match was found in, as far as its identity needs it. */
export interface EventSource {
  /** The record's own content as text; only asked for when the event has no id. Tags of ours are not in it. */
  readonly content: () => string;
  /** The event's time, ISO 8601. */
  readonly timeIso: string;
}

/** How an identity begins that is the event's own id. */
export const OWN_ID = 'id ';

/**
 * The event's identity: `event.id` (which mappings fill from the source's own id), else its time and content, with
 * the record's place when it lies in an envelope.
 */
export function eventIdentity(match: Match, event: EventSource): string {
  const id = match.view.values('event.id')[0];
  if (id !== undefined && id !== '') return `${OWN_ID}${id}`;
  const hash = sha256(`${event.timeIso}\n${event.content()}`);
  return `content ${hash}${match.path === null ? '' : ` ${match.path}`}`;
}

/** An alert's name: of one rule and one event. */
export function alertName(ruleId: string, identity: string): string {
  return `${ruleId}\n${identity}`;
}

/** `kibana.alert.uuid`: sha256, hex, over the alert's name. */
export function alertId(name: string): string {
  return sha256(name);
}

/** In hex. The one call of Node 20.12 and later costs a third of the stream that every Node has. */
const sha256: (text: string) => string =
  typeof crypto.hash === 'function'
    ? (text) => crypto.hash('sha256', text)
    : (text) => crypto.createHash('sha256').update(text).digest('hex');
