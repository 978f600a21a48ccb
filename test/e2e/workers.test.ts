import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Downstream } from '../support/downstream.js';
import { Program, type ReadyLine, run } from '../support/program.js';
import { Sender } from '../support/sender.js';
import { entries, messageMode, packedMode } from '../support/wire.js';

const rules = `
- { rule_id: flood, name: Flood, description: d, risk_score: 50, severity: medium, type: query, query: 'k: flood', max_signals: 7 }
- { rule_id: same, name: Same, description: d, risk_score: 50, severity: medium, type: query, query: 'k: same' }
- { rule_id: ten, name: Ten, description: d, risk_score: 50, severity: medium, type: threshold, query: 'k: ten', threshold: { field: [u], value: 10 } }
- { rule_id: cut, name: Cut, description: d, risk_score: 50, severity: medium, type: new_terms, query: 'log: *straddle*', new_terms_fields: [u], history_window_start: now-7d }
- { rule_id: new, name: New, description: d, risk_score: 50, severity: medium, type: new_terms, query: 'k: new', new_terms_fields: [u], history_window_start: now-7d }
`;
let folder: string;
let downstream: Downstream;
const programs: Program[] = [];
const senders: Sender[] = [];

const start = (more = '', listen = 'forward://127.0.0.1:0', input = ''): Program => {
  writeFileSync(
    join(folder, 'fluent-detect.yaml'),
    [
      `inputs: [{ listen: "${listen}"${input} }]`,
      `output: { to: "forward://127.0.0.1:${downstream.port}", retry_wait: 50ms }`,
      'alerts: { sinks: ["file:alerts.ndjson"] }',
      'rules: { paths: [rules.yaml] }',
      'admin: { listen: "127.0.0.1:0" }',
      'workers: 2',
      more,
    ].join('\n'),
  );
  const program = new Program(['run', '--log-format', 'json'], { cwd: folder });
  programs.push(program);
  return program;
};
const sendersTo = async (port: number, count: number): Promise<Sender[]> => {
  const made = await Promise.all(Array.from({ length: count }, () => Sender.to(port)));
  senders.push(...made);
  return made;
};
const alerts = (): string[] =>
  readFileSync(join(folder, 'alerts.ndjson'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"uuid":') && line.includes('"workflow_status"'))
    .map((line) => (JSON.parse(line) as { rule: { id: string } }).rule.id);
const workersOf = (program: Program): number[] =>
  spawnSync('pgrep', ['-P', String(program.child.pid)], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter(Boolean)
    .map(Number);
const admin = async (ready: ReadyLine, path: string): Promise<string> =>
  (await fetch(`${ready.admin}${path}`)).text();
const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((r) => setTimeout(r, 25));
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fd-workers-'));
  writeFileSync(join(folder, 'rules.yaml'), rules);
  downstream = await Downstream.start();
});
afterEach(async () => {
  await Promise.all(senders.splice(0).map((s) => s.close()));
  await Promise.all(programs.splice(0).map((p) => p.kill()));
  await downstream.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('several workers', () => {
  it('share the port, and have one look-back, one cap, one count of a threshold and one memory of terms', async () => {
    const program = start();
    const ready = await program.ready();
    const connections = await sendersTo(await program.port(), 4);
    for (let n = 0; n < 40; n += 1) {
      const sender = connections[n % 4]!;
      const records = [
        { k: 'flood', n },
        { k: 'same', event: { id: `e${n % 3}` } },
        { k: 'ten', u: 'ada', n },
        { k: 'new', u: `user ${n % 5}`, n },
      ];
      sender.write(packedMode('t', entries(records), { chunk: `c${n}` }));
      await sender.acked(Math.floor(n / 4) + 1);
    }
    const count = (id: string): number => alerts().filter((a) => a === id).length;
    expect([count('flood'), count('same'), count('ten'), count('new')]).toEqual([7, 3, 4, 5]);
    const tagged = (id: string): number =>
      downstream.events.filter((e) => JSON.stringify(e.record['detection'] ?? '').includes(`"${id}"`)).length;
    expect([tagged('flood'), tagged('same'), tagged('ten'), tagged('new')]).toEqual([40, 40, 4, 5]);

    const metrics = await admin(ready, '/metrics');
    expect(metrics).toMatch(/^fluent_detect_events_in_total 160$/m);
    expect(metrics).toMatch(/^fluent_detect_matches_total\{rule_id="flood",severity="medium"\} 40$/m);
    expect(metrics).toMatch(/^fluent_detect_alerts_total\{sink="",outcome="capped"\} 33$/m);
    expect(metrics).toMatch(/^fluent_detect_rules\{state="active"\} 5$/m);
    const status = JSON.parse(await admin(ready, '/api/status')) as Record<string, unknown>;
    expect(status).toMatchObject({ events_in: 160, events_out: 160, alerts: 19, connections: 4 });
    program.signal('SIGTERM');
    expect(await program.exited).toBe(0);
    expect(program.stderr).toMatch(/"events_in":160,"events_out":160,"msg":"stopped"/);
  });

  it('keep the order of a connection while what stateful rules count is asked for', async () => {
    const program = start();
    const [sender] = await sendersTo(await program.port(), 1);
    const sent = Array.from({ length: 60 }, (_, n) =>
      messageMode('t', n % 2 === 0 ? { k: 'ten', u: 'ada', n } : { n }, { chunk: `c${n}` }),
    );
    sender!.write(...sent);
    await sender!.acked(60);
    expect(downstream.events.map((e) => e.record['n'])).toEqual(Array.from({ length: 60 }, (_, n) => n));
    expect(alerts()).toEqual(['ten', 'ten', 'ten']);
  });

  it('look at the parts of a line once, though the chunk waits for what stateful rules count', async () => {
    const program = start('', 'forward://127.0.0.1:0', ', join_partial: docker');
    const ready = await program.ready();
    const part = (u: string, log: string, ordinal: number, last: boolean) => ({
      u,
      log,
      partial_message: 'true',
      partial_id: u,
      partial_ordinal: String(ordinal),
      partial_last: String(last),
    });
    const [sender] = await sendersTo(await program.port(), 1);
    // The end of ada's line comes before its beginning: incomplete, and no match. Bob's is whole, and new.
    const records = [
      part('ada', 'ddle', 2, true),
      part('ada', 'stra', 1, false),
      part('bob', 'stra', 1, false),
      part('bob', 'ddle', 2, true),
    ];
    sender!.write(packedMode('t', entries(records), { chunk: 'c' }));
    await sender!.acked(1);
    const tagged = downstream.events.map(({ record }) => 'detection' in record);
    expect(tagged).toEqual([false, false, false, true]);
    const [alert, ...others] = readFileSync(join(folder, 'alerts.ndjson'), 'utf8').trim().split('\n');
    expect(others).toEqual([]);
    expect(JSON.parse(alert!)).toMatchObject({ u: 'bob', log: 'straddle' });
    const metrics = await admin(ready, '/metrics');
    expect(metrics).toMatch(/^fluent_detect_rejected_total\{reason="incomplete_line"\} 1$/m);
  });

  it('lose nothing that was acked when one of them is killed, and another takes its place', async () => {
    const program = start();
    const ready = await program.ready();
    const port = await program.port();
    const before = await sendersTo(port, 2);
    for (const [n, sender] of before.entries()) {
      sender.write(messageMode('t', { k: 'same', event: { id: `before ${n}` } }, { chunk: 'c' }));
      await sender.acked(1);
    }
    await until(async () => JSON.parse(await admin(ready, '/api/status')).events_out === 2);
    const [victim] = workersOf(program);
    process.kill(victim!, 'SIGKILL');
    await program.says('"code":"worker_died"');
    await until(() => workersOf(program).length === 2 && !workersOf(program).includes(victim!));
    await until(async () => (await admin(ready, '/readyz')).includes('(2 of 2 workers)'));
    const after = await sendersTo(port, 2);
    for (const sender of after) {
      sender.write(messageMode('t', { k: 'same', event: { id: 'before 0' } }, { chunk: 'c' }));
      await sender.acked(1);
    }
    // The look-back outlives the worker, and so does what it counted.
    expect(alerts()).toEqual(['same', 'same']);
    expect(downstream.events).toHaveLength(4);
    expect(await admin(ready, '/metrics')).toMatch(/^fluent_detect_events_in_total 4$/m);
  });

  it('all load the rules again at SIGHUP', async () => {
    const program = start();
    const ready = await program.ready();
    writeFileSync(join(folder, 'rules.yaml'), rules.replaceAll('k: same', 'k: other'));
    program.signal('SIGHUP');
    await program.says('"code":"rules_reloaded"');
    const { rule_set: hash } = JSON.parse(await admin(ready, '/api/status')) as { rule_set: string };
    expect(await admin(ready, '/metrics')).toContain(`fluent_detect_rule_set{hash="${hash}"} 1`);
    const connections = await sendersTo(await program.port(), 4);
    for (const [n, sender] of connections.entries()) {
      await until(async () => {
        sender.write(messageMode('t', { k: 'other', n }, { chunk: 'c' }));
        await sender.acked(sender.acks.length + 1);
        return downstream.events.at(-1)!.record['detection'] !== undefined;
      });
    }
    expect(program.stderr).not.toContain('workers_differ');
  });

  it('end when the primary is killed, and its port is free again', async () => {
    const program = start();
    const port = await program.port();
    const workers = workersOf(program);
    expect(workers).toHaveLength(2);
    await program.kill();
    const isAlive = (pid: number): boolean => spawnSync('kill', ['-0', String(pid)]).status === 0;
    await until(() => !workers.some(isAlive));
    const server = createServer().listen(port, '127.0.0.1');
    await new Promise((r) => server.once('listening', r));
    await new Promise((r) => server.close(r));
  });

  it('share a unix socket too', async () => {
    const path = join(folder, 'in.sock');
    const program = start('', `forward+unix://${path}`);
    await program.ready();
    for (let n = 0; n < 4; n += 1) {
      const socket = connect(path);
      socket.write(messageMode('t', { n }, { chunk: 'c' }));
      const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
      expect(answer.includes('ack')).toBe(true);
      socket.destroy();
    }
    expect(downstream.events).toHaveLength(4);
  });

  it('cannot start where the port is taken, and say so once', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((r) => taken.once('listening', r));
    const { port } = taken.address() as { port: number };
    const program = start('', `forward://127.0.0.1:${port}`);
    expect(await program.exited).toBe(2);
    expect(program.stderr.match(/the port is taken by another process/g)).toHaveLength(1);
    await new Promise((r) => taken.close(r));
  });

  it('need an output that several can write to', () => {
    writeFileSync(join(folder, 'bad.yaml'), 'output: { to: "file:events.ndjson" }\nworkers: 2\n');
    const checked = run(['config', 'check', 'bad.yaml'], { cwd: folder });
    expect(checked.status).toBe(1);
    expect(checked.stderr).toMatch(/bad\.yaml:2:\d+: .*only a Forward output can be shared/);
  });
});
