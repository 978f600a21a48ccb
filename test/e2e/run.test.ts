import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Downstream } from '../support/downstream.js';
import { Program, root, run } from '../support/program.js';
import { match, plain } from '../support/records.js';
import { Sender } from '../support/sender.js';
import { messageMode } from '../support/wire.js';

const rules = `${root}conf/rules`;
let folder: string;
const programs: Program[] = [];
const receivers: Downstream[] = [];

const start = (...args: string[]): Program => {
  const program = new Program(['run', '--log-format', 'json', ...args], { cwd: folder });
  programs.push(program);
  return program;
};
const receiver = async (...args: Parameters<typeof Downstream.start>): Promise<Downstream> => {
  const d = await Downstream.start(...args);
  receivers.push(d);
  return d;
};
const alertIds = (): string[] =>
  readFileSync(join(folder, 'alerts.ndjson'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { kibana: { alert: { uuid: string } } }).kibana.alert.uuid);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fd-e2e-'));
});
afterEach(async () => {
  await Promise.all(programs.splice(0).map((p) => p.kill()));
  await Promise.all(receivers.splice(0).map((d) => d.stop()));
  rmSync(folder, { recursive: true, force: true });
});

describe('fluent-detect run', () => {
  it('says in one ready line where it listens, where events and alerts go, and how many rules there are', async () => {
    const d = await receiver();
    const out = `forward://127.0.0.1:${d.port}`;
    const program = start(
      '--in',
      'forward://127.0.0.1:0',
      '--in',
      'forward://127.0.0.1:0',
      '--out',
      out,
      '--alerts',
      'file:alerts.ndjson',
      '--rules',
      rules,
    );
    const ready = await program.ready();
    expect(ready.in).toHaveLength(2);
    expect(ready.in[0]).toMatch(/^forward:\/\/127\.0\.0\.1:[1-9]\d*$/);
    expect(ready).toMatchObject({ msg: 'ready', out, rules: 1 });
    expect(ready.alerts).toEqual([expect.stringMatching(/^file:.*alerts\.ndjson$/)]);
    expect(program.stdout).toBe('');
  });

  it('ends with 0 on SIGTERM after finishing what it accepted', async () => {
    let acks = false;
    const d = await receiver({ acks: () => acks });
    const program = start(
      '--in',
      'forward://127.0.0.1:0',
      '--out',
      `forward://127.0.0.1:${d.port}`,
      '--alerts',
      'file:alerts.ndjson',
      '--rules',
      rules,
    );
    const sender = await Sender.to(await program.port());
    sender.write(messageMode('a', match('m'), { chunk: 'c' }));
    await d.received(1);
    program.signal('SIGTERM');
    await program.says('stopping');
    acks = true;
    await d.stop();
    receivers.splice(0);
    await receiver({}, d.port);
    expect(await program.exited).toBe(0);
    expect(sender.acks).toEqual(['c']);
    expect(alertIds()).toHaveLength(1);
  });

  it('ends at once on a second signal', async () => {
    const d = await receiver({ acks: () => false });
    const program = start(
      '--in',
      'forward://127.0.0.1:0',
      '--out',
      `forward://127.0.0.1:${d.port}`,
      '--rules',
      rules,
    );
    const sender = await Sender.to(await program.port());
    sender.write(messageMode('a', plain(1), { chunk: 'c' }));
    await d.received(1);
    program.signal('SIGINT');
    await program.says('stopping');
    program.signal('SIGINT');
    expect(await program.exited).not.toBe(0);
  });

  it('writes events to stdout as data and nothing else', async () => {
    const program = start('--in', 'forward://127.0.0.1:0', '--out', 'stdout:', '--rules', rules);
    const sender = await Sender.to(await program.port());
    sender.write(messageMode('a', plain(1), { chunk: '1' }), messageMode('a', match('m'), { chunk: '2' }));
    await sender.acked(2);
    program.signal('SIGTERM');
    await program.exited;
    const lines = program.stdout
      .trimEnd()
      .split('\n')
      .map((l) => JSON.parse(l) as Record<string, unknown>);
    expect(lines[0]).toEqual(plain(1));
    expect(lines[1]).toMatchObject({
      detection: { severity: 'medium', risk_score: 47 },
      event: { severity: 47 },
    });
  });

  it('loses no acked event and no alert when it is killed, and goes on where it was', async () => {
    const d = await receiver();
    const args = [
      '--in',
      'forward://127.0.0.1:0',
      '--out',
      `forward://127.0.0.1:${d.port}`,
      '--alerts',
      'file:alerts.ndjson',
      '--rules',
      rules,
    ];
    const acked = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      const program = start(...args);
      const sender = await Sender.to(await program.port());
      for (let n = 0; n < 200; n += 1) {
        const id = `${round}-${n}`;
        sender.write(messageMode('a', match(id), { chunk: id }));
      }
      await sender.acked(20 + round * 50);
      program.signal('SIGKILL');
      await program.exited;
      for (const ack of sender.acks) acked.add(ack as string);
    }
    const arrived = new Set(d.events.map((e) => (e.record['event'] as { id: string }).id));
    expect([...acked].filter((id) => !arrived.has(id))).toEqual([]);
    // Alerts that were only spooled when the program was killed come with its next start.
    const program = start(...args);
    await program.ready();
    const alerted = (): Set<string> =>
      new Set(
        readFileSync(join(folder, 'alerts.ndjson'), 'utf8')
          .split('\n')
          .filter(Boolean)
          .map((l) => (JSON.parse(l) as { event?: { id?: string } }).event?.id ?? ''),
      );
    // max_signals lets at most 100 alerts of an interval through; more than that were acked.
    const due = Math.min(acked.size, 100);
    while (alerted().size < due) await new Promise((r) => setTimeout(r, 20));
    expect(new Set(alertIds()).size).toBeGreaterThanOrEqual(due);
  });

  it('keeps alerts for a sink that is away, and events keep flowing', async () => {
    const d = await receiver();
    const sink = await receiver();
    const to = `forward://127.0.0.1:${sink.port}`;
    await sink.stop();
    const program = start(
      '--in',
      'forward://127.0.0.1:0',
      '--out',
      `forward://127.0.0.1:${d.port}`,
      '--alerts',
      to,
      '--rules',
      rules,
    );
    const sender = await Sender.to(await program.port());
    for (let n = 0; n < 10; n += 1) sender.write(messageMode('a', match(`e${n}`), { chunk: `c${n}` }));
    await sender.acked(10);
    program.signal('SIGKILL');
    await program.exited;
    const back = await receiver({}, sink.port);
    start(
      '--in',
      'forward://127.0.0.1:0',
      '--out',
      `forward://127.0.0.1:${d.port}`,
      '--alerts',
      to,
      '--rules',
      rules,
    );
    await back.receivedEvents(10);
    expect(back.events.map((e) => (e.record['event'] as { id: string }).id)).toEqual(
      Array.from({ length: 10 }, (_, n) => `e${n}`),
    );
    expect(back.events[0]!.tag).toBe('alert.a');
  });

  it('serves metrics and health where --admin says', async () => {
    const program = start(
      '--in',
      'forward://127.0.0.1:0',
      '--out',
      'stdout:',
      '--rules',
      rules,
      '--admin',
      '127.0.0.1:0',
    );
    const { admin } = await program.ready();
    const metrics = await (await fetch(`${admin}/metrics`)).text();
    expect(metrics).toContain('fluent_detect_rules{state="active"} 1');
    expect((await fetch(`${admin}/healthz`)).status).toBe(200);
    expect((await fetch(`${admin}/readyz`)).status).toBe(200);
  });

  it('loads rules again on SIGHUP, and a set that does not load leaves the old one in force', async () => {
    const own = join(folder, 'rule.toml');
    const text = readFileSync(join(rules, 'entra_id_device_code_auth_with_broker_client.toml'), 'utf8');
    writeFileSync(own, text);
    const program = start('--in', 'forward://127.0.0.1:0', '--out', 'stdout:', '--rules', own);
    const sender = await Sender.to(await program.port());
    writeFileSync(own, text.replace('severity = "medium"', 'severity = "dire"'));
    program.signal('SIGHUP');
    await program.says('the old ones stay in force');
    expect(program.stderr).toMatch(/rule\.toml:\d+:\d+: /);
    writeFileSync(own, text.replace('severity = "medium"', 'severity = "high"'));
    program.signal('SIGHUP');
    await program.says('rules reloaded');
    sender.write(messageMode('a', match('m'), { chunk: 'c' }));
    await sender.acked(1);
    expect(program.stdout).toContain('"severity":"high"');
  });
});

describe('the end of a run', () => {
  const config = (more: string): string => {
    writeFileSync(join(folder, 'c.yaml'), `shutdown_timeout: 300ms\n${more}`);
    return 'c.yaml';
  };
  const lines = (program: Program, code: string): Record<string, unknown>[] =>
    program.stderr
      .split('\n')
      .filter((l) => l.includes(`"code":"${code}"`))
      .map((l) => JSON.parse(l) as Record<string, unknown>);
  const stuck = async (chunk: Record<string, unknown>): Promise<Program> => {
    const d = await receiver({ acks: () => false });
    const out = `forward://127.0.0.1:${d.port}`;
    const program = start(
      '--config',
      config(''),
      '--in',
      'forward://127.0.0.1:0',
      '--out',
      out,
      '--rules',
      rules,
    );
    const sender = await Sender.to(await program.port());
    sender.write(messageMode('the.tag', plain(1), chunk));
    await d.received(1);
    program.signal('SIGTERM');
    return program;
  };

  it('names a chunk that was not confirmed in time; its sender will send it again, so the status is 0', async () => {
    const program = await stuck({ chunk: 'c' });
    expect(await program.exited).toBe(0);
    expect(lines(program, 'chunk_unconfirmed')).toMatchObject([{ tag: 'the.tag', events: 1 }]);
    expect(lines(program, 'events_lost')).toEqual([]);
  });

  it('with an event lost, because its sender asked for no ack, has status 1', async () => {
    const program = await stuck({});
    expect(await program.exited).toBe(1);
    expect(lines(program, 'events_lost')).toMatchObject([{ chunks: 1, events: 1 }]);
  });

  it('keeps the look-back and the cap for the next start', async () => {
    const alerts = async (ids: readonly string[]): Promise<number> => {
      const program = start(
        '--config',
        config(
          'rules: { overrides: { a83b3dac-325a-11ef-b3e6-f661ea17fbce: { max_signals: 3, interval: 1d } } }',
        ),
        ...[
          '--in',
          'forward://127.0.0.1:0',
          '--out',
          'stdout:',
          '--alerts',
          'file:alerts.ndjson',
          '--rules',
          rules,
        ],
      );
      const sender = await Sender.to(await program.port());
      for (const id of ids) sender.write(messageMode('a', match(id), { chunk: id }));
      await sender.acked(ids.length);
      program.signal('SIGTERM');
      expect(await program.exited).toBe(0);
      return new Set(alertIds().filter(Boolean)).size;
    };
    expect(await alerts(['one', 'two'])).toBe(2);
    // Both again, and two more: one of these is over the cap.
    expect(await alerts(['one', 'two', 'three', 'four'])).toBe(3);
  });

  it('leaves what the disk buffer has to the next start', async () => {
    const d = await receiver();
    const out = `forward://127.0.0.1:${d.port}`;
    await d.stop();
    const args = [
      '--config',
      config('output: { buffer: disk }'),
      '--in',
      'forward://127.0.0.1:0',
      '--out',
      out,
    ];
    const program = start(...args, '--rules', rules);
    const sender = await Sender.to(await program.port());
    for (let n = 0; n < 20; n += 1) sender.write(messageMode('a', plain(n), { chunk: `${n}` }));
    await sender.acked(20);
    program.signal('SIGKILL');
    await program.exited;
    const again = start(...args, '--rules', rules);
    await again.ready();
    again.signal('SIGTERM');
    expect(await again.exited).toBe(0);
    expect(lines(again, 'buffer_kept')).toHaveLength(1);
    const back = await receiver({}, d.port);
    start(...args, '--rules', rules);
    await back.receivedEvents(20);
    expect(back.events.map((e) => e.record['n'])).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });
});

describe('fluent-detect run cannot run', () => {
  it('when a port is taken, and says which', async () => {
    const d = await receiver();
    const result = run(
      ['run', '--in', `forward://127.0.0.1:${d.port}`, '--out', 'stdout:', '--rules', rules],
      { cwd: folder },
    );
    expect(result.status).toBe(2);
    expect(result.stderr).toContain(`127.0.0.1:${d.port}`);
    expect(result.stderr).not.toMatch(/\n\s+at /);
  });

  it('when the config is wrong, and names every error with its line and column', () => {
    writeFileSync(
      join(folder, 'bad.yaml'),
      'inputs:\n  - listn: forward://127.0.0.1:0\noutput:\n  to: carrier-pigeon\nmemory_limit: lots\n',
    );
    const result = run(['run', '--config', 'bad.yaml'], { cwd: folder });
    expect(result.status).toBe(2);
    expect(result.stderr).toMatch(/bad\.yaml:2:\d+: .*listn.*listen/);
    expect(result.stderr).toMatch(/bad\.yaml:5:\d+: /);
  });

  it('when a rule is malformed, and shows the place with a caret', () => {
    writeFileSync(
      join(folder, 'bad.yaml'),
      'name: x\ndescription: d\nrisk_score: 1\nseverity: low\ntype: query\nquery: "a : (b or"\nrule_id: r\n',
    );
    const result = run(['run', '--out', 'stdout:', '--in', 'forward://127.0.0.1:0', '--rules', 'bad.yaml'], {
      cwd: folder,
    });
    expect(result.status).toBe(2);
    expect(result.stderr).toMatch(/bad\.yaml:6:\d+: .*never closed/);
    expect(result.stderr).toMatch(/^\s+\^$/m);
  });

  it.each([
    [['run', '--out', 'stdout:', '--rules', '/does/not/exist']],
    [['run', '--rules', rules]],
    [['run', '--nonsense']],
    [['nonsense']],
    [['run', '--in', 'forward://nowhere:port', '--out', 'stdout:']],
    [['run', '--config', '/does/not/exist.yaml']],
    [['replay']],
    [['rules', 'check', '/does/not/exist']],
    [['config', 'check', '/does/not/exist.yaml']],
  ])('%j', (args) => {
    const result = run(args, { cwd: folder });
    expect(result.status).toBe(2);
    expect(result.stderr).not.toBe('');
    expect(result.stderr).not.toMatch(/\n\s+at /);
    expect(result.stdout).toBe('');
  });
});
