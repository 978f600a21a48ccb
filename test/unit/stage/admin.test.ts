// The admin API of a whole running stage: every answer as openapi.json describes it, alerts as they come, readiness.
import { spawnSync } from 'node:child_process';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeRule, SEED_ID } from '../../support/makeRule.js';
import { match } from '../../support/records.js';
import type { Sender } from '../../support/sender.js';
import { StageDriver } from '../../support/stageDriver.js';
import { messageMode } from '../../support/wire.js';

const admin = 'admin: { listen: "127.0.0.1:0" }';
const promtool = spawnSync('promtool', ['--version']).error === undefined;
const big = '9007199254740993';

type Json = Record<string, unknown>;

let driver: StageDriver;
let sender: Sender;

beforeEach(async () => {
  driver = await StageDriver.start({ config: admin, rules: [makeRule({ note: '## Look\n- here' })] });
  sender = await driver.sender();
});
afterEach(async () => {
  await sender.close();
  await driver.stop();
});

const url = (path: string): string => `${driver.running.admin}${path}`;
async function get(path: string): Promise<{ status: number; body: Json }> {
  const response = await fetch(url(path));
  return { status: response.status, body: (await response.json()) as Json };
}
/** Sends events that match, and waits until they are acked. */
async function alerts(...ids: string[]): Promise<void> {
  const before = sender.acks.length;
  for (const id of ids) sender.write(messageMode('azure', match(id), { chunk: id }));
  await sender.acked(before + ids.length);
}

/** What a stream has said so far. */
class Stream {
  text = '';
  readonly response: IncomingMessage;
  #ended = false;
  readonly #waiting: (() => void)[] = [];

  private constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding('utf8').on('data', (text: string) => {
      this.text += text;
      for (const wake of this.#waiting.splice(0)) wake();
    });
    for (const how of ['close', 'error'] as const)
      response.on(how, () => {
        this.#ended = true;
        for (const wake of this.#waiting.splice(0)) wake();
      });
  }
  static open(path: string, headers: Record<string, string> = {}): Promise<Stream> {
    return new Promise((resolve, reject) => {
      httpGet(url(path), { headers, agent: false }, (r) => resolve(new Stream(r))).on('error', reject);
    });
  }
  get alerts(): Json[] {
    return [...this.text.matchAll(/^data: (.*)$/gm)].map((m) => JSON.parse(m[1]!) as Json);
  }
  async has(test: () => boolean): Promise<void> {
    while (!test()) {
      if (this.#ended) throw new Error(`the stream ended: ${this.text}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
  async ended(): Promise<void> {
    while (!this.#ended) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

describe('the admin API of a running stage', () => {
  it('answers at every path of its OpenAPI description in the shape that is described there', async () => {
    await alerts('one', 'two');
    const { body: description } = await get('/api/openapi.json');
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: 'api', ...description });
    const newest = (await get('/api/alerts')).body['next'];
    const described = description['paths'] as Record<string, Json>;
    const checked: string[] = [];
    for (const [path, { get: operation }] of Object.entries(described)) {
      const responses = (operation as { responses: Record<string, { content?: Json }> }).responses;
      for (const [asked, status] of [
        [path.replace('{seq}', String(newest)), 200],
        [path.replace('{seq}', '999'), 404],
        [`${path}?since=nonsense&severity=none`, 400],
      ] as const) {
        if (!(status in responses) || path.endsWith('/stream')) continue;
        const response = await fetch(url(asked), { headers: { accept: 'text/html, */*' } });
        expect([asked, response.status]).toEqual([asked, status]);
        const type = response.headers.get('content-type')!.split(';')[0]!;
        expect([asked, Object.keys(responses[status]!.content!)]).toEqual([asked, [type]]);
        if (type !== 'application/json') continue;
        const pointer = ['paths', path, 'get', 'responses', String(status), 'content', type, 'schema'];
        const ref = `api#/${pointer.map((p) => encodeURIComponent(p.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
        const fits = ajv.validate({ $ref: ref }, await response.json());
        expect([asked, fits, ajv.errorsText()]).toEqual([asked, true, 'No errors']);
        checked.push(path);
      }
    }
    expect(new Set(checked).size).toBeGreaterThanOrEqual(9);
    for (const path of ['/', '/healthz', '/readyz', '/metrics', '/api/alerts/stream'])
      expect(Object.keys(described)).toContain(path);
  });

  it('gives an alert in full: evidence, event with its integers whole, guide, query', async () => {
    const record = { ...match('one'), number: BigInt(big) };
    sender.write(messageMode('azure', record, { chunk: 'c' }));
    await sender.acked(1);
    const { body } = await get('/api/alerts');
    const seq = body['next'];
    const text = await (await fetch(url(`/api/alerts/${seq}`))).text();
    expect(text).toContain(`"number":${big}`);
    const alert = JSON.parse(text) as Json;
    expect(alert).toMatchObject({ seq, rule_id: SEED_ID, severity: 'medium', guide: '## Look\n- here' });
    expect(alert['evidence']).toContainEqual({ field: 'event.dataset', values: ['azure.signinlogs'] });
    expect((alert['record'] as Json)['event']).toMatchObject({ kind: 'alert' });
  });

  it('gives alerts after a number without a gap, the latest without one, and those after a time', async () => {
    await alerts('1', '2', '3', '4', '5');
    const first = Number((await get('/api/alerts')).body['kept']) - 1;
    const seqs = async (query: string): Promise<[number[], number]> => {
      const { body } = await get(`/api/alerts?${query}`);
      const list = (body['alerts'] as Json[]).map((a) => (a['seq'] as number) - first);
      return [list, (body['next'] as number) - first];
    };
    expect(await seqs('limit=2')).toEqual([[4, 5], 5]);
    expect(await seqs('since=0&limit=2')).toEqual([[1, 2], 2]);
    expect(await seqs(`since=${first + 2}&limit=2`)).toEqual([[3, 4], 4]);
    expect(await seqs(`since=${first + 5}`)).toEqual([[], 5]);
    expect(await seqs('since=2001-01-01T00:00:00Z&limit=1')).toEqual([[1], 1]);
    expect(await seqs(`since=${encodeURIComponent(new Date(Date.now() + 1e6).toISOString())}`)).toEqual([
      [],
      5,
    ]);
  });

  it('tells of a rule its hits, its cost and its last match', async () => {
    await alerts('1', '2');
    sender.write(messageMode('azure', { event: { dataset: 'other' } }, { chunk: 'x' }));
    await sender.acked(3);
    const { body } = await get('/api/rules');
    const [rule] = body['rules'] as Json[];
    expect(rule).toMatchObject({ id: SEED_ID, state: 'active', error: null, matches: 2, alerts: 2 });
    const cost = rule!['cost'] as Record<string, number>;
    expect(cost['candidates']).toBe(2);
    expect(cost['ns_per_candidate']).toBeGreaterThan(0);
    expect(Date.parse(String(rule!['last_match']))).toBeGreaterThan(Date.now() - 60_000);
  });

  it('is ready with a reason for each check, and not when the output goes away; then it says so with 503', async () => {
    const { status, body } = await get('/readyz');
    expect(status).toBe(200);
    const checks = body['checks'] as { name: string; ok: boolean; reason: string }[];
    expect(checks.map((c) => c.name)).toEqual(['rules', 'listening', 'output', 'spool']);
    expect(checks.every((c) => c.ok && c.reason !== '')).toBe(true);
    await driver.downstream.stop();
    await expect.poll(async () => (await get('/readyz')).status, { timeout: 10_000 }).toBe(503);
    const { body: away } = await get('/readyz');
    expect((away['checks'] as { name: string; ok: boolean; reason: string }[])[2]).toMatchObject({
      ok: false,
      reason: expect.stringContaining('is away'),
    });
  });

  it('says at /readyz and /api/rules what kept a reload from coming into force, until one does', async () => {
    driver.running.stage.notReloaded(['rules/a.toml:3:1: broken']);
    expect((await get('/api/rules')).body['load_errors']).toEqual(['rules/a.toml:3:1: broken']);
    const { status, body } = await get('/readyz');
    expect([status, JSON.stringify(body)]).toEqual([200, expect.stringContaining('last reload failed')]);
    driver.running.stage.reload(driver.running.stage.ruleSet);
    expect((await get('/api/status')).body['load_errors']).toEqual([]);
  });

  it('has metrics that promtool finds nothing wrong with', { skip: !promtool }, async () => {
    await alerts('1');
    const text = await (await fetch(url('/metrics'))).text();
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect([checked.status, checked.stderr, checked.stdout]).toEqual([0, '', '']);
    for (const series of [
      'fluent_detect_rules{state="active"} 1',
      'fluent_detect_rules{state="unsupported"} 0',
      'fluent_detect_rejected_total{reason="frame_too_large"} 0',
      'fluent_detect_alerts_total{sink="",outcome="capped"} 0',
      `fluent_detect_matches_total{rule_id="${SEED_ID}",severity="medium"} 1`,
    ])
      expect(text.split('\n')).toContain(series);
    expect(text).toMatch(/fluent_detect_alerts_total\{sink="file:[^"]+",outcome="spooled"\} 0/);
    expect(text).toMatch(/fluent_detect_sink_up\{sink="file:[^"]+"\} 1/);
  });
});

describe('the stream of alerts', () => {
  it('tells of each alert as it comes, with its number, and goes on after the one that a reader had last', async () => {
    const stream = await Stream.open('/api/alerts/stream');
    expect(stream.response.headers['content-type']).toBe('text/event-stream');
    await alerts('1', '2');
    await stream.has(() => stream.alerts.length === 2);
    const [seq] = stream.alerts.map((a) => Number(a['seq']));
    expect(stream.text).toContain(`id: ${seq}\nevent: alert\ndata: `);
    stream.response.destroy();
    await alerts('3');
    const again = await Stream.open('/api/alerts/stream', { 'last-event-id': String(seq) });
    await again.has(() => again.alerts.length === 2);
    expect(again.alerts.map((a) => a['seq'])).toEqual([seq! + 1, seq! + 2]);
    again.response.destroy();
  });

  it('tells all it keeps to a reader that knew an earlier run', async () => {
    await alerts('1');
    const stream = await Stream.open('/api/alerts/stream', { 'last-event-id': '4711' });
    await stream.has(() => stream.alerts.length === 1);
    stream.response.destroy();
  });

  it('leaves out what the reader did not ask for, and gives the whole record to who asks for it', async () => {
    const worse = await Stream.open('/api/alerts/stream?severity=high');
    const other = await Stream.open('/api/alerts/stream?rule=other');
    const mine = await Stream.open(`/api/alerts/stream?rule=${SEED_ID}&severity=medium&record=true`);
    await alerts('1');
    await mine.has(() => mine.alerts.length === 1);
    expect((mine.alerts[0]!['record'] as Json)['event']).toMatchObject({ id: '1', kind: 'alert' });
    expect([worse.alerts, other.alerts]).toEqual([[], []]);
    for (const stream of [worse, other, mine]) stream.response.destroy();
  });

  it('drops a reader that does not read, and no event waits for it', async () => {
    const slow = await Stream.open('/api/alerts/stream?record=true');
    slow.response.pause();
    const filler = 'x'.repeat(400_000);
    const ids = Array.from({ length: 60 }, (_, i) => `s${i}`);
    for (const id of ids) sender.write(messageMode('azure', { ...match(id), filler }, { chunk: id }));
    await sender.acked(ids.length);
    slow.response.resume();
    await slow.ended();
    expect(slow.text.split('event: alert').length).toBeLessThan(ids.length);
    expect((await get('/healthz')).status).toBe(200);
  });

  it('is refused past sixteen readers, and open again when one has gone', async () => {
    const readers = [];
    for (let i = 0; i < 16; i += 1) readers.push(await Stream.open('/api/alerts/stream'));
    expect((await get('/api/alerts/stream')).status).toBe(503);
    readers[0]!.response.destroy();
    await expect
      .poll(async () => {
        const stream = await Stream.open('/api/alerts/stream');
        stream.response.destroy();
        return stream.response.statusCode;
      })
      .toBe(200);
    for (const reader of readers) reader.response.destroy();
  });
});
