// Config files and flags to a Config: defaults, units, paths, secrets, and mistakes with their places.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Config } from '../../../src/config/config.js';
import { type ConfigError, formatConfigError } from '../../../src/config/configError.js';
import { configDefaults, forwardDefaults, inputDefaults } from '../../../src/config/defaults.js';
import {
  configOf,
  type Flags,
  type LoadContext,
  type LoadedConfig,
  loadConfig,
} from '../../../src/config/load.js';

const folder = mkdtempSync(join(tmpdir(), 'fluent-detect-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const context: LoadContext = { cwd: '/cwd', env: {}, isTty: false, hostname: 'here' };
const anyOutput = { output: false };
const conf = (name: string): string => join(import.meta.dirname, '../../../conf', name);

function parse(text: string, flags: Flags = {}, env: NodeJS.ProcessEnv = {}): LoadedConfig {
  return configOf(
    { name: 'c.yaml', path: join(folder, 'c.yaml'), text },
    flags,
    { ...context, env },
    anyOutput,
  );
}
function good(result: LoadedConfig): Config {
  if ('errors' in result) throw new Error(result.errors.map(formatConfigError).join('\n'));
  return result.config;
}
function bad(result: LoadedConfig): readonly ConfigError[] {
  if ('config' in result) throw new Error('the config loads');
  return result.errors;
}
const places = (result: LoadedConfig): string[] =>
  bad(result)
    .map(({ where, line, column, message }) => `${where}:${line}:${column}: ${message}`)
    .sort();

describe('mistakes in a config file', () => {
  it('are all named at once, each with its line and column', () => {
    const text = 'memory_limit: 8x\nlog:\n  level: infos\n  format: 5\nadmin: {}\nwhat: 1\n';
    expect(places(parse(text))).toEqual([
      'c.yaml:1:15: memory_limit is "8x"; a size is written like 8m (k, m, g)',
      'c.yaml:3:10: log.level can be trace, debug, info, warn, error, fatal, not "infos"; did you mean info?',
      'c.yaml:4:11: log.format can be json, pretty, not 5',
      'c.yaml:5:8: admin needs listen',
      expect.stringMatching(/^c\.yaml:6:1: unknown key what; known here: inputs, output, /),
    ]);
  });

  it('are named at once with those of the flags when the form of the file is right', () => {
    const text = 'inputs:\n  - listen: nowhere\nadmin: { listen: "a:b:c" }\n';
    const flags: Flags = { out: ['http://x'], logLevel: 'loud', logFormat: 'xml', admin: ':1' };
    expect(bad(parse(text, flags)).map(({ where, line }) => [where, line])).toEqual([
      ['--out', 0],
      ['--admin', 0],
      ['--log-format', 0],
      ['--log-level', 0],
      ['c.yaml', 2],
      ['c.yaml', 3],
    ]);
  });

  it.each([
    ['log: { levl: info }', 'unknown key levl; did you mean level?'],
    ['output: { to: "stdout:", retry_weight: 1s }', 'unknown key retry_weight; known here: to, servers'],
    ['inputs: [{ listen: "forward://a", tsl: {} }]', 'unknown key tsl; did you mean tls?'],
  ])('suggest the nearest key, or the known ones: %s', (text, message) => {
    expect(bad(parse(text)).map((e) => e.message)).toEqual([expect.stringContaining(message)]);
  });

  it.each([
    ['output: { require_ack_response: "yes" }', 'output.require_ack_response must be boolean, not "yes"'],
    ['rules: { paths: rules }', 'rules.paths must be array, not "rules"'],
    ['alerts:', 'alerts must be object, not null'],
    ['- 1', 'the config must be object, not [1]'],
    ['output: { servers: [{ host: a, port: 65536 }] }', 'output.servers.0.port must be <= 65535'],
    ['shutdown_timeout: soon', 'shutdown_timeout is "soon"; a time is written like 10s (s, m, h, d)'],
    ['workers: 65', 'workers must be <= 64'],
  ])('say what is wrong with a value: %s', (text, message) => {
    expect(bad(parse(text)).map((e) => e.message)).toEqual([message]);
  });

  it('are shown with the line and a caret under the place', () => {
    const [error] = bad(parse('log:\n  levl: info\n'));
    expect(formatConfigError(error!)).toBe(
      'c.yaml:2:3: unknown key levl; did you mean level?\n    levl: info\n    ^',
    );
  });

  it('in the YAML itself have their place too', () => {
    expect(places(parse('log: {}\nlog: {}\n'))).toEqual(['c.yaml:2:1: Map keys must be unique']);
  });

  it('in a path of the fields have their place too', () => {
    const text = 'fields:\n  aliases:\n    user.name: [who, ""]\n    x: []\n  json_text: [a..b]\n';
    expect(places(parse(text)).map((place) => place.split(' ')[0])).toEqual([
      expect.stringContaining('3:16'),
      expect.stringContaining('4:8'),
      expect.stringContaining('5:14'),
    ]);
  });

  it('in a date or a tag pattern of the rules have their place too', () => {
    const rule = 'rules:\n  overrides: { a: { exceptions: [{ name: n, query: q, expires: someday }] } }\n';
    expect(places(parse(`${rule}  routes:\n    logs-*: a.{b\n`))).toEqual([
      'c.yaml:2:64: expires is written like 2026-12-31T00:00:00Z',
      expect.stringMatching(/^c\.yaml:4:13: .*brace is never closed/),
    ]);
  });
});

it('sizes and times are written with units', () => {
  const config = good(parse('memory_limit: 8m\nshutdown_timeout: 10s\nrules: { new_terms_warm_up: 3 }\n'));
  expect(config).toMatchObject({ memoryLimit: 8 * 2 ** 20, shutdownTimeout: 10_000 });
  expect(config.rules.stateful.newTermsWarmUp).toBe(3000);
});

describe('flags', () => {
  const text = `
inputs: [{ listen: "forward://192.0.2.1:1" }]
output: { to: "forward://192.0.2.2:2" }
alerts: { sinks: ["file:of-file.ndjson"] }
rules: { paths: [of-file] }
admin: { listen: "127.0.0.1:3", token: t }
log: { level: warn, format: pretty, path: of-file.log }
`;
  it('go over the file', () => {
    const config = good(
      parse(text, {
        in: ['forward+unix:///run/in.sock', 'forward://[::1]:4'],
        out: ['stdout:'],
        alerts: ['file:flag.ndjson'],
        rules: ['flag'],
        admin: '127.0.0.1:5',
        logLevel: 'debug',
        logFormat: 'json',
        logFile: 'flag.log',
      }),
    );
    expect(config.inputs.map((i) => i.listen)).toEqual([
      { kind: 'unix', path: '/run/in.sock', mode: null },
      { kind: 'tcp', host: '::1', port: 4 },
    ]);
    expect(config.output).toEqual({ kind: 'stdout', format: 'json' });
    expect(config.alerts.sinks).toMatchObject([{ kind: 'file', path: '/cwd/flag.ndjson' }]);
    expect(config.rules.paths).toEqual(['/cwd/flag']);
    expect(config.log).toEqual({ level: 'debug', format: 'json', path: '/cwd/flag.log' });
    expect(config.admin).toEqual({ host: '127.0.0.1', port: 5, token: 't' });
  });

  it('that are absent leave the file as it is, with its relative paths in its own folder', () => {
    const config = good(parse(text));
    expect(config.inputs.map((i) => i.listen)).toEqual([{ kind: 'tcp', host: '192.0.2.1', port: 1 }]);
    expect(config.output).toMatchObject({ servers: [{ host: '192.0.2.2', port: 2 }] });
    expect(config.alerts.sinks).toMatchObject([{ kind: 'file', path: join(folder, 'of-file.ndjson') }]);
    expect(config.rules.paths).toEqual([join(folder, 'of-file')]);
    expect(config.log).toEqual({ level: 'warn', format: 'pretty', path: join(folder, 'of-file.log') });
  });
});

describe('secrets', () => {
  const input = (security: string): string =>
    `inputs:\n  - listen: forward://127.0.0.1\n    security: ${security}\n`;
  const keyOf = (result: LoadedConfig): unknown => good(result).inputs[0]!.security?.sharedKey;

  it('come from the config, an environment variable or a file, without its last line end', () => {
    writeFileSync(join(folder, 'key'), 'of a file \n');
    expect(keyOf(parse(input('{ shared_key: in place }')))).toBe('in place');
    expect(keyOf(parse(input('{ shared_key_env: KEY }'), {}, { KEY: 'of a variable' }))).toBe(
      'of a variable',
    );
    expect(keyOf(parse(input('{ shared_key_file: key }')))).toBe('of a file ');
  });

  it('that are not there are errors at their place', () => {
    expect(places(parse(input('{ shared_key_env: KEY }')))).toEqual([
      'c.yaml:3:33: the environment has no variable KEY',
    ]);
    expect(places(parse(input('{ shared_key_file: gone }')))).toEqual([
      expect.stringMatching(/^c\.yaml:3:34: cannot be read: ENOENT/),
    ]);
    expect(places(parse(input('{ users: [{ username: u }], shared_key: k }')))).toEqual([
      'c.yaml:3:25: a user needs password, password_env or password_file',
    ]);
    expect(places(parse(input('{}')))).toEqual([
      'c.yaml:3:15: security needs shared_key, shared_key_env or shared_key_file',
    ]);
  });

  it('are given in one way only', () => {
    expect(places(parse(input('{ shared_key: a, shared_key_env: KEY }'), {}, { KEY: 'b' }))).toEqual([
      'c.yaml:3:48: shared_key and shared_key_env say the same thing; keep one',
    ]);
  });
});

describe('what the repository ships', () => {
  it('as fluent-detect.yaml is every default', () => {
    const text = readFileSync(conf('fluent-detect.yaml'), 'utf8');
    const config = good(parse(text));
    const bare = good(parse('', { out: ['forward://127.0.0.1:24225'] }));
    expect(config).toStrictEqual(bare);
    expect(config.inputs).toMatchObject([
      { ...inputDefaults, listen: { kind: 'tcp', host: '0.0.0.0', port: 24224 } },
    ]);
    expect(config.output).toMatchObject({ client: forwardDefaults });
    const { alerts, alertsSpool, rules, log } = config;
    const onDisk = good(parse('output: { buffer: disk }'));
    expect<typeof configDefaults>({
      alertTag: alerts.tag,
      lookBackMax: alerts.lookBackMax,
      rulesWatch: rules.watch,
      statefulMax: rules.stateful.max,
      newTermsWarmUp: rules.stateful.newTermsWarmUp,
      spoolMaxBytes: alertsSpool.maxBytes,
      spoolMaxAge: alertsSpool.maxAge,
      bufferTotalLimitSize: onDisk.outputBuffer?.totalLimitSize,
      metadata: config.metadata,
      memoryLimit: config.memoryLimit,
      shutdownTimeout: config.shutdownTimeout,
      logLevel: log.level,
      workers: config.workers,
    } as typeof configDefaults).toStrictEqual(configDefaults);
  });

  it('as quickstart.yaml loads, with its files beside conf/', () => {
    const config = good(loadConfig({ config: conf('quickstart.yaml') }, context, { output: true }));
    expect(config.output).toMatchObject({ kind: 'file', path: conf('../quickstart/events.ndjson') });
    expect(config.alertsSpool.path).toBe(conf('../quickstart/spool'));
    expect(config.rules.paths).toEqual([conf('rules')]);
  });
});

describe('loading', () => {
  it('reads fluent-detect.yaml of the working directory, and does without when it is not there', () => {
    const cwd = mkdtempSync(join(folder, 'cwd-'));
    expect(good(loadConfig({}, { ...context, cwd }, anyOutput)).log.level).toBe('info');
    writeFileSync(join(cwd, 'fluent-detect.yaml'), 'log: { level: error }');
    expect(good(loadConfig({}, { ...context, cwd }, anyOutput)).log.level).toBe('error');
  });

  it('fails on a file that was asked for and is not there', () => {
    expect(places(loadConfig({ config: 'gone.yaml' }, context, anyOutput))).toEqual([
      'gone.yaml:0:0: there is no such file',
    ]);
  });

  it('fails without an output where one is needed, and only there', () => {
    expect(places(configOf(null, {}, context, { output: true }))).toEqual([
      '--out:0:0: no output: say --out forward://HOST:PORT, or output.to in the config',
    ]);
    expect(good(configOf(null, {}, context, anyOutput)).output).toEqual({ kind: 'discard' });
  });

  it('takes the log form of a terminal from whether there is one', () => {
    const form = (isTty: boolean) => good(configOf(null, {}, { ...context, isTty }, anyOutput)).log.format;
    expect([form(true), form(false)]).toEqual(['pretty', 'json']);
  });

  it('freezes the config to its depths', () => {
    const config = good(parse('output: { to: "forward://a" }'));
    expect([config, config.inputs, config.inputs[0]!.listen, config.output].every(Object.isFrozen)).toBe(
      true,
    );
  });
});
