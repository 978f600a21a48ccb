import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Downstream } from '../support/downstream.js';
import { SEED_ID } from '../support/makeRule.js';
import { Program, root, run } from '../support/program.js';
import { match, plain } from '../support/records.js';
import { Sender } from '../support/sender.js';
import { compressedMode, entries, forwardMode, messageMode, type Plain } from '../support/wire.js';

const rules = `${root}conf/rules`;
const NAME = 'Entra ID Device Code Auth with Broker Client';
let folder: string;
const at = (name: string): string => join(folder, name);
const put = (name: string, content: string | Buffer): void => writeFileSync(at(name), content);
const text = (name: string): string => readFileSync(at(name), 'utf8');
const lines = (...records: Plain[]): string => records.map((r) => `${JSON.stringify(r)}\n`).join('');
const replay = (...args: string[]) => run(['replay', '--rules', rules, ...args], { cwd: folder });
const counts = (...args: string[]) =>
  JSON.parse(replay('--json', ...args).stdout) as Record<'events' | 'matches' | 'alerts' | 'errors', number>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fd-replay-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a replay and the live stage', () => {
  it('give the same tagged events and the same alerts, byte for byte, for the same capture', async () => {
    const sample = (file: string): Plain[] =>
      readFileSync(`${root}conf/samples/${file}`, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Plain);
    const records = sample('entra-records.ndjson').slice(0, 900);
    const odd = { ...match('odd'), n: 2n ** 63n, f: 1.5, bytes: Buffer.from([0, 255]), '': null, é: ['x'] };
    const capture = Buffer.concat([
      forwardMode('azure.records', records, { chunk: 'a' }),
      compressedMode('azure.hub', entries(sample('entra-eventhub.ndjson').slice(0, 40)), { chunk: 'b' }),
      forwardMode('azure.ecs', sample('entra-ecs.ndjson'), { chunk: 'c' }),
      messageMode('odd', odd, { chunk: 'd' }),
      messageMode('odd', odd, { chunk: 'e' }),
    ]);
    put('capture.fwd', capture);
    const args = [
      'run',
      '--log-format',
      'json',
      '--in',
      'forward://127.0.0.1:0',
      '--out',
      'file:live.ndjson',
    ];
    const stage = new Program([...args, '--alerts', 'file:live-alerts.ndjson', '--rules', rules], {
      cwd: folder,
    });
    try {
      const sender = await Sender.to(await stage.port());
      sender.write(capture);
      await sender.acked(5);
      stage.signal('SIGTERM');
      expect(await stage.exited).toBe(0);
    } finally {
      await stage.kill();
    }
    const { status } = replay(
      'capture.fwd',
      '--out',
      'replayed.ndjson',
      '--alerts',
      'replayed-alerts.ndjson',
    );
    expect(status).toBe(0);
    // By line, so that a difference can be read.
    const live = text('live.ndjson').split('\n');
    text('replayed.ndjson')
      .split('\n')
      .forEach((line, n) => {
        if (line !== live[n]) expect(line).toBe(live[n]);
      });
    expect(text('replayed.ndjson') === text('live.ndjson')).toBe(true);
    expect(text('replayed-alerts.ndjson') === text('live-alerts.ndjson')).toBe(true);
    expect(text('live-alerts.ndjson').trimEnd().split('\n').length).toBeGreaterThan(3);
  });
});

describe('what a replay keeps', () => {
  it('writes a record that nothing matches as it was captured: blanks, numbers, escapes, invalid UTF-8', () => {
    const kept = Buffer.concat([
      Buffer.from('{"a": 1.10, "big": 18446744073709551616,  "e":"\\u00e9\\/"}\n { "b" : [ 1 ] }\n'),
      Buffer.from([0x7b, 0x22, 0x78, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d, 0x0a]),
    ]);
    put('c.ndjson', kept);
    expect(replay('c.ndjson', '--out', 'out.ndjson').status).toBe(0);
    expect(readFileSync(at('out.ndjson')).equals(kept)).toBe(true);
  });

  it('reads CRLF, a BOM, blank lines, a last line without a newline, empty files and gzip files end to end', () => {
    const two = `\ufeff${JSON.stringify(plain(1))}\r\n\r\n${JSON.stringify(match('a'))}`;
    put('crlf.ndjson', two);
    put('empty.ndjson', '');
    put('joined.gz', Buffer.concat([gzipSync(lines(plain(1))), gzipSync(lines(match('b')))]));
    expect(counts('crlf.ndjson', '--out', 'o')).toMatchObject({ events: 2, matches: 1, errors: 0 });
    expect(text('o').split('\n')[0]).toBe(JSON.stringify(plain(1)));
    expect(counts('empty.ndjson')).toMatchObject({ events: 0, errors: 0 });
    expect(counts('joined.gz')).toMatchObject({ events: 2, matches: 1, errors: 0 });
    expect(counts('*.ndjson', 'joined.gz')).toMatchObject({ events: 4, matches: 2 });
  });

  it('names a line of NUL bytes and a gzip file that is cut off, and reads what is whole', () => {
    put(
      'nul.ndjson',
      Buffer.concat([Buffer.from(lines(plain(1))), Buffer.alloc(9), Buffer.from(`\n${lines(match('a'))}`)]),
    );
    const nul = replay('nul.ndjson');
    expect(nul.status).toBe(1);
    expect(nul.stderr).toMatch(/^nul\.ndjson:2: /m);
    expect(nul.stderr).toContain('2 events, 1 matches');
    put(
      'cut.gz',
      gzipSync(lines(...Array.from({ length: 500 }, (_, n) => ({ n, r: Math.sin(n) })))).subarray(0, -30),
    );
    const cut = replay('cut.gz');
    expect(cut.status).toBe(1);
    expect(cut.stderr).toMatch(/^cut\.gz:\d+: cannot be read on: /m);
  });
});

describe('replay --expect', () => {
  const capture = (): void => put('c.ndjson', lines(match('a'), match('b'), match('b'), plain(1)));

  it('ends with 1 when a rule found something else than is expected, and says what and where, as JUnit too', () => {
    capture();
    put('bad.yaml', `rules:\n  ${NAME}:\n    at_least: 4\n    alerts: { at_most: 1 }\n`);
    const bad = replay('c.ndjson', '--expect', 'bad.yaml', '--junit', 'j.xml');
    expect(bad.status).toBe(1);
    expect(bad.stderr).toContain('bad.yaml:3: NOT AS EXPECTED');
    expect(bad.stderr).toContain('3 matches, expected at least 4; 2 alerts, expected at most 1');
    expect(text('j.xml')).toContain('tests="2" failures="1"');
  });

  it('ends with 0 when every rule found what is expected', () => {
    capture();
    put('good.yaml', `rules:\n  ${SEED_ID}: { exactly: 3, alerts: 2 }\n`);
    expect(replay('c.ndjson', '--expect', 'good.yaml').status).toBe(0);
  });

  it('cannot run with a file that says nothing sound', () => {
    capture();
    put('wrong.yaml', 'rules:\n  no such rule: 1\n');
    const wrong = replay('c.ndjson', '--expect', 'wrong.yaml');
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toMatch(/^wrong\.yaml:2:\d+: .*no such rule/m);
  });
});

describe('replay --against', () => {
  it('says per rule what a change adds and removes, with the events, also as markdown that no log value can break', () => {
    const rule = (id: string, query: string): string =>
      `name: rule ${id}\ndescription: d\nrisk_score: 1\nseverity: low\ntype: query\nquery: '${query}'\nrule_id: ${id}\n`;
    put('old.yaml', `${rule('r1', 'a: 1')}---\n${rule('same', 'b: 1')}---\n${rule('gone', 'a: 2')}`);
    put('new.yaml', `${rule('r1', 'a: 2 or c: x')}---\n${rule('same', 'b: 1')}---\n${rule('fresh', 'c: x')}`);
    const hostile = '<img src=x onerror=1>|`@all`';
    put('c.ndjson', lines({ a: 1, user: { name: hostile } }, { a: 2 }, { b: 1 }, { c: 'x', a: 1 }));
    const args = ['replay', 'c.ndjson', '--rules', 'old.yaml', '--against', 'new.yaml'];
    const { status, stdout } = run([...args, '--json'], { cwd: folder });
    expect(status).toBe(0);
    const found = JSON.parse(stdout) as { rules: { id: string }[] };
    expect(Object.fromEntries(found.rules.map((r) => [r.id, r]))).toMatchObject({
      r1: {
        rule: 'changed',
        added: 1,
        removed: 1,
        unchanged: 1,
        samples: { added: [{ place: 'c.ndjson:2' }], removed: [{ place: 'c.ndjson:1' }] },
      },
      same: { rule: 'same', added: 0, removed: 0, unchanged: 1 },
      fresh: { rule: 'new', added: 1 },
      gone: { rule: 'gone', removed: 1 },
    });
    const { stdout: markdown } = run([...args, '--markdown', '-'], { cwd: folder });
    expect(markdown).toContain('| rule r1 | changed | +1 | -1 | 1 |');
    expect(markdown).not.toContain('<img');
    expect(markdown).not.toContain('@all');
    expect(run([...args, '--fail-on', 'removed'], { cwd: folder }).status).toBe(1);
    expect(
      run([...args.slice(0, 4), '--against', 'old.yaml', '--fail-on', 'any'], { cwd: folder }).status,
    ).toBe(0);
  });
});

describe('replay --to and record', () => {
  it('sends every event in order with its tag and time, acked and counted, and reads them back from a recording', async () => {
    const recorder = new Program(
      [
        'record',
        '--in',
        'forward://127.0.0.1:0',
        '--out',
        'cap.fwd',
        '--redact',
        'user.name',
        '--redact',
        'records.secret',
      ],
      { cwd: folder },
    );
    try {
      await recorder.says('ready: ');
      const address = /forward:\/\/\S+/.exec(recorder.stderr)![0];
      const secret = { ...match('a'), user: { name: 'ada', id: 7 }, 'user.name': 'ada' };
      put('1.log', `2026-03-10T01:02:03.123456789Z\tazure.x\t${JSON.stringify(secret)}\n`);
      put('2.ndjson', lines({ records: [{ secret: 'ada', kept: 1 }] }, plain(2)));
      put('3.fwd', compressedMode('zipped', entries([{ user: { name: ['ada'] } }])));
      const sent = run(['replay', '1.log', '2.ndjson', '3.fwd', '--to', address, '--tag', 't', '--json'], {
        cwd: folder,
      });
      expect(sent.status).toBe(0);
      expect(JSON.parse(sent.stdout)).toMatchObject({ events: 4, acked: 4, errors: 0 });
      recorder.signal('SIGTERM');
      expect(await recorder.exited).toBe(0);
    } finally {
      await recorder.kill();
    }
    expect(text('cap.fwd')).not.toContain('ada');
    const { status } = replay('cap.fwd', '--out', 'out.ndjson', '--alerts', 'alerts.ndjson');
    expect(status).toBe(0);
    const out = text('out.ndjson').trimEnd().split('\n');
    expect(out).toHaveLength(4);
    expect(JSON.parse(out[0]!)).toMatchObject({
      user: { name: '[redacted]', id: 7 },
      'user.name': '[redacted]',
    });
    expect(out[1]).toBe('{"records":[{"secret":"[redacted]","kept":1}]}');
    expect(out[3]).toBe('{"user":{"name":"[redacted]"}}');
    expect(text('alerts.ndjson')).toContain('original_time":"2026-03-10T01:02:03.123456789Z"');
  });

  it('sends a chunk again that was not acked, keeps to the rate, and loses nothing', async () => {
    let refused = 0;
    const downstream = await Downstream.start({
      acks: () => {
        refused += 1;
        return refused > 2;
      },
    });
    try {
      put('c.ndjson', lines(...Array.from({ length: 60 }, (_, n) => plain(n))));
      put(
        'c.yaml',
        'output: { to: "forward://127.0.0.1:1", ack_response_timeout: 200ms, retry_wait: 50ms }\n',
      );
      const program = new Program(
        [
          'replay',
          'c.ndjson',
          '--config',
          'c.yaml',
          '--to',
          `forward://127.0.0.1:${downstream.port}`,
          '--rate',
          '100/s',
          '--json',
        ],
        { cwd: folder },
      );
      expect(await program.exited).toBe(0);
      const { acked, seconds } = JSON.parse(program.stdout) as { acked: number; seconds: number };
      expect(acked).toBe(60);
      expect(seconds).toBeGreaterThan(0.5);
      const got = downstream.events.map((e) => (e.record as { n: number }).n);
      expect([...new Set(got)].sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => n));
    } finally {
      await downstream.stop();
    }
  });

  it('records nothing over a capture that is there, ends when it is full, and keeps the files whole', async () => {
    put('cap.fwd', 'here');
    expect(
      run(['record', '--out', 'cap.fwd', '--in', 'forward://127.0.0.1:0'], { cwd: folder }),
    ).toMatchObject({ status: 2 });
    expect(text('cap.fwd')).toBe('here');
    const args = [
      'record',
      '--in',
      'forward://127.0.0.1:0',
      '--out',
      'new.fwd',
      '--rotate-size',
      '1k',
      '--max-size',
      '3k',
    ];
    const recorder = new Program(args, { cwd: folder });
    try {
      await recorder.says('ready: ');
      const sender = await Sender.to(Number(/:(\d+) to/.exec(recorder.stderr)![1]));
      let sent = 0;
      for (; sent < 40 && recorder.child.exitCode === null && !sender.closed; sent += 1) {
        sender.write(messageMode('t', { n: sent, fill: 'x'.repeat(200) }, { chunk: `c${sent}` }));
        await sender.acked(sent + 1).catch(() => undefined);
      }
      expect(await recorder.exited).toBe(0);
      expect(recorder.stderr).toContain('3k are recorded');
      expect(existsSync(at('new_002.fwd'))).toBe(true);
      const { events, errors } = counts('new*.fwd');
      expect(errors).toBe(0);
      expect(events).toBeGreaterThanOrEqual(sender.acks.length);
    } finally {
      await recorder.kill();
    }
  });
});

describe('fluent-detect coverage', () => {
  it('draws a Navigator layer of the rules in force, and of what fired in captures', () => {
    put('c.ndjson', lines(match('a'), match('b')));
    run(['coverage', '--rules', rules, '--navigator', 'rules.json'], { cwd: folder });
    const technique = { techniqueID: 'T1528', tactic: 'credential-access' };
    expect(JSON.parse(text('rules.json'))).toMatchObject({
      domain: 'enterprise-attack',
      versions: { layer: '4.5' },
      techniques: [{ ...technique, score: 1 }],
    });
    const { stdout } = run(['coverage', '--rules', rules, 'c.ndjson', '--navigator', '-'], { cwd: folder });
    expect(JSON.parse(stdout)).toMatchObject({ techniques: [{ ...technique, score: 2 }] });
  });
});
