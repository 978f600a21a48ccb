// Rules loaded again while events flow, and what outlives a reload and a restart.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Program } from '../support/program.js';
import { Sender } from '../support/sender.js';
import { messageMode } from '../support/wire.js';

let folder: string;
const programs: Program[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fd-reload-'));
  mkdirSync(join(folder, 'rules'));
});
afterEach(async () => {
  await Promise.all(programs.splice(0).map((p) => p.kill()));
  rmSync(folder, { recursive: true, force: true });
});

function putRule(id: string, query: string, more: object = {}): void {
  const rule = {
    rule_id: id,
    name: id,
    description: 'd',
    risk_score: 47,
    severity: 'medium',
    type: 'query',
    query,
  };
  writeFileSync(join(folder, 'rules', `${id}.json`), JSON.stringify({ ...rule, ...more }));
}

function start(config = ''): Program {
  writeFileSync(
    join(folder, 'c.yaml'),
    `inputs: [{ listen: forward://127.0.0.1:0 }]\noutput: { to: 'file:out.ndjson' }\nalerts: { sinks: ['file:alerts.ndjson'] }\nadmin: { listen: 127.0.0.1:0 }\n${config}`,
  );
  const program = new Program(['run', '--log-format', 'json', '--config', 'c.yaml'], { cwd: folder });
  programs.push(program);
  return program;
}
const withRules = (more = ''): string => `rules: { paths: [rules]${more} }\n`;
const lines = (name: string): Record<string, never>[] =>
  readFileSync(join(folder, name), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, never>);
const reloads = (p: Program): number => p.stderr.split('"rules reloaded"').length - 1;
const reloaded = (p: Program, times: number): Promise<void> =>
  p.says(new RegExp(`(?:"rules reloaded"[\\s\\S]*){${times}}`));

async function metric(program: Program, name: string): Promise<number | null> {
  const { admin } = await program.ready();
  const text = await (await fetch(`${admin}/metrics`)).text();
  const line = text.split('\n').find((l) => l.startsWith(`${name} `));
  return line === undefined ? null : Number(line.split(' ')[1]);
}

/** Sends records one by one, each confirmed. */
async function send(sender: Sender, from: number, ...records: object[]): Promise<void> {
  for (const [n, record] of records.entries()) {
    sender.write(messageMode('a', record as never, { chunk: `${from + n}` }));
    await sender.acked(from + n + 1);
  }
}

describe('a reload', () => {
  it('under load loses no event, keeps their order, and judges later ones by the new set', async () => {
    for (let n = 0; n < 300; n += 1) putRule(`r${n}`, `f: v${n} and g: (a or b or c*) and not h: *x*`);
    const program = start(withRules());
    const sender = await Sender.to(await program.port());
    let n = 0;
    for (; n < 400 || reloads(program) < 3; n += 1) {
      sender.write(messageMode('a', { n, f: `v${n % 300}`, g: 'a' }, { chunk: `${n}` }));
      if (n === 50) putRule('added', 'n: *');
      if (n % 100 === 60) program.signal('SIGHUP');
      // In flight all the time, and never more than a hundred of them.
      if (n % 100 === 0) await sender.acked(Math.max(0, n - 100));
    }
    await sender.acked(n);
    await send(sender, n, { n, f: 'none' });
    expect(sender.acks).toEqual(Array.from({ length: n + 1 }, (_, i) => `${i}`));
    const out = lines('out.ndjson') as unknown as { n: number; detection?: { rules: { id: string }[] } }[];
    expect(out.map((e) => e.n)).toEqual(Array.from({ length: n + 1 }, (_, i) => i));
    expect(out[0]!.detection!.rules.map((r) => r.id)).toEqual(['r0']);
    expect(out.at(-1)!.detection!.rules.map((r) => r.id)).toEqual(['added']);
  });

  it('with a malformed rule leaves the whole old set in force, and says and counts what is invalid', async () => {
    putRule('a', 'f: x');
    const program = start(withRules());
    const sender = await Sender.to(await program.port());
    const { rule_set: hash } = (await program.ready()) as unknown as { rule_set: string };
    putRule('b', 'f: *');
    putRule('c', 'f: (x', { risk_score: 1 });
    putRule('d', '*', { risk_score: 101, severity: 'dire' });
    program.signal('SIGHUP');
    await program.says('the old ones stay in force');
    expect(program.stderr).toMatch(/c\.json:1:\d+: query: this "\(" is never closed/);
    await send(sender, 0, { f: 'x' }, { f: 'y' });
    const found = (lines('out.ndjson') as unknown as { detection?: { rules: { id: string }[] } }[]).map((e) =>
      (e.detection?.rules ?? []).map((r) => r.id),
    );
    expect(found).toEqual([['a'], []]);
    expect(await metric(program, 'fluent_detect_rules{state="invalid"}')).toBe(2);
    expect(await metric(program, 'fluent_detect_rules{state="active"}')).toBe(1);
    expect(await metric(program, `fluent_detect_rule_set{hash="${hash}"}`)).toBe(1);
    putRule('c', 'f: y', { type: 'eql', language: 'eql' });
    putRule('d', 'f: y', { enabled: false });
    program.signal('SIGHUP');
    await reloaded(program, 1);
    expect(await metric(program, 'fluent_detect_rules{state="invalid"}')).toBe(0);
    expect(await metric(program, 'fluent_detect_rules{state="active"}')).toBe(2);
    expect(await metric(program, 'fluent_detect_rules{state="unsupported"}')).toBe(1);
    expect(await metric(program, 'fluent_detect_rules{state="disabled"}')).toBe(1);
    expect(await metric(program, `fluent_detect_rule_set{hash="${hash}"}`)).toBeNull();
  });

  it('keeps what caps, the look-back and thresholds have counted', async () => {
    putRule('cap', 'f: cap', { max_signals: 1, interval: '1d' });
    putRule('seen', 'event.id: *', { from: 'now-1h' });
    putRule('three', 'f: t', { type: 'threshold', threshold: { field: ['u'], value: 3 }, from: 'now-1h' });
    const program = start(withRules());
    const sender = await Sender.to(await program.port());
    await send(sender, 0, { f: 'cap', n: 1 }, { event: { id: 'e' } }, { f: 't', u: 'a' }, { f: 't', u: 'a' });
    putRule('new', 'f: nothing');
    program.signal('SIGHUP');
    await reloaded(program, 1);
    await send(sender, 4, { f: 'cap', n: 2 }, { event: { id: 'e' } }, { f: 't', u: 'a' });
    const { admin } = await program.ready();
    const text = await (await fetch(`${admin}/metrics`)).text();
    expect(text).toContain('fluent_detect_alerts_total{sink="",outcome="capped"} 1');
    expect(text).toContain('fluent_detect_alerts_total{sink="",outcome="duplicate"} 1');
    const out = lines('out.ndjson') as unknown as { detection?: { rules: { id: string }[] } }[];
    expect(out.map((e) => e.detection?.rules[0]?.id ?? null)).toEqual([
      'cap',
      'seen',
      null,
      null,
      'cap',
      'seen',
      'three',
    ]);
  });

  it('comes by itself when the files change, where rules.watch says how often they are looked at', async () => {
    putRule('a', 'f: x');
    const program = start(withRules(', watch: 100ms'));
    const sender = await Sender.to(await program.port());
    putRule('b', 'f: y');
    await reloaded(program, 1);
    putRule('b', 'f: (');
    await program.says('the old ones stay in force');
    await send(sender, 0, { f: 'y' });
    rmSync(join(folder, 'rules', 'b.json'));
    await reloaded(program, 2);
    await send(sender, 1, { f: 'y' }, { f: 'x' });
    const out = lines('out.ndjson') as unknown as { detection?: unknown }[];
    expect(out.map((e) => e.detection !== undefined)).toEqual([true, false, true]);
  });
});

it('a restart keeps suppression groups, caps and thresholds that are still open', async () => {
  putRule('group', 'f: g', {
    alert_suppression: { group_by: ['u'], duration: { value: 1, unit: 'h' } },
  });
  putRule('cap', 'f: cap', { max_signals: 1, interval: '1d' });
  putRule('two', 'f: t', { type: 'threshold', threshold: { field: [], value: 2 }, from: 'now-1h' });
  const first = start(withRules());
  const sender = await Sender.to(await first.port());
  await send(sender, 0, { f: 'g', u: 'a', n: 1 }, { f: 'cap', n: 1 }, { f: 't', n: 1 });
  first.signal('SIGTERM');
  expect(await first.exited).toBe(0);
  const second = start(withRules());
  const again = await Sender.to(await second.port());
  await send(again, 0, { f: 'g', u: 'a', n: 2 }, { f: 'cap', n: 2 }, { f: 't', n: 2 });
  const { admin } = await second.ready();
  const text = await (await fetch(`${admin}/metrics`)).text();
  expect(text).toContain('fluent_detect_alerts_total{sink="",outcome="suppressed"} 1');
  expect(text).toContain('fluent_detect_alerts_total{sink="",outcome="capped"} 1');
  expect(text).toContain('fluent_detect_matches_total{rule_id="two",severity="medium"} 1');
});
