import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeMulti } from '@msgpack/msgpack';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/fluentd.js';
import { Program, root, run } from '../support/program.js';
import { match, plain } from '../support/records.js';
import { type Plain, pack } from '../support/wire.js';

const rules = `${root}conf/rules`;
let folder: string;
const running: Program[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fd-filter-'));
});
afterEach(async () => {
  for (const p of running.splice(0)) await p.kill();
  rmSync(folder, { recursive: true, force: true });
});

const filter = (input: string | Buffer, ...args: string[]): ReturnType<typeof run> =>
  run(['filter', '--rules', rules, ...args], { input, cwd: folder });
const start = (...args: string[]): Program => {
  const program = new Program(['filter', '--rules', rules, ...args], { cwd: folder });
  running.push(program);
  return program;
};
const linesOf = (text: string): string[] => text.split('\n').filter(Boolean);
const tagged = (id: string, fields = ''): string =>
  `{"fluent_tag":"azure.x",${fields}${JSON.stringify(match(id)).slice(1)}`;

describe('fluent-detect filter, JSON', () => {
  it('leaves numbers, escapes, duplicate keys and order of a record as they were, tagged or not', () => {
    const odd =
      '"big":9007199254740993,"huge":123456789012345678901234567890,"one":1.0,"e":1e3,"over":1e400,"z":-0,' +
      '"esc":"\\u00e9\\/\\ud83d\\ude00 é","dup":1,"dup":2,';
    const { status, stdout } = filter(`{${odd}"a":1}\n${tagged('m', odd)}\n`);
    expect(status).toBe(0);
    const out = linesOf(stdout);
    expect(out).toHaveLength(3);
    expect(out[0]).toBe(`{${odd}"a":1}`);
    for (const line of out.slice(1)) expect(line).toContain(odd);
    expect(out[1]).toContain('"detection"');
  });

  it('reads records end to end without a newline, as `add_newline false` writes them, as soon as each is closed', async () => {
    const program = start();
    program.child.stdin!.write(`{"n":1}{"n":2}${tagged('a')}`);
    await until(() => linesOf(program.stdout).length === 4, 'four records');
    program.child.stdin!.end();
    expect(await program.exited).toBe(0);
    expect(linesOf(program.stdout).map((l) => (JSON.parse(l) as Plain)['fluent_tag'] ?? null)).toEqual([
      null,
      null,
      'azure.x',
      'alert.azure.x',
    ]);
  });

  it('takes CRLF, blank lines, a byte order mark and a last line without an end', () => {
    const { status, stdout } = filter('\uFEFF{"n":1}\r\n\r\n  \n{"n":2}\r\n{"n":3}');
    expect(status).toBe(0);
    expect(linesOf(stdout)).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
  });

  it('names every line that is no record with line and column, and loses nothing else', () => {
    const bad = ['no json', '{"a":1', '{"a":01}', '{"s":"open}', '[1,2]', '42', '"x"', '{"a":1}}', '{bad}'];
    const input = bad.map((line, n) => `${line}\n{"n":${n}}\n`).join('');
    const { status, stdout, stderr } = filter(input);
    expect(status).toBe(1);
    expect(linesOf(stdout).filter((l) => l.includes('"n"'))).toEqual(bad.map((_, n) => `{"n":${n}}`));
    for (const line of linesOf(stdout)) expect(() => JSON.parse(line)).not.toThrow();
    for (const [n] of bad.entries()) expect(stderr).toContain(`line ${n * 2 + 1}, column`);
    expect(stderr).toContain('line 5, column 7');
    expect(stderr).not.toContain('    at ');
  });

  it('gives invalid UTF-8 on as U+FFFD and says so: Fluentd writes such bytes, but its own JSON reader dies of them', () => {
    const { status, stdout, stderr } = filter(Buffer.from('{"a":"\xff\xfe"}\n{"b":1}\n', 'latin1'));
    expect(status).toBe(0);
    expect(linesOf(stdout)).toEqual(['{"a":"\uFFFD\uFFFD"}', '{"b":1}']);
    expect(stderr).toContain('invalid UTF-8');
  });

  it('passes a record on that is nested too deep to be judged', () => {
    const deep = `{"a":${'['.repeat(2000)}${']'.repeat(2000)}}`;
    const { status, stdout, stderr } = filter(`${deep}\n{"b":1}\n`);
    expect(status).toBe(0);
    expect(linesOf(stdout)).toEqual([deep, '{"b":1}']);
    expect(stderr).toContain('goes on unjudged');
  });

  it('takes a record at --record-limit, and leaves out one past it without holding it', () => {
    const of = (bytes: number): string => `{"a":"${'x'.repeat(bytes - 8)}"}`;
    const { status, stdout, stderr } = filter(
      `${of(1001)}\n${of(1000)}\n{"b":1}\n`,
      '--record-limit',
      '1000',
    );
    expect(status).toBe(1);
    expect(linesOf(stdout)).toEqual([of(1000), '{"b":1}']);
    expect(stderr).toContain('over 1000 bytes');
  });

  it('reads the injected time in every form that `time_type` gives it, as text and as a number', () => {
    const forms: [string, string][] = [
      ['"2026-03-10T09:30:41.123456789+0100"', '2026-03-10T08:30:41.123456789Z'],
      ['"1773131441"', '2026-03-10T08:30:41.000Z'],
      ['1773131441', '2026-03-10T08:30:41.000Z'],
      ['1773131441.5', '2026-03-10T08:30:41.500000000Z'],
      ['1773131441123', '2026-03-10T08:30:41.123000000Z'],
      ['1773131441123456789', '2026-03-10T08:30:41.123456789Z'],
    ];
    const input = forms.map(([form], n) => `${tagged(`t${n}`, `"fluent_time":${form},`)}\n`).join('');
    const alerts = linesOf(filter(input).stdout).filter((l) => l.includes('"kibana"'));
    expect(alerts).toHaveLength(forms.length);
    for (const [n, [form, iso]] of forms.entries()) {
      expect(alerts[n]).toContain(`"fluent_time":${form}`);
      const { alert } = (JSON.parse(alerts[n]!) as { kibana: { alert: Plain } }).kibana;
      expect(alert['original_time']).toBe(iso);
    }
  });

  it('gives an event the alert id that the msgpack form and another tag and time give it', () => {
    const { event: _, ...rest } = match('x') as { event: Plain } & Plain;
    const record = { ...rest, event: { dataset: 'azure.signinlogs', outcome: 'success' } };
    const injected = { fluent_time: '2026-03-10T09:30:41.123456789+0000' };
    const idOf = (alert: unknown): unknown => (alert as { kibana: { alert: Plain } }).kibana.alert['uuid'];
    const first = filter(`${JSON.stringify({ ...record, fluent_tag: 'a', ...injected })}\n`).stdout;
    const child = filterBytes([pack({ ...injected, ...record, fluent_tag: 'b' })]);
    expect(idOf(child.out[1])).toBe(idOf(JSON.parse(linesOf(first)[1]!)));
  });
});

function filterBytes(pieces: readonly Buffer[]): { status: number | null; out: unknown[]; stderr: string } {
  const program = run(['filter', '--rules', rules, '--format', 'msgpack', '--log-file', 'log'], {
    input: Buffer.concat(pieces),
    cwd: folder,
  });
  const log = readFileSync(join(folder, 'log'), 'utf8');
  return { status: program.status, out: [...decodeMulti(program.bytes)], stderr: log };
}

describe('fluent-detect filter, msgpack', () => {
  it('leaves an unmatched record as its bytes, whatever types it has, and a tagged one with its own bytes', () => {
    const odd = Buffer.concat([
      Buffer.from('a1 69 cf ffffffffffffffff'.replaceAll(' ', ''), 'hex'),
      Buffer.from('a166ca3f8ccccd', 'hex'),
      Buffer.from('a162c403ff00fe', 'hex'),
      Buffer.from('a165d70065b0000000000001', 'hex'),
      Buffer.from('a178c70105aa', 'hex'),
      Buffer.from('a175a2fffe', 'hex'),
    ]);
    const untouched = Buffer.concat([Buffer.from([0x86]), odd]);
    const m = pack(match('m'));
    const matched = Buffer.concat([Buffer.from([0x86 + 2]), odd, m.subarray(1)]);
    const { status, bytes } = run(['filter', '--rules', rules, '--format', 'msgpack'], {
      input: Buffer.concat([untouched, matched]),
      cwd: folder,
    });
    expect(status).toBe(0);
    expect(bytes.subarray(0, untouched.length).equals(untouched)).toBe(true);
    const rest = bytes.subarray(untouched.length);
    expect(rest.indexOf(odd)).toBe(1);
    expect(rest.indexOf(odd, 10)).toBeGreaterThan(odd.length);
  });

  it('takes arrays of maps apart, and leaves out what is no map with its place', () => {
    const list = pack([{ n: 1 }, 7, { n: 2 }]);
    const { status, out, stderr } = filterBytes([list, pack('text'), pack({ n: 3 }), pack(null)]);
    expect(out).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(status).toBe(1);
    expect(stderr).toContain(`byte ${list.length}: a record is lost`);
  });

  it('ends with 1 where the input is no longer msgpack, with all before it written: Fluentd starts a new child then', async () => {
    const program = start('--format', 'msgpack');
    program.child.stdin!.write(Buffer.concat([pack({ n: 1 }), Buffer.from([0x81, 0xc1, 0x01])]));
    expect(await program.exited).toBe(1);
    expect(program.stdout).toBe(pack({ n: 1 }).toString('utf8'));
    expect(program.stderr).toContain('byte 4');
  });
});

describe('fluent-detect filter, however the bytes come', () => {
  it.each(['json', 'msgpack'])('gives the same out for %s cut at every byte', async (format) => {
    const records: Plain[] = [plain(1), match('a'), { s: 'é"\\{}[]\n' }, plain(2)];
    const input =
      format === 'json'
        ? Buffer.from(records.map((r) => `${JSON.stringify(r)}\n`).join(''))
        : Buffer.concat(records.map((r) => pack(r)));
    const args = ['filter', '--rules', rules, '--format', format];
    const whole = run(args, { input, cwd: folder }).stdout;
    const program = start('--format', format);
    for (const byte of input) {
      program.child.stdin!.write(Buffer.from([byte]));
      await new Promise((r) => setImmediate(r));
    }
    program.child.stdin!.end();
    expect(await program.exited).toBe(0);
    const stable = (text: string): string => text.replaceAll(/2\d{3}-\d\d-\d\dT[\d:.]+Z/g, 'T');
    expect(stable(program.stdout)).toBe(stable(whole));
  });

  it('waits for a reader that is slow, and then gives it everything', async () => {
    const program = start();
    program.child.stdout!.pause();
    const line = `{"a":"${'x'.repeat(10_000)}"}\n`;
    let taken = 0;
    for (let n = 0; n < 3000; n += 1)
      if (program.child.stdin!.write(line, () => (taken += 1)) && n > 2999) break;
    await new Promise((r) => setTimeout(r, 500));
    // Pipes and the child hold some; the most of 30 MB waits here.
    expect(taken).toBeLessThan(1500);
    program.child.stdout!.resume();
    program.child.stdin!.end();
    expect(await program.exited).toBe(0);
    expect(linesOf(program.stdout)).toHaveLength(3000);
  });
});

describe('fluent-detect filter, its end', () => {
  it('ends by itself when it was asked to and nobody closes stdin, with all that came written', async () => {
    const program = start();
    program.child.stdin!.write('{"n":1}\n');
    await until(() => program.stdout !== '', 'a record');
    const asked = Date.now();
    program.signal('SIGTERM');
    program.child.stdin!.write('{"n":2}\n');
    expect(await program.exited).toBe(0);
    expect(Date.now() - asked).toBeLessThan(10_000);
    expect(linesOf(program.stdout)).toEqual(['{"n":1}', '{"n":2}']);
  });

  it('says what was under way when the reader goes, and ends with 1', async () => {
    const program = start('--log-file', 'filter.log');
    program.child.stdout!.destroy();
    program.child.stdin!.write(`${tagged('a')}\n`);
    expect(await program.exited).toBe(1);
    const log = readFileSync(join(folder, 'filter.log'), 'utf8');
    expect(log).toContain('standard output is gone');
  });

  it('loads rules again at SIGHUP; ones that do not load leave the old ones in force, named in the log file', async () => {
    const file = join(folder, 'rule.yaml');
    const rule = (query: string): string =>
      `rule_id: r\nname: r\ndescription: d\nrisk_score: 1\nseverity: low\ntype: query\nquery: '${query}'\n`;
    writeFileSync(file, rule('a: 1'));
    const program = new Program(['filter', '--rules', file, '--log-file', 'filter.log'], { cwd: folder });
    running.push(program);
    const log = (): string => readFileSync(join(folder, 'filter.log'), 'utf8');
    const ask = async (record: string): Promise<boolean> => {
      const before = program.stdout.length;
      program.child.stdin!.write(`${record}\n`);
      await until(() => program.stdout.length > before && program.stdout.endsWith('\n'), 'an answer');
      return program.stdout.slice(before).includes('"detection"');
    };
    expect(await ask('{"a":1,"n":1}')).toBe(true);
    writeFileSync(file, rule('b: 1'));
    program.signal('SIGHUP');
    await until(() => log().includes('rules reloaded'), 'the reload');
    expect(await ask('{"a":1,"n":2}')).toBe(false);
    expect(await ask('{"b":1}')).toBe(true);
    writeFileSync(file, rule('b: ('));
    program.signal('SIGHUP');
    await until(() => log().includes('stay in force'), 'the refusal');
    expect(log()).toContain('rule.yaml:7');
    expect(await ask('{"b":1,"n":3}')).toBe(true);
    program.child.stdin!.end();
    expect(await program.exited).toBe(0);
  });

  it('says in the log file why it could not start: rules or config that do not load', () => {
    writeFileSync(join(folder, 'bad.yaml'), 'rule_id: r\nname: r\ntype: query\nquery: "a: ("\n');
    expect(run(['filter', '--rules', 'bad.yaml', '--log-file', 'a.log'], { cwd: folder }).status).toBe(2);
    expect(readFileSync(join(folder, 'a.log'), 'utf8')).toContain('bad.yaml:');
    writeFileSync(join(folder, 'c.yaml'), 'nonsense: 1\n');
    expect(run(['filter', '--config', 'c.yaml', '--log-file', 'b.log'], { cwd: folder }).status).toBe(2);
    expect(readFileSync(join(folder, 'b.log'), 'utf8')).toContain('c.yaml:1:1');
  });

  it('logs to a socket: what was said before somebody listened is said when somebody does', async () => {
    const path = join(folder, 'log.sock');
    const program = start('--log-file', `unix://${path}`);
    program.child.stdin!.write('no json\n');
    program.child.stdin!.write('{"n":1}\n');
    await until(() => program.stdout !== '', 'a record');
    let heard = '';
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.setEncoding('utf8').on('data', (text: string) => {
        heard += text;
      });
    }).listen(path);
    try {
      await until(() => heard.includes('line 1, column 1'), 'the first line');
      program.child.stdin!.end();
      expect(await program.exited).toBe(1);
      await until(() => heard.includes('end of input'), 'the last line');
      for (const line of linesOf(heard)) expect(() => JSON.parse(line)).not.toThrow();
    } finally {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });
});
