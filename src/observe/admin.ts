// The admin server: metrics, health and what the stage knows, as JSON; and the console. It only reads: GET and HEAD,
// loopback unless said otherwise, an optional bearer token. What it answers is described in openapi.ts.
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import {
  AlertStream,
  type AlertStreamOptions,
  alertStreamDefaults,
  type Follow,
  streamQuery,
} from './alertStream.js';
import { CONTENT_SECURITY_POLICY, type ConsoleFile, consoleFiles } from './consoleFiles.js';
import { openApi } from './openapi.js';

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly reason: string;
}

export interface AdminSources {
  readonly metrics: () => Promise<{ readonly type: string; readonly body: string }>;
  /** What must hold for events to be taken. */
  readonly readiness: () => readonly Check[];
  readonly status: () => unknown;
  readonly history: () => unknown;
  readonly rules: () => unknown;
  /** Fields that rules read, and whether the traffic has them. */
  readonly fields: () => unknown;
  /** Alerts after a number or a time; null: the latest. */
  readonly alerts: (since: number | string | null, limit: number) => unknown;
  /** One alert in full as JSON text; null: there is none of that number. */
  readonly alert: (seq: number) => string | null;
  readonly follow: Follow;
}

export interface AdminOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string | null;
  readonly stream?: Partial<AlertStreamOptions>;
}

const MAX_CONNECTIONS = 64;
const MAX_ALERTS = 1000;

export class AdminServer {
  readonly #options: AdminOptions;
  readonly #sources: AdminSources;
  readonly #server: Server;
  readonly #stream: AlertStream;
  readonly #files: ReadonlyMap<string, ConsoleFile> = consoleFiles();

  constructor(options: AdminOptions, sources: AdminSources) {
    this.#options = options;
    this.#sources = sources;
    this.#stream = new AlertStream(sources.follow, { ...alertStreamDefaults, ...options.stream });
    this.#server = createServer(
      { maxHeaderSize: 16 * 1024, requestTimeout: 10_000, headersTimeout: 10_000 },
      (request, response) => {
        this.#answer(request, response).catch((error: unknown) => {
          if (response.headersSent) response.destroy();
          else fail(response, 500, 'internal', (error as Error).message);
        });
      },
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** The port it listens on. Rejects with the system's error. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#options.port, this.#options.host, () => {
        const address = this.#server.address();
        resolve(typeof address === 'object' && address ? address.port : this.#options.port);
      });
    });
  }

  close(): void {
    this.#stream.close();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      // A body is not read: the connection ends with the answer.
      response.setHeader('connection', 'close');
      return fail(response, 405, 'method_not_allowed', 'this server is only read: GET or HEAD');
    }
    if (!URL.canParse(request.url ?? '', 'http://admin'))
      return fail(response, 400, 'bad_request', 'the path is no URL');
    const url = new URL(request.url!, 'http://admin');
    if (!this.#hostAllowed(request))
      return fail(
        response,
        403,
        'bad_host',
        'on loopback the Host header must be localhost, a loopback address, or the host of admin.listen',
      );
    const file = this.#files.get(url.pathname);
    if (file) return this.#file(file, url.pathname, request, response);
    if (url.pathname === '/healthz') return send(response, 200, { status: 'ok' });
    if (!this.#allowed(request)) return unauthorized(response);
    return this.#known(url, request, response);
  }

  async #known(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const sources = this.#sources;
    switch (url.pathname) {
      case '/readyz': {
        const checks = sources.readiness();
        const ready = checks.every((c) => c.ok);
        return send(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not_ready', checks });
      }
      case '/metrics': {
        const { type, body } = await sources.metrics();
        return sendText(response, 200, type, body);
      }
      case '/api/openapi.json':
        return send(response, 200, openApi());
      case '/api/status':
        return send(response, 200, sources.status());
      case '/api/history':
        return send(response, 200, sources.history());
      case '/api/rules':
        return send(response, 200, sources.rules());
      case '/api/fields':
        return send(response, 200, sources.fields());
      case '/api/alerts':
        return this.#alerts(url.searchParams, response);
      case '/api/alerts/stream':
        return this.#follow(url.searchParams, request, response);
      default: {
        const seq = /^\/api\/alerts\/(\d{1,16})$/.exec(url.pathname)?.[1];
        const text = seq === undefined ? null : sources.alert(Number(seq));
        if (text !== null) return sendText(response, 200, 'application/json', `${text}\n`);
        const what =
          seq === undefined
            ? 'there is nothing here; see /api/openapi.json'
            : 'no alert of that number is kept';
        return fail(response, 404, 'not_found', what);
      }
    }
  }

  #alerts(parameters: URLSearchParams, response: ServerResponse): void {
    const since = sinceOf(parameters.get('since'));
    const limit = Number(parameters.get('limit') ?? 100);
    if (since === undefined || !Number.isInteger(limit) || limit < 1 || limit > MAX_ALERTS) {
      const message = `since is a whole number or an ISO 8601 time, limit a whole number from 1 to ${MAX_ALERTS}`;
      fail(response, 400, 'bad_request', message);
      return;
    }
    send(response, 200, this.#sources.alerts(since, limit));
  }

  #follow(parameters: URLSearchParams, request: IncomingMessage, response: ServerResponse): void {
    const query = streamQuery(request, parameters);
    if (!query) {
      const message = 'since is a whole number, severity low, medium, high or critical';
      fail(response, 400, 'bad_request', message);
      return;
    }
    if (this.#stream.full) {
      response.setHeader('retry-after', '5');
      fail(response, 503, 'too_many_readers', 'as many streams are open as may be; close one');
      return;
    }
    guard(response);
    if (request.method === 'HEAD') {
      response.setHeader('content-type', 'text/event-stream');
      response.end();
    } else this.#stream.open(query, response);
  }

  /** The page itself is nobody's secret; without the token it comes as 401, and asks for the token. */
  #file(file: ConsoleFile, path: string, request: IncomingMessage, response: ServerResponse): void {
    const known = path !== '/' || this.#allowed(request);
    if (!known) response.setHeader('www-authenticate', 'Bearer');
    const page = known || (request.headers.accept ?? '').includes('text/html');
    if (!page) {
      unauthorized(response);
      return;
    }
    response.setHeader('content-security-policy', CONTENT_SECURITY_POLICY);
    sendText(response, known ? 200 : 401, file.type, file.body);
  }

  #allowed(request: IncomingMessage): boolean {
    const { token } = this.#options;
    if (token === null) return true;
    const given = Buffer.from(request.headers.authorization ?? '');
    const wanted = Buffer.from(`Bearer ${token}`);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  /**
   * A page of another site can make its own name point at 127.0.0.1 (DNS rebinding) and then read from here; it cannot
   * change the Host header, which is its name.
   */
  #hostAllowed(request: IncomingMessage): boolean {
    const { host } = this.#options;
    if (!isLoopback(host)) return true;
    const given = request.headers.host;
    // HTTP/1.0; no browser leaves it out.
    if (given === undefined) return true;
    const name = given
      .replace(/:\d+$/, '')
      .replace(/^\[(.*)\]$/, '$1')
      .toLowerCase();
    return isLoopback(name) || name === host.toLowerCase();
  }
}

function isLoopback(name: string): boolean {
  if (isIPv4(name)) return name.startsWith('127.');
  if (isIPv6(name)) return name === '::1' || name === '::ffff:127.0.0.1';
  return name === 'localhost';
}

/** Undefined: neither a number nor a time. */
function sinceOf(text: string | null): number | string | null | undefined {
  if (text === null) return null;
  if (/^\d{1,16}$/.test(text)) return Number(text);
  return /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined;
}

function unauthorized(response: ServerResponse): void {
  response.setHeader('www-authenticate', 'Bearer');
  fail(response, 401, 'unauthorized', 'send the token as Authorization: Bearer TOKEN');
}

function fail(response: ServerResponse, status: number, error: string, message: string): void {
  send(response, status, { error, message });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  sendText(response, status, 'application/json', `${JSON.stringify(body)}\n`);
}

function sendText(response: ServerResponse, status: number, type: string, body: string): void {
  response.statusCode = status;
  guard(response);
  response.setHeader('content-type', type);
  response.setHeader('content-length', Buffer.byteLength(body));
  response.end(body);
}

function guard(response: ServerResponse): void {
  response.setHeader('cache-control', 'no-store');
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('cross-origin-resource-policy', 'same-origin');
  response.setHeader('cross-origin-opener-policy', 'same-origin');
}
