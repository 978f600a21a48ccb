// The admin server: metrics, health and what the stage knows, as JSON; and a page of it. GET only, loopback unless
// said otherwise, an optional bearer token.
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { CONTENT_SECURITY_POLICY, page } from './page.js';

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
  readonly rules: () => unknown;
  /** Fields that rules read, and whether the traffic has them. */
  readonly fields: () => unknown;
  /** Alerts after the given number, oldest first. */
  readonly alerts: (since: number, limit: number) => unknown;
}

export interface AdminOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string | null;
}

export class AdminServer {
  readonly #options: AdminOptions;
  readonly #sources: AdminSources;
  readonly #server: Server;

  constructor(options: AdminOptions, sources: AdminSources) {
    this.#options = options;
    this.#sources = sources;
    this.#server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: 10_000 }, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        send(response, 500, { error: 'internal', message: (error as Error).message });
      });
    });
    this.#server.maxConnections = 64;
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
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://admin');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      send(response, 405, { error: 'method_not_allowed' });
      return;
    }
    if (url.pathname !== '/healthz' && !this.#allowed(request)) {
      response.setHeader('www-authenticate', 'Bearer');
      send(response, 401, { error: 'unauthorized' });
      return;
    }
    switch (url.pathname) {
      case '/healthz':
        return send(response, 200, { status: 'ok' });
      case '/readyz': {
        const checks = this.#sources.readiness();
        const ready = checks.every((c) => c.ok);
        return send(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not_ready', checks });
      }
      case '/metrics': {
        const { type, body } = await this.#sources.metrics();
        return sendText(response, type, body);
      }
      case '/api/status':
        return send(response, 200, this.#sources.status());
      case '/api/rules':
        return send(response, 200, this.#sources.rules());
      case '/api/fields':
        return send(response, 200, this.#sources.fields());
      case '/api/alerts': {
        const since = Number(url.searchParams.get('since') ?? 0);
        const limit = Number(url.searchParams.get('limit') ?? 100);
        if (!Number.isInteger(since) || !Number.isInteger(limit) || limit < 1 || limit > 1000) {
          return send(response, 400, {
            error: 'bad_request',
            message: 'since and limit (1 to 1000) are whole numbers',
          });
        }
        return send(response, 200, this.#sources.alerts(since, limit));
      }
      case '/':
        response.setHeader('content-security-policy', CONTENT_SECURITY_POLICY);
        return sendText(response, 'text/html; charset=utf-8', page);
      default:
        return send(response, 404, { error: 'not_found' });
    }
  }

  #allowed(request: IncomingMessage): boolean {
    const { token } = this.#options;
    if (token === null) return true;
    const given = Buffer.from(request.headers.authorization ?? '');
    const wanted = Buffer.from(`Bearer ${token}`);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.statusCode = status;
  sendText(response, 'application/json', `${JSON.stringify(body)}\n`);
}

function sendText(response: ServerResponse, type: string, body: string): void {
  response.setHeader('content-type', type);
  response.setHeader('cache-control', 'no-store');
  response.setHeader('x-content-type-options', 'nosniff');
  response.end(body);
}
