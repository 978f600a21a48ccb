// Alerts to an HTTP endpoint: a JSON webhook, Elasticsearch's `_bulk`, or Slack's form. 2xx is delivered. What the same
// alert may pass later is tried again: 5xx, 429 and 408, and what concerns the endpoint or its credentials and not the
// alert (401, 403). Any other 4xx is permanent.
import { readFileSync } from 'node:fs';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Alert } from '../alerts/alert.js';
import type { ClientTls, SinkConfig } from '../config/config.js';
import { msgpackToJson } from '../msgpack/json.js';
import { type AlertSink, SinkError } from './sink.js';

type HttpConfig = Extract<SinkConfig, { kind: 'http' }>;

/** Bytes of an answer that are read; the rest is thrown away. */
const MAX_ANSWER = 8 * 1024 * 1024;

/** 4xx that say nothing against the alert. */
const passing: ReadonlySet<number> = new Set([401, 403, 407, 408, 421, 423, 425, 429]);
const redirects: ReadonlySet<number> = new Set([301, 302, 307, 308]);
const MAX_REDIRECTS = 5;

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly location: string | null;
  readonly retryAfter: number;
}

export class HttpSink implements AlertSink {
  readonly name: string;
  readonly #config: HttpConfig;
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: 1 });
  readonly #https: HttpsAgent;

  constructor(config: HttpConfig) {
    const url = new URL(config.url);
    // What may be secret (user, password, query; of a Slack webhook the path) is no part of the name.
    this.name = `${url.protocol}//${url.host}${config.form === 'slack' ? '/' : url.pathname}`;
    this.#config = config;
    this.#https = new HttpsAgent({ keepAlive: true, maxSockets: 1, ...tlsOptions(config.tls) });
  }

  async deliver(alerts: readonly Alert[]): Promise<void> {
    const size = this.#config.form === 'slack' ? 1 : Math.max(1, this.#config.batchSize);
    for (let i = 0; i < alerts.length; i += size) {
      try {
        await this.#post(alerts.slice(i, i + size));
      } catch (error) {
        if (i === 0 || !(error instanceof SinkError)) throw error;
        const { permanent, retryAfter, delivered } = error;
        throw new SinkError(error.message, permanent, { cause: error, retryAfter, delivered: i + delivered });
      }
    }
  }

  close(): Promise<void> {
    this.#http.destroy();
    this.#https.destroy();
    return Promise.resolve();
  }

  async #post(alerts: readonly Alert[]): Promise<void> {
    const { type, body } = this.#bodyOf(alerts);
    const { status, text, retryAfter } = await this.#request(type, body);
    if (status >= 200 && status < 300) {
      if (this.#config.form === 'elasticsearch_bulk') checkBulk(text, alerts.length, retryAfter);
      return;
    }
    const permanent = status >= 400 && status < 500 && !passing.has(status);
    throw new SinkError(`${this.name} answered ${status}: ${shown(text)}`, permanent, { retryAfter });
  }

  #bodyOf(alerts: readonly Alert[]): { type: string; body: string } {
    const documents = alerts.map((a) => msgpackToJson(a.record, 0));
    switch (this.#config.form) {
      case 'json': {
        const body = this.#config.batchSize <= 1 ? documents.join('') : `[${documents.join(',')}]`;
        return { type: 'application/json', body };
      }
      case 'elasticsearch_bulk': {
        // `create` under the alert's id: a repeat is refused as a conflict, and that is delivered.
        const lines = alerts.map((a, i) => `{"create":{"_id":${JSON.stringify(a.id)}}}\n${documents[i]}\n`);
        return { type: 'application/x-ndjson', body: lines.join('') };
      }
      case 'slack': {
        const text = alerts.map((a) => `*${a.severity}* ${a.ruleName} (${a.ruleId}) on ${a.tag}`).join('\n');
        return { type: 'application/json', body: JSON.stringify({ text }) };
      }
    }
  }

  /** Follows redirects of the same method; credentials stay with the host that they were meant for. */
  async #request(type: string, body: string): Promise<Answer> {
    let url = new URL(this.#config.url);
    for (let followed = 0; ; followed += 1) {
      const answer = await this.#once(url, type, body);
      if (!redirects.has(answer.status) || answer.location === null) return answer;
      const next = new URL(answer.location, url);
      const isSafe = next.protocol === 'https:' || next.protocol === url.protocol;
      if (followed === MAX_REDIRECTS || !isSafe || !/^https?:$/.test(next.protocol)) {
        const why = isSafe ? 'too many redirects' : 'a redirect away from TLS';
        throw new SinkError(`${this.name} answered ${answer.status}: ${why}`, false);
      }
      url = next;
    }
  }

  async #once(url: URL, type: string, body: string): Promise<Answer> {
    try {
      return await this.#send(url, type, body);
    } catch (error) {
      // The server had closed a kept connection that was about to be used: that says nothing about the server.
      if (error instanceof StaleConnection) return this.#send(url, type, body);
      throw error;
    }
  }

  #send(url: URL, type: string, body: string): Promise<Answer> {
    const isTls = url.protocol === 'https:';
    const isHome = url.origin === new URL(this.#config.url).origin;
    const { timeout } = this.#config;
    return new Promise((resolve, reject) => {
      const request = (isTls ? httpsRequest : httpRequest)(
        url,
        {
          method: 'POST',
          agent: isTls ? this.#https : this.#http,
          headers: {
            'content-type': type,
            'content-length': Buffer.byteLength(body),
            ...(isHome ? this.#config.headers : {}),
          },
        },
        (answer) => {
          readAnswer(answer).then((text) => {
            clearTimeout(timer);
            const { statusCode, headers } = answer;
            const retryAfter = retryAfterMs(headers['retry-after'] ?? '', Date.parse(headers.date ?? ''));
            resolve({ status: statusCode ?? 0, text, location: headers.location ?? null, retryAfter });
          }, fail);
        },
      );
      const timer = setTimeout(() => request.destroy(new Error(`no answer within ${timeout} ms`)), timeout);
      const fail = (error: NodeJS.ErrnoException): void => {
        clearTimeout(timer);
        const isStale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        if (isStale) reject(new StaleConnection());
        else reject(new SinkError(`cannot reach ${this.name}: ${error.message}`, false, { cause: error }));
      };
      request.once('error', fail);
      request.end(body);
    });
  }
}

/** A kept connection that the server had closed. */
class StaleConnection extends Error {}

/** Seconds, or a date, which counts from the server's own (`now`, epoch ms); 0: none. */
function retryAfterMs(value: string, now: number): number {
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  return Math.max(0, Date.parse(value) - now) || 0;
}

/** An answer in a log line: one line, not too long. */
function shown(text: string): string {
  return text.slice(0, 200).replace(/\s+/g, ' ');
}

async function readAnswer(answer: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of answer) {
    size += (piece as Buffer).length;
    if (size <= MAX_ANSWER) pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces).toString('utf8');
}

interface BulkItem {
  readonly create?: { readonly status?: number; readonly error?: { readonly reason?: string } };
}

/**
 * A bulk answer is 200 even when documents failed. By document: 2xx and 409 (there already) are delivered; a 4xx is
 * permanent, except what is so for whole requests too; what is delivered before the first failure counts.
 */
function checkBulk(text: string, sent: number, retryAfter: number): void {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw new SinkError('the bulk answer is not JSON', false, { cause });
  }
  const { errors, items = [] } = (answer ?? {}) as { errors?: boolean; items?: readonly BulkItem[] };
  if (!errors) return;
  const statuses = items.map((i) => i.create?.status ?? 0);
  if (statuses.length !== sent)
    throw new SinkError(`the bulk answer is about ${statuses.length} documents, ${sent} were sent`, false);
  const delivered = statuses.findIndex((s) => !((s >= 200 && s < 300) || s === 409));
  if (delivered === -1) return;
  const failed = statuses.filter((s) => !((s >= 200 && s < 300) || s === 409));
  const permanent = failed.every((s) => s >= 400 && s < 500 && !passing.has(s));
  const reason = items[delivered]?.create?.error?.reason ?? '';
  throw new SinkError(
    `${failed.length} of ${sent} documents were refused, the first with status ${statuses[delivered]}: ${shown(reason)}`,
    permanent,
    { delivered, retryAfter },
  );
}

/** A client's TLS as Node takes it; files are read now. */
export function tlsOptions(tls: ClientTls | null): Record<string, unknown> {
  if (!tls) return {};
  const file = (path: string | null): Buffer | undefined => (path === null ? undefined : readFileSync(path));
  return {
    ca: file(tls.caPath),
    cert: file(tls.certPath),
    key: file(tls.privateKeyPath),
    passphrase: tls.privateKeyPassphrase ?? undefined,
    rejectUnauthorized: !(tls.insecure || tls.allowSelfSigned),
    ...(tls.verifyHostname ? {} : { checkServerIdentity: () => undefined }),
  };
}
