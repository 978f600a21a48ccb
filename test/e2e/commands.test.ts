import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Program, root, run } from '../support/program.js';
import { match, plain } from '../support/records.js';
import { compressedMode, entries, forwardMode, messageMode } from '../support/wire.js';

const rules = `${root}conf/rules`;
const samples = `${root}conf/samples`;
let folder: string;
const at = (name: string): string => join(folder, name);
const put = (name: string, content: string | Buffer): string => {
  writeFileSync(at(name), content);
  return at(name);
};
const lines = (name: string): string[] => readFileSync(at(name), 'utf8').split('\n').filter(Boolean);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fd-cmd-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Findings {
  readonly events: number;
  readonly matches: number;
  readonly alerts: number;
  readonly errors: number;
  readonly rules: readonly { readonly id: string; readonly matches: number; readonly alerts: number }[];
}
const replay = (...args: string[]): { status: number | null; stderr: string; found: Findings } => {
  const { status, stdout, stderr } = run(['replay', '--rules', rules, '--json', ...args], { cwd: folder });
  return { status, stderr, found: JSON.parse(stdout) as Findings };
};

describe('fluent-detect replay', () => {
  it('finds in the shipped sample exactly what its expected.json says, line by line', () => {
    const expected = JSON.parse(readFileSync(`${samples}/expected.json`, 'utf8')) as {
      files: Record<string, { lines: number; matches: { line: number; path?: string; id: string }[] }>;
    };
    for (const [file, { lines: count, matches }] of Object.entries(expected.files)) {
      const { status, found } = replay(`${samples}/${file}`, '--out', 'out.ndjson');
      expect(status).toBe(0);
      expect(found).toMatchObject({ events: count, matches: matches.length, errors: 0 });
      expect(found.alerts).toBe(new Set(matches.map((m) => m.id)).size);
      const out = lines('out.ndjson');
      const source = readFileSync(`${samples}/${file}`, 'utf8').trimEnd().split('\n');
      const tagged = new Map(matches.map((m) => [m.line, m.path ?? null]));
      out.forEach((line, n) => {
        if (!tagged.has(n + 1)) expect(line).toBe(source[n]);
        else {
          const { detection } = JSON.parse(line) as { detection?: { rules: { path?: string }[] } };
          const [rule] =
            detection?.rules ??
            (JSON.parse(line) as { 'detection.rules': { path?: string }[] })['detection.rules'];
          expect(rule!.path ?? null).toBe(tagged.get(n + 1));
        }
      });
    }
  });

  it('reads every capture format by its content, gzip too', () => {
    const m = JSON.stringify(match('a'));
    const p = JSON.stringify(plain(1));
    put('1.ndjson', `${m}\n${p}\n`);
    put('2.json', `[\n  ${m},\n  ${p}\n]\n`);
    put('3.log', `2026-03-10T01:02:03+00:00\tazure.entra\t${m}\n2026-03-10T01:02:04+00:00\tx\t${p}\n`);
    put('4.fwd', Buffer.concat([forwardMode('t', [match('a')]), messageMode('t', plain(1))]));
    put('5.fwd', compressedMode('t', entries([match('a'), plain(1)])));
    put(
      '6.csv',
      `Type,Category,AuthenticationProtocol,ConditionalAccessAudiences,ResultType,Status\nSigninLogs,SignInLogs,deviceCode,"[{""applicationId"":""29d9ed98-a469-4536-ade2-f981bc1d605e""}]",0,"{""errorCode"":0}"\nSigninLogs,SignInLogs,none,[],0,\n`,
    );
    put('7.gz', gzipSync(`${m}\n${p}\n`));
    for (const file of ['1.ndjson', '2.json', '3.log', '4.fwd', '5.fwd', '6.csv', '7.gz']) {
      const { status, found, stderr } = replay(file);
      expect({ file, status, stderr, events: found.events, matches: found.matches }).toEqual({
        file,
        status: 0,
        stderr: '',
        events: 2,
        matches: 1,
      });
    }
    expect(replay(folder).found).toMatchObject({ events: 14, matches: 7 });
  });

  it('takes an envelope and a single document for one event each, and an array for as many as it has elements', () => {
    put('envelope.json', JSON.stringify({ records: [match('a'), plain(1), match('b')] }));
    put('document.json', JSON.stringify(match('c'), null, 2));
    put('array.json', JSON.stringify([match('d'), plain(2)]));
    expect(replay('envelope.json').found).toMatchObject({ events: 1, matches: 2 });
    expect(replay('document.json', '--out', 'out.ndjson').found).toMatchObject({ events: 1, matches: 1 });
    expect(lines('out.ndjson')).toHaveLength(1);
    expect(replay('array.json').found).toMatchObject({ events: 2, matches: 1 });
  });

  it('names a line that cannot be read, counts it, reads the rest, and ends with 1', () => {
    put('bad.ndjson', `${JSON.stringify(match('a'))}\n{"broken\n[1]\n\n${JSON.stringify(match('b'))}\n`);
    const { status, stderr, found } = replay('bad.ndjson');
    expect(status).toBe(1);
    expect(found).toMatchObject({ events: 2, matches: 2, errors: 2 });
    expect(stderr).toMatch(/^bad\.ndjson:2: /m);
    expect(stderr).toMatch(/^bad\.ndjson:3: /m);
  });

  it('caps alerts by the events’ own time, whatever their order', () => {
    const events = Array.from({ length: 250 }, (_, n) => ({
      '@timestamp': new Date(Date.UTC(2026, 0, 1, 0, n % 2 === 0 ? 1 : 7, n % 60)).toISOString(),
      ...match(`e${n}`),
    }));
    put('many.ndjson', events.map((e) => JSON.stringify(e)).join('\n'));
    const { found } = replay('many.ndjson', '--alerts', 'alerts.ndjson');
    expect(found).toMatchObject({ events: 250, matches: 250, alerts: 200 });
    expect(lines('alerts.ndjson')).toHaveLength(200);
  });

  it('keeps numbers over 2^53, escapes and key order of the lines it tags', () => {
    const text = `{"z":18446744073709551615,"a":1.10,"esc":"\\u00e9\\/",${JSON.stringify(match('x')).slice(1)}`;
    put('big.ndjson', `${text}\n`);
    replay('big.ndjson', '--out', 'out.ndjson');
    expect(lines('out.ndjson')[0]).toContain(
      '{"z":18446744073709551615,"a":1.10,"esc":"\\u00e9\\/","event":{',
    );
    expect(lines('out.ndjson')[0]).toContain('"detection":{');
  });

  it('writes a report that is one page without a request to anywhere', () => {
    put(
      'hostile.ndjson',
      `${JSON.stringify({ ...match('x'), user: { name: '</script><img src=x onerror=alert(1)>' } })}\n`,
    );
    replay('hostile.ndjson', '--report', 'report.html');
    const html = readFileSync(at('report.html'), 'utf8');
    expect(html).toContain("default-src 'none'");
    expect(html).not.toContain('<img src=x');
    expect(html).not.toMatch(/(src|href)="?https?:/);
  });
});

describe('fluent-detect filter', () => {
  it('gives every record back on stdout, tagged where a rule matched, and alerts under their own tag', () => {
    const tagged = {
      ...match('a'),
      fluent_tag: 'azure.x',
      fluent_time: '2026-03-10T09:30:41.123456789+0000',
    };
    const input = `${JSON.stringify({ ...plain(1), fluent_tag: 'azure.x' })}\n${JSON.stringify(tagged)}\n`;
    const { status, stdout } = run(['filter', '--rules', rules], { input, cwd: folder });
    expect(status).toBe(0);
    const out = stdout.trimEnd().split('\n');
    expect(out).toHaveLength(3);
    expect(out[0]).toBe(input.split('\n')[0]);
    expect(JSON.parse(out[1]!)).toMatchObject({ fluent_tag: 'azure.x', detection: { severity: 'medium' } });
    expect(JSON.parse(out[2]!)).toMatchObject({
      fluent_tag: 'alert.azure.x',
      fluent_time: tagged.fluent_time,
      kibana: { alert: { original_time: '2026-03-10T09:30:41.123456789Z', status: 'active' } },
    });
  });

  it('reads and writes other tag and time keys when told', () => {
    const input = `${JSON.stringify({ ...match('a'), t: 'x.y' })}\n`;
    const { stdout } = run(['filter', '--rules', rules, '--tag-key', 't'], { input, cwd: folder });
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((l) => (JSON.parse(l) as { t: string }).t),
    ).toEqual(['x.y', 'alert.x.y']);
  });

  it('drains stdin to its end when SIGTERM comes first, and ends with 0', async () => {
    const program = new Program(['filter', '--rules', rules], { cwd: folder });
    program.child.stdin!.write(`${JSON.stringify(plain(1))}\n`);
    while (program.stdout === '') await new Promise((r) => setTimeout(r, 10));
    program.signal('SIGTERM');
    for (let n = 0; n < 1000; n += 1) program.child.stdin!.write(`${JSON.stringify(plain(n))}\n`);
    program.child.stdin!.end();
    expect(await program.exited).toBe(0);
    expect(program.stdout.trimEnd().split('\n')).toHaveLength(1001);
  });

  it('never writes anything but records to stdout: a line it cannot read is logged and ends it with 1', () => {
    const { status, stdout, stderr } = run(['filter', '--rules', rules], {
      input: 'no json\n{"ok":1}\n',
      cwd: folder,
    });
    expect(stdout).toBe('{"ok":1}\n');
    expect(status).toBe(1);
    expect(stderr).toContain('line 1, column 1: a record is lost');
  });
});

describe('fluent-detect rules', () => {
  it('check names every error of every file as file:line:column with the line and a caret, and ends with 1', () => {
    put(
      'good.yaml',
      'name: g\ndescription: d\nrisk_score: 1\nseverity: low\ntype: query\nquery: "a: b"\nrule_id: g\n',
    );
    put(
      'bad.yaml',
      'name: b\ndescription: d\nrisk_score: 101\nseverity: dire\ntype: query\nquery: "a: (b"\nrule_id: b\n',
    );
    put(
      'eql.yaml',
      'name: e\ndescription: d\nrisk_score: 1\nseverity: low\ntype: eql\nlanguage: eql\nquery: "process where true"\nrule_id: e\n',
    );
    const { status, stderr, stdout } = run(['rules', 'check', '.'], { cwd: folder });
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^bad\.yaml:3:\d+: /m);
    expect(stderr).toMatch(/^bad\.yaml:4:\d+: /m);
    expect(stderr).toMatch(/eql\.yaml:.*rules of type eql are not supported/);
    expect(stderr).toMatch(/3 files, 1 rules, 0 disabled, 1 not supported/);
  });

  it('check gives JSON and SARIF on stdout when asked', () => {
    put(
      'bad.yaml',
      'name: b\ndescription: d\nrisk_score: 1\nseverity: low\ntype: query\nquery: "a: (b"\nrule_id: b\n',
    );
    const json = JSON.parse(run(['rules', 'check', '.', '--format', 'json'], { cwd: folder }).stdout) as {
      errors: unknown[];
    };
    expect(json.errors).toMatchObject([{ code: 'kql_unclosed_paren', file: 'bad.yaml', line: 6 }]);
    const sarif = JSON.parse(run(['rules', 'check', '.', '--format', 'sarif'], { cwd: folder }).stdout) as {
      runs: { results: unknown[] }[];
    };
    expect(sarif.runs[0]!.results).toMatchObject([{ ruleId: 'kql_unclosed_paren', level: 'error' }]);
    put('my rule.yaml', 'name: e\ndescription: d\nrisk_score: 1\nseverity: low\ntype: eql\nrule_id: e\n');
    const noted = JSON.parse(
      run(['rules', 'check', 'my rule.yaml', '--format', 'sarif'], { cwd: folder }).stdout,
    ) as {
      runs: { results: unknown[]; tool: { driver: { rules: { id: string }[] } } }[];
    };
    const place = { physicalLocation: { artifactLocation: { uri: 'my%20rule.yaml' } } };
    expect(noted.runs[0]!.results).toMatchObject([
      { ruleId: 'unsupported', level: 'note', locations: [place] },
    ]);
    const codes = noted.runs[0]!.tool.driver.rules.map((r) => r.id);
    expect(codes).toContain('unsupported');
    expect(codes).toContain('kql_unclosed_paren');
  });

  it('test runs the shipped examples, and ends with 1 when one fails', () => {
    expect(run(['rules', 'test', rules])).toMatchObject({ status: 0 });
    const rule = readFileSync(`${rules}/entra_id_device_code_auth_with_broker_client.toml`, 'utf8');
    const examples = readFileSync(
      `${rules}/entra_id_device_code_auth_with_broker_client.examples.yaml`,
      'utf8',
    );
    put('r.toml', rule);
    put('r.examples.yaml', examples.replace('matches: false', 'matches: true'));
    const { status, stderr } = run(['rules', 'test', '.', '--junit', 'junit.xml'], { cwd: folder });
    expect(status).toBe(1);
    expect(stderr).toMatch(/FAILED {2}r\.examples\.yaml:\d+: a failed sign-in/);
    expect(readFileSync(at('junit.xml'), 'utf8')).toContain('failures="1"');
  });

  it('fields shows for people where each field was found, the mapping on stderr', () => {
    const record = { category: 'SignInLogs', properties: { appId: 'a, b', id: '' } };
    put('envelope.json', JSON.stringify({ records: [record] }));
    const { status, stdout, stderr } = run(['fields', 'envelope.json'], { cwd: folder });
    expect(status).toBe(0);
    expect(stderr).toMatch(/^records\[0\]: azure\.signinlogs \(Azure Monitor record\)$/m);
    expect(stdout).toMatch(/^azure\.signinlogs\.properties\.app_id +"a, b" +properties\.appId$/m);
    expect(stdout).toMatch(/^azure\.signinlogs\.properties\.id +"" +properties\.id$/m);
    expect(stdout).toMatch(/^event\.outcome +success +\(the mapping\)$/m);
    expect(stdout).not.toMatch(/^properties\.appId/m);
  });

  it('replay names the fields that rules read and no event had', () => {
    put('one.ndjson', `${JSON.stringify(match('a'))}\n`);
    const { stderr } = run(['replay', '--rules', rules, 'one.ndjson'], { cwd: folder });
    expect(stderr).toMatch(
      /^fields that rules read and no event had: azure\.activitylogs\.properties\.appId/m,
    );
  });

  it('explain, test and fields see an event through the mapping of the config', () => {
    const rule =
      'name: w\ndescription: d\nrisk_score: 1\nseverity: low\ntype: query\nquery: "host.name: web1 and labels.site: north"\nrule_id: w\n';
    put('w.yaml', rule);
    put(
      'w.examples.yaml',
      'examples:\n  - { name: a box of the north matches, matches: true, tag: north.a, record: { box: web1 } }\n  - { name: one of the south does not, matches: false, tag: south, record: { box: web1 } }\n',
    );
    put(
      'c.yaml',
      'fields:\n  aliases: { host.name: [box] }\n  constants: [{ tags: north.**, values: { labels.site: north } }]\n',
    );
    put('event.json', '{"box":"web1"}');
    const under = (...args: string[]) => run([...args, '--config', 'c.yaml'], { cwd: folder });
    expect(under('rules', 'test', 'w.yaml')).toMatchObject({ status: 0 });
    expect(run(['rules', 'test', 'w.yaml'], { cwd: folder }).status).toBe(1);
    const seen = under('fields', 'event.json', '--tag', 'north.a', '--json');
    const [form] = JSON.parse(seen.stdout) as { fields: object }[];
    expect(form!.fields).toMatchObject({ 'host.name': ['web1'], 'labels.site': ['north'] });
    const explained = (tag: string) =>
      under('rules', 'explain', 'w', 'event.json', '--rules', 'w.yaml', '--tag', tag);
    expect(explained('north.a').stdout).toMatch(/: matches$/m);
    expect(explained('south').stdout).toMatch(/- labels\.site: north +saw no value$/m);
  });

  it('list --json has id, name, version, severity, risk score and MITRE of each rule in force', () => {
    const { status, stdout } = run(['rules', 'list', '--json', '--rules', rules]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      {
        id: 'a83b3dac-325a-11ef-b3e6-f661ea17fbce',
        name: 'Entra ID Device Code Auth with Broker Client',
        version: 2,
        severity: 'medium',
        risk_score: 47,
        tactics: ['TA0006'],
        techniques: ['T1528'],
      },
    ]);
  });
});

describe('fluent-detect config check', () => {
  it('finds nothing in the shipped configs', () => {
    for (const name of ['fluent-detect.yaml', 'quickstart.yaml'])
      expect(run(['config', 'check', `${root}conf/${name}`])).toMatchObject({ status: 0, stdout: '' });
  });

  it('names every error at once and ends with 1', () => {
    put(
      'bad.yaml',
      'inputs:\n  - listen: forward://127.0.0.1:0\n    tag_prefix: x\noutput: { to: "stdout:" }\nfield_types: { a: texty }\n',
    );
    const { status, stderr } = run(['config', 'check', 'bad.yaml'], { cwd: folder });
    expect(status).toBe(1);
    expect(stderr).toMatch(/bad\.yaml:3:5: .*tag_prefix/);
    expect(stderr).toMatch(/bad\.yaml:5:\d+: /);
  });
});

describe('fluent-detect quickstart', () => {
  it('shows the events going by and each alert within five seconds, and stays up', async () => {
    const config = put(
      'quickstart.yaml',
      `inputs: [{ listen: "forward://127.0.0.1:0" }]\noutput: { to: "file:events.ndjson" }\nalerts: { sinks: ["file:alerts.ndjson"] }\nalerts_spool: { path: spool }\nrules: { paths: ["${rules}"] }\n`,
    );
    const started = Date.now();
    const program = new Program(['quickstart', '--config', config], { cwd: folder });
    await program.says('The stage stays up');
    expect(Date.now() - started).toBeLessThan(10_000);
    const alertLines = program.stderr.split('\n').filter((l) => l.includes('MEDIUM'));
    expect(alertLines).toHaveLength(9);
    expect(alertLines[0]).toMatch(
      /^ {2}2026-03-10T\S+Z {2}MEDIUM {3}Entra ID Device Code .* user \S+@contoso\.example {2}from 203\.0\.113\.\d+ {2}TA0006 T1528$/,
    );
    expect(program.stderr).toContain('2,210 events went by');
    expect(lines('events.ndjson')).toHaveLength(2210);
    expect(program.child.exitCode).toBeNull();
    program.signal('SIGTERM');
    expect(await program.exited).toBe(0);
  });
});
