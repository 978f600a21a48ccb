// What `top` and `tap` read a running stage through: its admin API, with the token, every error said with its cure.
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { hostPort } from '../config/endpoints.js';
import { type CommandIo, configFor } from './io.js';

export interface AdminFlags {
  readonly config?: string;
  /** `HOST:PORT` or a URL. */
  readonly admin?: string;
}

const ADMIN_TOKEN = 'FLUENT_DETECT_ADMIN_TOKEN';
const DEFAULT_ADMIN = 'http://127.0.0.1:24220';

/** Why the stage could not be asked; the message says what to do. */
export class AdminError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AdminError';
  }
}

/** Null: the config does not load; that has been said. @throws AdminError, EndpointError */
export function adminClient(flags: AdminFlags, io: CommandIo): AdminClient | null {
  let base = flags.admin === undefined ? null : urlOf(flags.admin);
  let token = io.env[ADMIN_TOKEN] ?? null;
  if (base === null || flags.config !== undefined) {
    const config = configFor({ ...(flags.config ? { config: flags.config } : {}) }, io, { output: false });
    if (!config) return null;
    if (config.admin) {
      const { host, port } = config.admin;
      base ??= `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
      token ??= config.admin.token;
    }
  }
  return new AdminClient(base ?? DEFAULT_ADMIN, token);
}

function urlOf(text: string): string {
  if (/^https?:\/\//.test(text)) {
    if (!URL.canParse(text)) throw new AdminError(`--admin: ${text} is no URL`);
    return text.replace(/\/+$/, '');
  }
  const { host, port } = hostPort(text, text);
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

export class AdminClient {
  readonly base: string;
  readonly #token: string | null;

  constructor(base: string, token: string | null) {
    this.base = base;
    this.#token = token;
  }

  /** @throws AdminError */
  async get(path: string): Promise<unknown> {
    const answer = await this.#ask(path, {});
    let text = '';
    for await (const piece of answer.setEncoding('utf8')) text += piece;
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new AdminError(
        `${this.base}${path} answered something that is not JSON; is it a fluent-detect?`,
        {
          cause,
        },
      );
    }
  }

  /**
   * Server-Sent Events until the stage ends the stream, or `signal` does.
   * @param events told when the stream is open, and each event's id and data. @throws AdminError
   */
  async follow(
    path: string,
    lastId: string | null,
    signal: AbortSignal,
    events: { readonly onOpen: () => void; readonly onEvent: (id: string, data: string) => void },
  ): Promise<void> {
    const headers = lastId === null ? {} : { 'last-event-id': lastId };
    const answer = await this.#ask(path, { signal, headers });
    events.onOpen();
    let rest = '';
    try {
      for await (const piece of answer.setEncoding('utf8')) {
        const whole = (rest + piece).split('\n\n');
        rest = whole.pop()!;
        for (const event of whole) {
          const field = (name: string): string | undefined =>
            event
              .split('\n')
              .find((line) => line.startsWith(`${name}: `))
              ?.slice(name.length + 2);
          const data = field('data');
          if (data !== undefined) events.onEvent(field('id') ?? '', data);
        }
      }
    } catch (cause) {
      if (!signal.aborted) throw new AdminError(`${this.base} went away`, { cause });
    }
  }

  #ask(path: string, options: RequestOptions): Promise<IncomingMessage> {
    const url = new URL(`${this.base}${path}`);
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const headers = {
      ...(options.headers as Record<string, string>),
      ...(this.#token === null ? {} : { authorization: `Bearer ${this.#token}` }),
    };
    return new Promise((resolve, reject) => {
      const request = send(url, { ...options, headers, agent: false });
      request.on('error', (cause: NodeJS.ErrnoException) => {
        const why = cause.code ?? cause.message;
        reject(
          new AdminError(
            `no stage answers at ${this.base} (${why}): start it with --admin, or say where it is with --admin HOST:PORT`,
            { cause },
          ),
        );
      });
      request.on('response', (answer) => {
        if (answer.statusCode === 200) resolve(answer);
        else {
          answer.resume();
          reject(new AdminError(this.#refusal(path, answer.statusCode ?? 0)));
        }
      });
      request.end();
    });
  }

  #refusal(path: string, status: number): string {
    if (status === 401)
      return this.#token === null
        ? `${this.base} asks for a token: set ${ADMIN_TOKEN}, or say --config with the stage's config`
        : `${this.base} does not take this token: compare it with admin.token of the stage's config`;
    return `${this.base}${path} answered ${status}`;
  }
}
