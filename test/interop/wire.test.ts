// The Forward protocol between the stage and real Fluentd, in both directions at once: Fluentd sends to the stage and
// takes back what the stage sends, each time with the same way of securing or packing it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasOpenssl, makeCertificates } from '../support/certificates.js';
import { Fluentd, fileEvents, fluentCat, freePort, noFluentd, until } from '../support/fluentd.js';
import { sourceConf } from '../support/fluentdConf.js';
import { Program, root } from '../support/program.js';
import { match, plain } from '../support/records.js';

let folder: string;
const running: { stop(): Promise<unknown> }[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fd-wire-'));
});
afterEach(async () => {
  for (const r of running.splice(0).reverse()) await r.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** One way of talking, as each of the four ends is told of it. */
interface Way {
  readonly name: string;
  /** In the `<source>` of in_forward. */
  readonly inForward?: string;
  /** In the `<match>` of out_forward. */
  readonly outForward?: string;
  /** In its `<server>`. */
  readonly server?: string;
  /** Under an input of the stage, and under its output. */
  readonly input?: object;
  readonly output?: object;
  readonly needsCertificates?: boolean;
}

const sharedKey = 'a key with spaces & signs';
const userAuth = `
  <security>
    self_hostname fluentd.example
    shared_key ${sharedKey}
    user_auth true
    <user>
      username detect
      password secret
    </user>
  </security>`;
const keyOnly = `
  <security>
    self_hostname fluentd.example
    shared_key ${sharedKey}
  </security>`;
const serverTls = (clientAuth: boolean) => `
  <transport tls>
    cert_path ./peer.crt
    private_key_path ./peer.key
    client_cert_auth ${clientAuth}
    ca_path ./ca.crt
  </transport>`;
const clientTls = `
  transport tls
  tls_cert_path ./ca.crt
  tls_verify_hostname true`;
const stageCertificate = { cert_path: 'peer.crt', private_key_path: 'peer.key', ca_path: 'ca.crt' };

const ways: readonly Way[] = [
  {
    name: 'plain, without acks',
    outForward: 'require_ack_response false',
    output: { require_ack_response: false },
  },
  { name: 'acked, in gzip', outForward: 'require_ack_response true\n  compress gzip' },
  {
    name: 'over kept connections, with UDP heartbeats',
    outForward: 'require_ack_response true\n  keepalive true\n  heartbeat_type udp',
    output: { heartbeat_type: 'udp', hard_timeout: '3s' },
  },
  {
    name: 'with transport heartbeats on both sides',
    outForward: 'require_ack_response true\n  heartbeat_type transport\n  heartbeat_interval 1s',
    output: { heartbeat_type: 'transport', hard_timeout: '3s' },
  },
  {
    name: 'with a shared key',
    inForward: keyOnly,
    outForward: `require_ack_response true${keyOnly}`,
    input: { security: { self_hostname: 'detect.example', shared_key: sharedKey } },
    output: { security: { self_hostname: 'detect.example', shared_key: sharedKey } },
  },
  {
    name: 'with a shared key, a user and a password',
    inForward: userAuth,
    outForward: `require_ack_response true${keyOnly}`,
    server: 'username detect\n    password secret',
    input: {
      security: {
        self_hostname: 'detect.example',
        shared_key: sharedKey,
        users: [{ username: 'detect', password: 'secret' }],
      },
    },
    output: {
      security: {
        self_hostname: 'detect.example',
        shared_key: sharedKey,
        username: 'detect',
        password: 'secret',
      },
    },
  },
  {
    name: 'over TLS, in gzip, acked',
    needsCertificates: true,
    // Without it out_forward has nothing to verify the certificate against.
    server: 'name localhost',
    inForward: serverTls(false),
    outForward: `require_ack_response true\n  compress gzip${clientTls}`,
    input: { tls: { cert_path: 'peer.crt', private_key_path: 'peer.key' } },
    output: { tls: { ca_path: 'ca.crt' } },
  },
  {
    name: 'over mutual TLS, with a shared key',
    needsCertificates: true,
    server: 'name localhost',
    inForward: `${serverTls(true)}${keyOnly}`,
    outForward: `require_ack_response true${clientTls}
  tls_client_cert_path ./peer.crt
  tls_client_private_key_path ./peer.key${keyOnly}`,
    input: {
      tls: { ...stageCertificate, client_cert_auth: true },
      security: { self_hostname: 'detect.example', shared_key: sharedKey },
    },
    output: { tls: stageCertificate, security: { self_hostname: 'detect.example', shared_key: sharedKey } },
  },
];

function fluentdConf(way: Way, ports: { cat: number; stage: number; back: number }): string {
  return `${sourceConf(ports.cat)}<match **>
  @type forward
  ${way.outForward ?? ''}
  <server>
    host 127.0.0.1
    port ${ports.stage}
    ${way.server ?? ''}
  </server>
  <buffer tag>
    flush_mode interval
    flush_interval 0.2s
    retry_wait 0.5s
    retry_max_interval 1s
  </buffer>
</match>
<source>
  @type forward
  @label @BACK
  bind 127.0.0.1
  port ${ports.back}${way.inForward ?? ''}
</source>
<label @BACK>
  <match **>
    @type file
    path ./back/events
    append true
    <buffer []>
      flush_mode interval
      flush_interval 0.2s
    </buffer>
  </match>
</label>
`;
}

describe.skipIf(noFluentd !== null)(
  'real Fluentd gets its events back through the stage, the right ones tagged',
  () => {
    for (const way of ways) {
      it.skipIf(way.needsCertificates === true && !hasOpenssl())(`${way.name}`, async () => {
        if (way.needsCertificates) makeCertificates(folder);
        const ports = { cat: await freePort(), stage: await freePort(), back: await freePort() };
        mkdirSync(join(folder, 'back'));
        writeFileSync(join(folder, 'fluent.conf'), fluentdConf(way, ports));
        const config = {
          inputs: [{ listen: `forward://127.0.0.1:${ports.stage}`, ...way.input }],
          output: { servers: [{ host: '127.0.0.1', port: ports.back }], retry_wait: '100ms', ...way.output },
          rules: { paths: [`${root}conf/rules`] },
        };
        writeFileSync(join(folder, 'detect.yaml'), JSON.stringify(config));
        const program = new Program(['run', '--log-format', 'json', '--config', 'detect.yaml'], {
          cwd: folder,
        });
        running.push({ stop: () => program.kill() });
        await program.ready();
        const fluentd = new Fluentd(join(folder, 'fluent.conf'), {}, folder);
        running.push(fluentd);
        const records = Array.from({ length: 200 }, (_, n) =>
          n % 50 === 7 ? { n, ...match(`m${n}`) } : plain(n),
        );
        await fluentCat(ports.cat, 'azure.entra', `${records.map((r) => JSON.stringify(r)).join('\n')}\n`);
        const back = () => fileEvents(join(folder, 'back'));
        await until(
          () => back().length >= 200,
          () =>
            `200 events (there are ${back().length}); Fluentd says:\n${fluentd.log}\nThe stage says:\n${program.stderr}`,
        );
        const events = back().sort((a, b) => Number(a.record['n']) - Number(b.record['n']));
        expect(events.map((e) => e.record['n'])).toEqual(records.map((r) => r['n']));
        const tagged = events.filter((e) => 'detection' in e.record).map((e) => e.record['n']);
        expect(tagged).toEqual([7, 57, 107, 157]);
        for (const [i, { tag, record }] of events.entries()) {
          expect(tag).toBe('azure.entra');
          expect(record).toMatchObject(records[i]!);
        }
      });
    }
  },
);
