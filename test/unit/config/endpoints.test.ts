// Endpoints as people write them, and what is said to those who write them wrong.
import { describe, expect, it } from 'vitest';
import { EndpointError, hostPort, parseEndpoint, parseListen } from '../../../src/config/endpoints.js';

const parse = (text: string) => parseEndpoint(text, '/etc/fluent-detect');

describe('an endpoint', () => {
  it.each([
    ['forward://192.0.2.1:24225', '192.0.2.1', 24225],
    ['forward://logs.example:1', 'logs.example', 1],
    ['forward://logs.example:65535/', 'logs.example', 65535],
    ['forward://logs.example', 'logs.example', 24224],
    ['forward://[2001:db8::1]:24225', '2001:db8::1', 24225],
    ['forward://[::1]', '::1', 24224],
    ['forward://[::ffff:192.0.2.1]:5', '::ffff:192.0.2.1', 5],
  ])('%s is a Forward server, on port 24224 unless it says another', (text, host, port) => {
    expect(parse(text)).toEqual({ kind: 'forward', host, port });
  });

  it('forward+unix:// is an absolute path of a socket', () => {
    expect(parse('forward+unix:///run/in.sock')).toEqual({ kind: 'unix', path: '/run/in.sock' });
  });

  it.each([
    ['file:alerts.ndjson', '/etc/fluent-detect/alerts.ndjson'],
    ['file:../alerts.ndjson', '/etc/alerts.ndjson'],
    ['file:/var/log/alerts.ndjson', '/var/log/alerts.ndjson'],
    ['file:///var/log/alerts.ndjson', '/var/log/alerts.ndjson'],
  ])('%s is a file, relative to the folder that it is written in', (text, path) => {
    expect(parse(text)).toEqual({ kind: 'file', path });
  });

  it.each(['http://127.0.0.1:9200/_bulk', 'https://siem.example/hook?x=1'])('%s is a URL as it is', (url) => {
    expect(parse(url)).toEqual({ kind: 'http', url });
  });

  it('stdout: is standard output, with or without its colon; discard: is nothing', () => {
    expect([parse('stdout:'), parse('stdout'), parse('discard:')]).toEqual([
      { kind: 'stdout' },
      { kind: 'stdout' },
      { kind: 'discard' },
    ]);
  });

  const address = 'an address is written HOST:PORT, with IPv6 in brackets';
  const all = 'expected forward://HOST:PORT, forward+unix:///path.sock, file:PATH, http(s)://…, or stdout:';
  it.each([
    ['forward://', address],
    ['forward://:24224', address],
    ['forward://a:65536', address],
    ['forward://a:port', address],
    ['forward://a:1/path', address],
    ['forward://2001:db8::1:24224', address],
    ['forward+unix://run/in.sock', 'a unix socket is written forward+unix:///path.sock'],
    ['file:', 'a file is written file:PATH'],
  ])('%s is refused with how it is written', (text, how) => {
    expect(() => parse(text)).toThrow(new EndpointError(`${text}: ${how}`));
  });

  it.each(['127.0.0.1:24224', 'tcp://127.0.0.1', 'FORWARD://a', 'stderr:', 'a\u001b[2J', ''])(
    '%j is refused with all that can be written',
    (text) => {
      expect(() => parse(text)).toThrow(new EndpointError(`${JSON.stringify(text)}: ${all}`));
    },
  );

  it('http:// without a host is refused', () => {
    expect(() => parse('http://')).toThrow(new EndpointError('http:// is no URL'));
  });
});

describe('an input', () => {
  it('listens on a Forward address or on a unix socket with its mode', () => {
    expect(parseListen('forward://[::]:1', 0o660)).toEqual({ kind: 'tcp', host: '::', port: 1 });
    expect(parseListen('forward+unix:///run/in.sock', 0o660)).toEqual({
      kind: 'unix',
      path: '/run/in.sock',
      mode: 0o660,
    });
  });

  it.each(['file:in', 'stdout:', 'http://a', 'discard:'])('does not listen on %s', (text) => {
    expect(() => parseListen(text, null)).toThrow(
      new EndpointError(`${text}: events come in over forward://HOST:PORT or forward+unix:///path.sock`),
    );
  });
});

describe('an address', () => {
  it('is named in its error as it was written', () => {
    expect(() => hostPort('a b:c', '--admin a b:c')).toThrow(
      /^--admin a b:c: an address is written HOST:PORT/,
    );
  });

  it('with port 0 leaves the port to the system', () => {
    expect(hostPort('127.0.0.1:0', '')).toEqual({ host: '127.0.0.1', port: 0 });
  });
});
