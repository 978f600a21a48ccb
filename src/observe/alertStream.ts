// Alerts as Server-Sent Events: each with its number as id, so that a reader that comes back (Last-Event-ID) gets what
// it missed and is still kept. A reader that does not read is dropped: it never makes memory grow.
import type { IncomingMessage, ServerResponse } from 'node:http';

/** An alert as a stream tells it; further fields are passed on as they are. */
interface StreamedAlert {
  readonly seq: number;
  readonly severity: string;
  readonly rule_id: string;
  readonly rule: string;
}

/** @param from the number after which; null: new ones only. Returns what ends it. */
export type Follow = (
  from: number | null,
  tell: (alert: StreamedAlert, whole: () => string) => void,
) => () => void;

export interface AlertStreamOptions {
  readonly heartbeatMs: number;
  /** Bytes that a reader may leave unread. */
  readonly maxUnread: number;
  readonly maxReaders: number;
}

export const alertStreamDefaults: AlertStreamOptions = {
  heartbeatMs: 15_000,
  maxUnread: 1024 * 1024,
  maxReaders: 16,
};

const severities = ['low', 'medium', 'high', 'critical'];

/** What a reader asked for: a least severity, a rule's id or name, whole records. */
export interface StreamQuery {
  readonly from: number | null;
  readonly severity: string | null;
  readonly rule: string | null;
  readonly record: boolean;
}

/** Null: the query makes no sense. */
export function streamQuery(request: IncomingMessage, parameters: URLSearchParams): StreamQuery | null {
  const last = request.headers['last-event-id'] ?? parameters.get('since');
  const from = last === null || last === undefined ? null : Number(last);
  const severity = parameters.get('severity');
  if (from !== null && !(Number.isSafeInteger(from) && from >= 0)) return null;
  if (severity !== null && !severities.includes(severity)) return null;
  return { from, severity, rule: parameters.get('rule'), record: parameters.get('record') === 'true' };
}

export class AlertStream {
  readonly #follow: Follow;
  readonly #options: AlertStreamOptions;
  readonly #readers = new Set<ServerResponse>();

  constructor(follow: Follow, options: AlertStreamOptions) {
    this.#follow = follow;
    this.#options = options;
  }

  get full(): boolean {
    return this.#readers.size >= this.#options.maxReaders;
  }

  /** Answers until the reader goes, or is dropped. */
  open(query: StreamQuery, response: ServerResponse): void {
    const { heartbeatMs, maxUnread } = this.#options;
    response.setHeader('content-type', 'text/event-stream');
    response.flushHeaders();
    const write = (text: string): void => {
      if (response.destroyed) return;
      response.write(text);
      if (response.writableLength > maxUnread) response.destroy();
    };
    this.#readers.add(response);
    const heartbeat = setInterval(() => write(':\n\n'), heartbeatMs);
    let end: (() => void) | null = null;
    response.on('error', () => response.destroy());
    response.on('close', () => {
      clearInterval(heartbeat);
      this.#readers.delete(response);
      end?.();
    });
    write(':\nretry: 2000\n\n');
    end = this.#follow(query.from, (alert, whole) => {
      if (!wanted(alert, query)) return;
      write(`id: ${alert.seq}\nevent: alert\ndata: ${query.record ? whole() : JSON.stringify(alert)}\n\n`);
    });
    if (response.destroyed) end();
  }

  close(): void {
    for (const reader of this.#readers) reader.destroy();
  }
}

function wanted(alert: StreamedAlert, { severity, rule }: StreamQuery): boolean {
  if (severity !== null && severities.indexOf(alert.severity) < severities.indexOf(severity)) return false;
  return rule === null || alert.rule_id === rule || alert.rule === rule;
}
