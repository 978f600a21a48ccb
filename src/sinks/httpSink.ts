// Alerts to an HTTP endpoint: a JSON webhook, Elasticsearch's `_bulk`, or Slack's form. 2xx is delivered; 429 and 5xx
// are tried again; any other 4xx would be refused again and is permanent.
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

export class HttpSink implements AlertSink {
  readonly name: string;
  readonly #config: HttpConfig;
  readonly #agent: HttpAgent;

  constructor(config: HttpConfig) {
    const url = new URL(config.url);
    // What may be secret (user, password, query) is no part of the name.
    this.name = `${url.protocol}//${url.host}${url.pathname}`;
    this.#config = config;
    this.#agent =
      url.protocol === 'https:'
        ? new HttpsAgent({ keepAlive: true, maxSockets: 1, ...tlsOptions(config.tls) })
        : new HttpAgent({ keepAlive: true, maxSockets: 1 });
  }

  async deliver(alerts: readonly Alert[]): Promise<void> {
    const size = this.#config.form === 'slack' ? 1 : Math.max(1, this.#config.batchSize);
    for (let i = 0; i < alerts.length; i += size) {
      try {
        await this.#post(alerts.slice(i, i + size));
      } catch (error) {
        if (i === 0 || !(error instanceof SinkError)) throw error;
        throw new SinkError(error.message, error.permanent, { cause: error, delivered: i });
      }
    }
  }

  close(): Promise<void> {
    this.#agent.destroy();
    return Promise.resolve();
  }

  async #post(alerts: readonly Alert[]): Promise<void> {
    const { type, body } = this.#bodyOf(alerts);
    const { status, text } = await this.#request(type, body);
    if (status >= 200 && status < 300) {
      if (this.#config.form === 'elasticsearch_bulk') checkBulk(text);
      return;
    }
    const permanent = status >= 400 && status < 500 && status !== 429 && status !== 408;
    throw new SinkError(`${this.name} answered ${status}: ${text.slice(0, 200)}`, permanent);
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

  #request(type: string, body: string): Promise<{ status: number; text: string }> {
    const url = new URL(this.#config.url);
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void =>
        reject(new SinkError(`cannot reach ${this.name}: ${error.message}`, false, { cause: error }));
      const request = send(
        url,
        {
          method: 'POST',
          agent: this.#agent,
          timeout: this.#config.timeout,
          headers: {
            'content-type': type,
            'content-length': Buffer.byteLength(body),
            ...this.#config.headers,
          },
        },
        (answer) => {
          readAnswer(answer).then((text) => resolve({ status: answer.statusCode ?? 0, text }), fail);
        },
      );
      request.once('timeout', () =>
        request.destroy(new Error(`no answer within ${this.#config.timeout} ms`)),
      );
      request.once('error', fail);
      request.end(body);
    });
  }
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

/** A bulk answer is 200 even when documents failed: 409 (there already) is delivered, others are not. */
function checkBulk(text: string): void {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw new SinkError('the bulk answer is not JSON', false, { cause });
  }
  const { errors, items } = answer as { errors?: boolean; items?: { create?: { status?: number } }[] };
  if (!errors) return;
  const failed = (items ?? []).map((i) => i.create?.status ?? 0).filter((s) => s >= 300 && s !== 409);
  if (failed.length === 0) return;
  const permanent = failed.every((s) => s >= 400 && s < 500 && s !== 429);
  throw new SinkError(
    `${failed.length} of ${items?.length} documents were refused (status ${failed[0]})`,
    permanent,
  );
}

function tlsOptions(tls: ClientTls | null): Record<string, unknown> {
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
