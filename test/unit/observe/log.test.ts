// What stands in a log line, for machines and for people, and what must never stand there.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rejectCodes } from '../../../src/forward/message.js';
import { createLog, type Logger, RateLimit } from '../../../src/observe/log.js';
import { logCodes, say } from '../../../src/observe/logCodes.js';

type Format = 'json' | 'pretty';
const forms: Format[] = ['json', 'pretty'];

function linesOf(format: Format, say: (log: Logger) => void, level = 'info'): string[] {
  const lines: string[] = [];
  say(createLog({ level, format, stream: { write: (line: string) => void lines.push(line) } }));
  return lines;
}

describe('a log', () => {
  it('of JSON is one object a line: level by name, ISO time, message and fields', () => {
    const lines = linesOf('json', (log) => {
      log.warn({ sink: 'file:a', held_back: 2 }, 'away');
      log.info('plain');
    });
    expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { level: 'warn', time, msg: 'away', sink: 'file:a', held_back: 2 },
      { level: 'info', time, msg: 'plain' },
    ]);
  });

  it('for people is the time of day, level and message, then the fields', () => {
    const lines = linesOf('pretty', (log) => {
      log.warn({ sink: 'file:/a', held_back: 2, why: 'no route' }, 'away');
      log.error('plain');
    });
    expect(lines).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d warn {2}away {2}sink=file:\/a held_back=2 why="no route"\n$/),
      expect.stringMatching(/^\d\d:\d\d:\d\d error plain\n$/),
    ]);
  });

  it('for people begins its ready line with `ready`', () => {
    const say = (log: Logger): void => log.info({ in: 'forward://127.0.0.1:24224', rules: 3 }, 'ready');
    expect(linesOf('pretty', say)).toEqual(['ready in=forward://127.0.0.1:24224 rules=3\n']);
    expect(JSON.parse(linesOf('json', say)[0]!)).toMatchObject({ msg: 'ready', rules: 3 });
  });

  it('says a code at its own level, with what to do', () => {
    const tell = (log: Logger): void => say(log, 'output_away', { server: 'a:1' }, 'refused');
    expect(JSON.parse(linesOf('json', tell)[0]!)).toMatchObject({
      level: 'warn',
      code: 'output_away',
      server: 'a:1',
      msg: 'refused',
      hint: logCodes.output_away.todo,
    });
    const people = linesOf('pretty', tell)[0]!.split('\n');
    expect(people[0]).toMatch(/ warn {2}refused {2}code=output_away server=a:1$/);
    expect(people[1]).toBe(`               → ${logCodes.output_away.todo}`);
    expect(linesOf('pretty', (log) => say(log, 'reading_resumed', {}, 'on'))[0]!.split('\n')).toHaveLength(2);
  });

  it('has a code for every reason to refuse', () => {
    expect(rejectCodes.filter((code) => !(code in logCodes))).toEqual([]);
  });

  it.each(forms)('in its %s form leaves out what is below its level', (format) => {
    const lines = linesOf(
      format,
      (log) => {
        log.info('quiet');
        log.warn('loud');
      },
      'warn',
    );
    expect(lines).toEqual([expect.stringContaining('loud')]);
  });

  const secretKeys = [
    'password',
    'shared_key',
    'sharedKey',
    'token',
    'authorization',
    'privateKeyPassphrase',
  ];
  it.each(forms.flatMap((format) => secretKeys.map((key) => [format, key] as const)))(
    'in its %s form never shows a value of the key %s, on its own or within two others',
    (format, key) => {
      const secret = { [key]: 'hunter2', kept: 'seen' };
      const [line] = linesOf(format, (log) =>
        log.info({ ...secret, one: secret, list: [secret], two: { deep: secret } }, 'x'),
      );
      expect(line).not.toContain('hunter2');
      expect(line!.match(/\[Redacted\]/g)).toHaveLength(4);
      expect(line!.match(/seen/g)).toHaveLength(4);
    },
  );

  it.each(forms)('in its %s form escapes ASCII control characters of values', (format) => {
    const hostile = 'a\u001b[2J\r\nready rules=0\u0000\u0007';
    const [line, ...more] = linesOf(format, (log) =>
      log.info({ peer: hostile, all: { deep: [hostile] } }, 'x'),
    );
    expect(more).toEqual([]);
    expect([...line!.slice(0, -1)].filter((c) => c < ' ')).toEqual([]);
    expect(line).toContain(String.raw`a\u001b[2J\r\nready rules=0\u0000\u0007`);
  });

  it('for people quotes a value that could pass for further fields', () => {
    const [line] = linesOf('pretty', (log) => log.info({ tag: 'a rules=0', none: '' }, 'x'));
    expect(line).toMatch(/ {2}tag="a rules=0" none=""\n$/);
  });

  it('goes to a file, in a folder that it makes, after what is there', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fluent-detect-log-'));
    try {
      const path = join(folder, 'new', 'log');
      for (const message of ['first', 'second']) {
        createLog({ level: 'info', format: 'json', path }).info(message);
      }
      const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
      expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['first', 'second']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('a rate limit', () => {
  it('says a thing once in its time, then with how often it was held back', () => {
    let now = 0;
    const limit = new RateLimit(1000, () => now);
    const said: [number, number][] = [];
    for (now of [0, 1, 500, 999, 1000, 1999, 2000, 5000]) {
      limit.limit('kind', (heldBack) => said.push([now, heldBack]));
    }
    expect(said).toEqual([
      [0, 0],
      [1000, 3],
      [2000, 1],
      [5000, 0],
    ]);
  });

  it('holds nothing back of another kind', () => {
    const limit = new RateLimit(1000, () => 0);
    const said: string[] = [];
    for (const kind of ['a', 'b', 'a', 'b']) limit.limit(kind, () => said.push(kind));
    expect(said).toEqual(['a', 'b']);
  });

  it('remembers ten thousand kinds and no more, as foreigners can make them up', () => {
    const limit = new RateLimit(1000, () => 0);
    const said: string[] = [];
    const say = (kind: string): void => limit.limit(kind, () => said.push(kind));
    for (let i = 0; i < 10_000; i += 1) say(`peer ${i}`);
    said.length = 0;
    say('peer 0');
    expect(said).toEqual([]);
    say('one more');
    say('peer 0');
    expect(said).toEqual(['one more', 'peer 0']);
  });
});
