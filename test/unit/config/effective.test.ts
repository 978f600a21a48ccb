// What `config show` prints: a config that means the same, each value with its source, no secret.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { effectiveConfig } from '../../../src/config/effective.js';
import { ConfigFile } from '../../../src/config/file.js';
import { configOf, type Flags } from '../../../src/config/load.js';
import { root } from '../../support/program.js';

const defaults = new ConfigFile('d', readFileSync(`${root}conf/fluent-detect.yaml`, 'utf8')).tree;
const context = { cwd: '/work', env: { PW: 'hunter2' }, isTty: false, hostname: 'here' };
const shown = (text: string, flags: Flags = {}): string =>
  String(effectiveConfig(new ConfigFile('my.yaml', text), flags, defaults));
const meaning = (text: string, flags: Flags = {}): unknown =>
  configOf({ name: 'my.yaml', path: '/work/my.yaml', text }, flags, context, { output: false });

describe('the config in force', () => {
  it.each([
    ['an empty file', '', {}],
    [
      'a file with a part of everything',
      `inputs: [{ listen: 'forward://0.0.0.0:1', tag: x, max_depth: 9 }, { listen: 'forward+unix:///a.sock', mode: '0660' }]
output: { servers: [{ host: a, weight: 1 }, { host: b, standby: true }], require_ack_response: false }
alerts: { tag: 'x.\${tag}', sinks: ['file:a', { to: 'https://h/x', form: elasticsearch_bulk, batch_size: 5 }] }
alerts_spool: { path: s, max_age: 1h }
rules: { paths: [r], routes: { a-*: [b.**] }, overrides: { i: { severity: high } } }
fields: { aliases: { user.name: [who] } }
field_types: { a.ip: ip }
admin: { listen: '127.0.0.1:1' }
log: { level: debug }
memory_limit: 1g`,
      {},
    ],
    [
      'flags over a file',
      'rules: { paths: [a], watch: 5s }\noutput: { to: "file:x" }\nlog: { path: l }',
      {
        in: ['forward://127.0.0.1:5'],
        out: ['forward://a', 'forward://b:2'],
        alerts: ['file:z'],
        rules: ['/r'],
        admin: '127.0.0.1:9',
        logLevel: 'warn',
      },
    ],
  ] as const)('of %s is itself a config that means the same', (_what, text, flags) => {
    const printed = shown(text, flags);
    expect(meaning(printed)).toEqual(meaning(text, flags));
    expect(meaning(printed)).toHaveProperty('config');
  });

  it('says of every value where it came from: file and line, flag, or default', () => {
    const text = shown('memory_limit: 1g\nlog:\n  level: debug\n', { rules: ['r'], admin: '127.0.0.1:1' });
    expect(text).toContain('memory_limit: 1g # my.yaml:1\n');
    expect(text).toContain('level: debug # my.yaml:3\n');
    expect(text).toContain('paths: [ r ] # --rules\n');
    expect(text).toContain('listen: 127.0.0.1:1 # --admin\n');
    expect(text).toContain('shutdown_timeout: 30s # default\n');
  });

  it('shows no secret, wherever one can stand', () => {
    const text = shown(`inputs:
  - listen: forward://h
    tls: { cert_path: c, private_key_path: k, private_key_passphrase: hunter2 }
    security: { shared_key: hunter2, users: [{ username: a, password: hunter2 }], clients: [{ network: 10.0.0.0/8, shared_key: hunter2 }] }
output: { servers: [{ host: h, security: { shared_key: hunter2, password: hunter2 } }] }
alerts:
  sinks:
    - https://user:hunter2@h/path?key=hunter2
    - { to: 'https://hooks.example/services/hunter2', form: slack }
    - { to: 'https://h/x', authorization: hunter2, headers: { x-api-key: hunter2 } }
admin: { listen: '127.0.0.1:1', token: hunter2 }`);
    expect(text).not.toContain('hunter2');
    expect(text).toContain('https://***@h/path?***');
    expect(text).toContain('username: a');
    expect(text.match(/\*\*\*/g)!.length).toBeGreaterThanOrEqual(11);
  });
});
