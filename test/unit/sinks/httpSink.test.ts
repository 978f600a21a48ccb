import { createServer, type IncomingMessage, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { Alert } from '../../../src/alerts/alert.js';
import type { SinkConfig } from '../../../src/config/config.js';
import { encode } from '../../../src/msgpack/encode.js';
import { HttpSink } from '../../../src/sinks/httpSink.js';
import type { SinkError } from '../../../src/sinks/sink.js';

interface Request {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
interface Reply {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

let requests: Request[] = [];
let connections = 0;
const servers: Server[] = [];
const sinks: HttpSink[] = [];
afterEach(async () => {
  for (const s of sinks.splice(0)) await s.close();
  for (const s of servers.splice(0)) {
    s.closeAllConnections();
    await new Promise((resolve) => s.close(resolve));
  }
  requests = [];
  connections = 0;
});

async function serve(reply: (request: Request, n: number) => Reply | null): Promise<string> {
  const server = createServer((incoming, response) => {
    const pieces: Buffer[] = [];
    incoming.on('data', (piece: Buffer) => pieces.push(piece));
    incoming.on('end', () => {
      const request = {
        url: incoming.url ?? '',
        headers: incoming.headers,
        body: Buffer.concat(pieces).toString(),
      };
      requests.push(request);
      const answer = reply(request, requests.length - 1);
      if (answer === null) return;
      response.writeHead(answer.status ?? 200, answer.headers).end(answer.body ?? '');
    });
  });
  server.on('connection', () => {
    connections += 1;
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

function sinkAt(url: string, over: Partial<Extract<SinkConfig, { kind: 'http' }>> = {}): HttpSink {
  const sink = new HttpSink({
    kind: 'http',
    url,
    form: 'json',
    headers: { authorization: 'ApiKey secret' },
    tls: null,
    timeout: 5000,
    batchSize: 10,
    ...over,
  });
  sinks.push(sink);
  return sink;
}

const alerts = (count: number): Alert[] =>
  Array.from({ length: count }, (_, n) => ({
    id: `id${n}`,
    ruleId: 'r',
    ruleName: 'Rule',
    severity: 'medium',
    riskScore: 47,
    tag: 'alert.a',
    time: encode(1),
    record: encode({ n }),
  }));

const failure = (sink: HttpSink, count = 1): Promise<SinkError> =>
  sink.deliver(alerts(count)).then(
    () => {
      throw new Error('it was delivered');
    },
    (error: SinkError) => error,
  );

describe('an HTTP sink', () => {
  it.each([408, 425, 429, 401, 403, 500, 502, 503])('tries again after %i', async (status) => {
    const { permanent } = await failure(sinkAt(await serve(() => ({ status }))));
    expect(permanent).toBe(false);
  });

  it.each([400, 404, 410, 413, 415, 422])('sets aside what was answered with %i', async (status) => {
    const url = await serve(() => ({ status, body: 'no\nsuch thing' }));
    const { permanent, message } = await failure(sinkAt(url));
    expect(permanent).toBe(true);
    expect(message).toBe(`${url}/ answered ${status}: no such thing`);
  });

  it('waits as long as Retry-After says, in seconds or until a date', async () => {
    const date = 'Tue, 24 Nov 2026 10:00:00 GMT';
    const later = 'Tue, 24 Nov 2026 10:00:30 GMT';
    const url = await serve((_, n) => ({
      status: 429,
      headers: { date, 'retry-after': n === 0 ? '7' : later },
    }));
    expect((await failure(sinkAt(url))).retryAfter).toBe(7000);
    expect((await failure(sinkAt(url))).retryAfter).toBe(30_000);
  });

  it('follows redirects with the same body, and gives its credentials to no other host', async () => {
    const other = await serve(() => ({}));
    const home = await serve((r) => ({
      status: 307,
      headers: { location: r.url === '/' ? '/b' : `${other}/c` },
    }));
    await sinkAt(home).deliver(alerts(1));
    expect(requests.map((r) => [r.url, r.body, r.headers.authorization])).toEqual([
      ['/', '[{"n":0}]', 'ApiKey secret'],
      ['/b', '[{"n":0}]', 'ApiKey secret'],
      ['/c', '[{"n":0}]', undefined],
    ]);
    const loop = await serve(() => ({ status: 308, headers: { location: '/' } }));
    expect(await failure(sinkAt(loop))).toMatchObject({ permanent: false });
  });

  it('keeps its connection, and does not mind that the server has closed it in between', async () => {
    const url = await serve(() => ({}));
    const sink = sinkAt(url);
    await sink.deliver(alerts(1));
    await sink.deliver(alerts(1));
    expect(connections).toBe(1);
    servers[0]!.closeIdleConnections();
    await sink.deliver(alerts(1));
    expect(requests).toHaveLength(3);
  });

  it('gives up on an answer that does not come in its time', async () => {
    const error = await failure(sinkAt(await serve(() => null), { timeout: 100 }));
    expect(error).toMatchObject({ permanent: false, message: expect.stringContaining('100 ms') });
  });
});

describe('Elasticsearch’s _bulk', () => {
  const bulk = (...statuses: number[]): Reply => ({
    body: JSON.stringify({
      errors: statuses.some((s) => s >= 300),
      items: statuses.map((status) => ({ create: { status, error: { reason: `status ${status}` } } })),
    }),
  });
  const sink = async (reply: Reply): Promise<HttpSink> =>
    sinkAt(`${await serve(() => reply)}/_bulk`, { form: 'elasticsearch_bulk' });

  it('gets each alert as a create under its own id', async () => {
    await (await sink(bulk(201, 201))).deliver(alerts(2));
    expect(requests[0]!.body).toBe('{"create":{"_id":"id0"}}\n{"n":0}\n{"create":{"_id":"id1"}}\n{"n":1}\n');
    expect(requests[0]!.headers['content-type']).toBe('application/x-ndjson');
  });

  it('has a document already that it answers with 409', async () => {
    await (await sink(bulk(201, 409, 201))).deliver(alerts(3));
  });

  it('that refuses one document for good is told apart from the delivered ones before it', async () => {
    const error = await failure(await sink(bulk(201, 409, 400, 201)), 4);
    expect(error).toMatchObject({
      permanent: true,
      delivered: 2,
      message: expect.stringContaining('status 400'),
    });
  });

  it('that is too busy for some gets them again', async () => {
    expect(await failure(await sink(bulk(201, 429, 400)), 3)).toMatchObject({
      permanent: false,
      delivered: 1,
    });
  });

  it('that answers for fewer documents than were sent has taken none of them for sure', async () => {
    expect(await failure(await sink(bulk(400)), 2)).toMatchObject({ permanent: false, delivered: 0 });
  });
});

describe('Slack’s form', () => {
  it('is one message an alert', async () => {
    await sinkAt(await serve(() => ({})), { form: 'slack' }).deliver(alerts(2));
    expect(requests.map((r) => Object.keys(JSON.parse(r.body) as object))).toEqual([['text'], ['text']]);
  });
});
