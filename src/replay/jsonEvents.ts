// JSON text to captured events: an object is one event (an envelope too), an array is one event an element.
import type { EventInstant } from '../detect/times.js';
import { JsonError, jsonToMsgpack } from '../msgpack/json.js';
import { compacted, pastBlanks, pastValue } from '../msgpack/jsonText.js';
import { kindOf } from '../msgpack/scan.js';
import type { Captured } from './captured.js';

export interface EventFrame {
  readonly line: number;
  readonly tag: string;
  readonly time: EventInstant | null;
}

/** One object. */
export function eventOf(text: string, frame: EventFrame): Captured {
  try {
    const bytes = jsonToMsgpack(text);
    if (kindOf(bytes[0]!) !== 'map')
      return {
        kind: 'unread',
        line: frame.line,
        message: 'a record is a JSON object; this is another value',
      };
    return { kind: 'event', text: compacted(text), bytes, ...frame };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const before = text.slice(0, error.offset);
    const line = frame.line + before.split('\n').length - 1;
    const column = error.offset - before.lastIndexOf('\n');
    return { kind: 'unread', line, message: `${error.message} (column ${column})` };
  }
}

/** One object, or an array of them, on one line. */
export function* eventsOf(text: string, frame: EventFrame): Iterable<Captured> {
  const start = pastBlanks(text, 0);
  if (text[start] !== '[') {
    yield eventOf(text, frame);
    return;
  }
  const whole = eventOf(`{"array":${text}}`, frame);
  if (whole.kind === 'unread') {
    yield whole;
    return;
  }
  let at = pastBlanks(text, start + 1);
  while (text[at] !== ']') {
    const end = pastValue(text, at);
    yield eventOf(text.slice(at, end), frame);
    at = pastBlanks(text, end);
    if (text[at] === ',') at = pastBlanks(text, at + 1);
  }
}
