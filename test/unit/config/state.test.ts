// `alerts.state`: where look-back and caps live.
import { describe, expect, it } from 'vitest';
import { configOf, type LoadedConfig } from '../../../src/config/load.js';

function state(text: string, env: NodeJS.ProcessEnv = {}): LoadedConfig {
  const context = { cwd: '/cwd', env, isTty: false, hostname: 'here' };
  const source = { name: 'c.yaml', path: '/cwd/c.yaml', text: `alerts:\n  state: ${text}\n` };
  return configOf(source, {}, context, { output: false });
}
const stateOf = (loaded: LoadedConfig): unknown =>
  'config' in loaded ? loaded.config.alerts.state : loaded.errors;
const placesOf = (loaded: LoadedConfig): string[] =>
  'errors' in loaded ? loaded.errors.map((e) => `${e.where}:${e.line}:${e.column}: ${e.message}`) : [];

describe('alerts.state', () => {
  it("is this stage's own by default, and with `local`", () => {
    expect(stateOf(state('local'))).toBe(null);
  });

  it('is a Redis as its URL, or with user, secret, TLS, prefix and timeout', () => {
    const plain = { username: null, password: null, tls: null, prefix: 'fluent-detect', timeout: 500 };
    expect(stateOf(state('redis://127.0.0.1:6379/2'))).toEqual({ url: 'redis://127.0.0.1:6379/2', ...plain });
    const whole =
      '{ to: rediss://r:6380, username: u, password_env: P, tls: { ca_path: ca.crt }, prefix: p, timeout: 50ms }';
    expect(stateOf(state(whole, { P: 's' }))).toMatchObject({
      url: 'rediss://r:6380',
      username: 'u',
      password: 's',
      tls: { caPath: '/cwd/ca.crt', verifyHostname: true },
      prefix: 'p',
      timeout: 50,
    });
  });

  it('names what is no Redis, and a secret that is not there, with its place', () => {
    expect(placesOf(state('memcached://x'))[0]).toMatch(/^c\.yaml:2:10: .*redis:\/\/HOST:PORT/);
    expect(placesOf(state('{ to: nonsense }'))[0]).toMatch(/^c\.yaml:2:16: .*redis:\/\/HOST:PORT/);
    expect(placesOf(state('{ to: redis://r, password_env: NONE }'))[0]).toMatch(/no variable NONE/);
    expect(placesOf(state('{ to: redis://r, what: 1 }'))[0]).toMatch(/^c\.yaml:2:/);
  });
});
