// The admin server over real HTTP: what each path answers, to whom, and what it refuses.
import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type AdminOptions, AdminServer, type AdminSources } from '../../../src/observe/admin.js';

const open: AdminServer[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

const sources: AdminSources = {
  metrics: async () => ({ type: 'text/plain; version=0.0.4', body: 'up 1\n' }),
  readiness: () => [{ name: 'output', ok: true, reason: '' }],
  status: () => ({ events_in: 7 }),
  rules: () => ({ rules: [{ id: 'a' }] }),
  fields: () => ({ fields: [{ name: 'user.name' }] }),
  history: () => ({ samples: [] }),
  alerts: (since, limit) => ({ since, limit }),
  alert: (seq) => (seq === 7 ? '{"seq":7,"n":9007199254740993}' : null),
  follow: () => () => undefined,
};

/** A server on a free port; gives what fetches a path of it. */
async function start(
  changed: Partial<AdminSources> = {},
  token: string | null = null,
): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
  const server = new AdminServer({ host: '127.0.0.1', port: 0, token }, { ...sources, ...changed });
  open.push(server);
  const port = await server.listen();
  return (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init);
}
const bearer = (authorization: string): RequestInit => ({ headers: { authorization } });

describe('the admin server', () => {
  it('gives the metrics at /metrics with their own type', async () => {
    const response = await (await start())('/metrics');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4');
    expect(await response.text()).toBe('up 1\n');
  });

  it('is alive at /healthz even when it is not ready', async () => {
    const get = await start({ readiness: () => [{ name: 'output', ok: false, reason: 'away' }] });
    const response = await get('/healthz');
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
  });

  it('is ready at /readyz when every check holds', async () => {
    const response = await (await start())('/readyz');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      status: 'ready',
      checks: [{ name: 'output', ok: true, reason: '' }],
    });
  });

  it('says 503 at /readyz with the reasons when one check fails, and 200 when it holds again', async () => {
    let away = true;
    const checks = () => [
      { name: 'rules', ok: true, reason: '' },
      { name: 'output', ok: !away, reason: away ? 'no server takes events' : '' },
    ];
    const get = await start({ readiness: checks });
    const response = await get('/readyz');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ status: 'not_ready', checks: checks() });
    away = false;
    expect((await get('/readyz')).status).toBe(200);
  });

  it('gives status, rules and fields as JSON that nobody may cache or take for something else', async () => {
    const get = await start();
    for (const [path, body] of [
      ['/api/status', { events_in: 7 }],
      ['/api/rules', { rules: [{ id: 'a' }] }],
      ['/api/fields', { fields: [{ name: 'user.name' }] }],
    ] as const) {
      const response = await get(path);
      expect([response.status, await response.json()]).toEqual([200, body]);
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  it.each([
    ['', { since: null, limit: 100 }],
    ['?since=12&limit=1000', { since: 12, limit: 1000 }],
    ['?since=2026-07-01T08:00:00Z', { since: '2026-07-01T08:00:00Z', limit: 100 }],
    ['?limit=1', { since: null, limit: 1 }],
  ])(
    'gives alerts at /api/alerts%s after a number or a time, a hundred, unless asked otherwise',
    async (query, asked) => {
      const response = await (await start())(`/api/alerts${query}`);
      expect([response.status, await response.json()]).toEqual([200, asked]);
    },
  );

  it.each([
    'since=x',
    'since=1.5',
    'since=-1',
    'since=2026-77-01',
    'limit=0',
    'limit=1001',
    'limit=-1',
    'limit=many',
  ])('refuses /api/alerts?%s with 400', async (query) => {
    const response = await (await start())(`/api/alerts?${query}`);
    expect([response.status, await response.json()]).toEqual([
      400,
      {
        error: 'bad_request',
        message: 'since is a whole number or an ISO 8601 time, limit a whole number from 1 to 1000',
      },
    ]);
  });

  it('gives one alert in full as the text that it is', async () => {
    const get = await start();
    expect(await (await get('/api/alerts/7')).text()).toBe('{"seq":7,"n":9007199254740993}\n');
    expect((await get('/api/alerts/8')).status).toBe(404);
  });

  it('has a page at / whose policy allows its own files and nothing else', async () => {
    const get = await start();
    const response = await get('/');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = response.headers.get('content-security-policy')!.split('; ');
    expect(policy[0]).toBe("default-src 'none'");
    expect(policy.filter((part) => /unsafe|\*|https?:|data:/.test(part))).toEqual([]);
    const html = await response.text();
    expect(html).not.toMatch(/\bon\w+=|\bstyle=|<style|https?:/);
    const files = [...html.matchAll(/(?:src|href)="([\w.]+\.(?:js|css|svg))"/g)].map((m) => m[1]!);
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) {
      const script = await get(`/${file}`);
      expect(script.status).toBe(200);
      const text = await script.text();
      expect(text).not.toMatch(/innerHTML|insertAdjacentHTML|document\.write|\beval\(/);
      for (const [, next] of text.matchAll(/from '\.\/([\w.]+)'/g))
        expect((await get(`/${next}`)).status).toBe(200);
    }
  });

  it('says 404 at any other path', async () => {
    const get = await start();
    for (const path of ['/nothing', '/api', '/metrics/', '/readyz/x']) {
      const response = await get(path);
      expect([response.status, await response.json()]).toEqual([
        404,
        { error: 'not_found', message: 'there is nothing here; see /api/openapi.json' },
      ]);
    }
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('says 405 to %s, and what is allowed', async (method) => {
    const response = await (await start())('/metrics', { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
  });

  it('answers HEAD without a body', async () => {
    const response = await (await start())('/metrics', { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  it('says 500 when a source fails, and goes on', async () => {
    const get = await start({ metrics: () => Promise.reject(new Error('no numbers')) });
    const response = await get('/metrics');
    expect([response.status, await response.json()]).toEqual([
      500,
      { error: 'internal', message: 'no numbers' },
    ]);
    expect((await get('/healthz')).status).toBe(200);
  });

  it('does not start on a port that is taken', async () => {
    const options: AdminOptions = { host: '127.0.0.1', port: 0, token: null };
    const first = new AdminServer(options, sources);
    open.push(first);
    const second = new AdminServer({ ...options, port: await first.listen() }, sources);
    await expect(second.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

/** A GET with a Host header of one's own, which fetch does not allow. */
function asHost(port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, host: '127.0.0.1', path: '/api/status', headers: { host } });
    request.on('response', (r) => {
      r.resume();
      resolve(r.statusCode ?? 0);
    });
    request.on('error', reject);
    request.end();
  });
}

describe('an admin server on loopback', () => {
  it('answers nobody who calls it by a foreign name: a page elsewhere cannot read it by DNS rebinding', async () => {
    const server = new AdminServer({ host: '127.0.0.1', port: 0, token: null }, sources);
    open.push(server);
    const port = await server.listen();
    for (const host of ['evil.example', `evil.example:${port}`, 'localhost.evil.example', '127.0.0.1.evil'])
      expect([host, await asHost(port, host)]).toEqual([host, 403]);
    for (const host of [
      'localhost',
      `localhost:${port}`,
      '127.0.0.1',
      `127.0.0.1:${port}`,
      '[::1]:80',
      'LOCALHOST',
    ])
      expect([host, await asHost(port, host)]).toEqual([host, 200]);
  });

  it('answers by any name when it was made to listen for others', async () => {
    const server = new AdminServer({ host: '0.0.0.0', port: 0, token: null }, sources);
    open.push(server);
    expect(await asHost(await server.listen(), 'stage.example')).toBe(200);
  });
});

describe('an admin server with a token', () => {
  it('gives a browser the page that asks for it, still as 401, and everybody the page’s files', async () => {
    const get = await start({}, 'secret');
    const response = await get('/', { headers: { accept: 'text/html,*/*' } });
    expect([response.status, response.headers.get('content-type')]).toEqual([
      401,
      'text/html; charset=utf-8',
    ]);
    expect((await get('/app.js')).status).toBe(200);
  });

  it.each([
    ['/', 200],
    ['/metrics', 200],
    ['/readyz', 200],
    ['/api/status', 200],
    ['/api/rules', 200],
    ['/api/fields', 200],
    ['/api/alerts', 200],
    ['/nothing', 404],
  ])('answers at %s with %d to who has the token, and 401 to who has none', async (path, status) => {
    const get = await start({}, 'secret');
    expect((await get(path, bearer('Bearer secret'))).status).toBe(status);
    const response = await get(path);
    expect([response.status, await response.json()]).toEqual([
      401,
      { error: 'unauthorized', message: 'send the token as Authorization: Bearer TOKEN' },
    ]);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
  });

  it.each(['Bearer Secret', 'Bearer secre', 'Bearer secrets', 'Bearer', 'secret', 'Basic secret'])(
    'refuses %j',
    async (authorization) => {
      const get = await start({}, 'secret');
      expect((await get('/metrics', bearer(authorization))).status).toBe(401);
    },
  );

  it('does not take the token from the address', async () => {
    const get = await start({}, 'secret');
    expect((await get('/metrics?token=secret')).status).toBe(401);
  });

  it('is alive at /healthz to everyone, as orchestrators have no token', async () => {
    expect((await (await start({}, 'secret'))('/healthz')).status).toBe(200);
  });
});

describe('the stream of alerts', () => {
  it('has a heartbeat, so that proxies keep it open and a dead reader is noticed', async () => {
    const server = new AdminServer(
      { host: '127.0.0.1', port: 0, token: null, stream: { heartbeatMs: 20 } },
      sources,
    );
    open.push(server);
    const response = await fetch(`http://127.0.0.1:${await server.listen()}/api/alerts/stream`);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (text.split(':\n\n').length < 4) text += (await reader.read()).value;
    expect(text.startsWith(':\nretry: 2000\n\n')).toBe(true);
    await reader.cancel();
  });

  it.each(['since=x', 'since=-1', 'severity=urgent'])('is refused for %s with 400', async (query) => {
    const response = await (await start())(`/api/alerts/stream?${query}`);
    expect(response.status).toBe(400);
  });
});
