// JSON text to captured events, exactly and with what is wrong in it: an object is one event (an envelope too), an
// array is one event an element.
import { JsonError, jsonToMsgpack } from '../msgpack/json.js';
import { compacted, pastBlanks, pastValue } from '../msgpack/jsonText.js';
import { kindOf } from '../msgpack/scan.js';
import type { CapturedEvent, CaptureSink, EventFrame } from './captured.js';

/** Why a piece is no event. */
interface UnreadPiece {
  readonly line: number;
  readonly message: string;
}

/** Hands on one event, or says why it is none. For text that the fast reading leaves: odd, broken, or not UTF-8. */
export function takeSlowly(sink: CaptureSink, bytes: Buffer, frame: EventFrame): void {
  const isOneLine = !hasNewline(bytes, 0, bytes.length);
  hand(sink, eventOf(bytes.toString('utf8'), frame, isOneLine ? bytes : null));
}

/** One event an element of the array in `bytes`. */
export function takeElements(sink: CaptureSink, bytes: Buffer, frame: EventFrame): void {
  for (const event of eventsOf(bytes.toString('utf8'), frame)) hand(sink, event);
}

function hand(sink: CaptureSink, event: CapturedEvent | UnreadPiece): void {
  if ('bytes' in event) sink.event(event);
  else sink.unread(event.line, event.message);
}

/** Whether the text in `[start, end)` is more than one line. */
export function hasNewline(buf: Buffer, start: number, end: number): boolean {
  const lf = buf.indexOf(0x0a, start);
  if (lf !== -1 && lf < end) return true;
  const cr = buf.indexOf(0x0d, start);
  return cr !== -1 && cr < end;
}

/** One object. @param raw its bytes, when they are one line. */
function eventOf(text: string, frame: EventFrame, raw: Buffer | null): CapturedEvent | UnreadPiece {
  try {
    const bytes = jsonToMsgpack(text);
    if (kindOf(bytes[0]!) !== 'map')
      return { line: frame.line, message: 'a record is a JSON object; this is another value' };
    return { ...frame, bytes, text: () => oneLine(text), raw, entry: null };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const before = text.slice(0, error.offset);
    const line = frame.line + before.split('\n').length - 1;
    const column = error.offset - before.lastIndexOf('\n');
    return { line, message: `${error.message} (column ${column})` };
  }
}

/** An array of objects, on one line. */
function* eventsOf(text: string, frame: EventFrame): Iterable<CapturedEvent | UnreadPiece> {
  const start = pastBlanks(text, 0);
  // In braces, so that the array is checked as a whole before its elements are cut out.
  const before = '{"array":';
  const whole = eventOf(`${before}${text}}`, frame, null);
  if (!('bytes' in whole)) {
    const column = /\(column (\d+)\)$/.exec(whole.message);
    const shown = column ? `(column ${Number(column[1]) - before.length})` : '';
    yield { line: whole.line, message: whole.message.replace(/\(column \d+\)$/, shown) };
    return;
  }
  let at = pastBlanks(text, start + 1);
  while (text[at] !== ']') {
    const end = pastValue(text, at);
    yield eventOf(text.slice(at, end), frame, null);
    at = pastBlanks(text, end);
    if (text[at] === ',') at = pastBlanks(text, at + 1);
  }
}

/** Text of one line as it is; of several without the blanks between its tokens. */
function oneLine(text: string): string {
  return /[\n\r]/.test(text) ? compacted(text) : text.trim();
}
