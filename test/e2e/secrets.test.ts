// Secrets that come from the environment and from files: they do their work and are written nowhere.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Program, root } from '../support/program.js';
import { messageMode, pack, unpack } from '../support/wire.js';

let folder: string;
let program: Program | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fd-secrets-'));
});
afterEach(async () => {
  await program?.kill();
  rmSync(folder, { recursive: true, force: true });
});

const sha = (...parts: (string | Uint8Array)[]): string => {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

/** Shakes hands with this key; whether the stage took it. */
async function greets(port: number, key: string, password: string): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const [helo] = (await once(socket, 'data')) as [Buffer];
  const [, { nonce, auth }] = unpack(helo) as [string, { nonce: Uint8Array; auth: Uint8Array }];
  socket.write(
    pack(['PING', 'peer', 'salt', sha('salt', 'peer', nonce, key), 'ann', sha(auth, 'ann', password)]),
  );
  const [pong] = (await once(socket, 'data')) as [Buffer];
  socket.write(messageMode('a', { n: 1 }));
  socket.end();
  return (unpack(pong) as unknown[])[1] === true;
}

it('a key of a variable, a password of a file and a token of another let the right ones in, and are in no log and no answer of the admin server', async () => {
  const secrets = ['key-of-a-variable', 'password-of-a-file', 'token-of-a-file', 'key-of-the-output'];
  writeFileSync(join(folder, 'password'), `${secrets[1]}\n`);
  writeFileSync(join(folder, 'token'), `${secrets[2]}\n`);
  const config = {
    inputs: [
      {
        listen: 'forward://127.0.0.1:0',
        security: {
          self_hostname: 'stage',
          shared_key_env: 'STAGE_KEY',
          users: [{ username: 'ann', password_file: 'password' }],
        },
      },
    ],
    output: {
      servers: [{ host: '127.0.0.1', port: 1 }],
      security: { self_hostname: 'stage', shared_key: secrets[3] },
    },
    rules: { paths: [`${root}conf/rules`] },
    admin: { listen: '127.0.0.1:0', token_file: 'token' },
    log: { level: 'debug' },
  };
  writeFileSync(join(folder, 'detect.yaml'), JSON.stringify(config));
  program = new Program(['run', '--log-format', 'json', '--config', 'detect.yaml'], {
    cwd: folder,
    env: { ...process.env, STAGE_KEY: secrets[0] },
  });
  const port = await program.port();
  expect(await greets(port, secrets[0]!, secrets[1]!)).toBe(true);
  expect(await greets(port, secrets[0]!, 'wrong')).toBe(false);
  expect(await greets(port, 'wrong', secrets[1]!)).toBe(false);
  await program.says('handshake_failed');
  const { admin } = await program.ready();
  let answers = '';
  for (const path of [
    '/metrics',
    '/readyz',
    '/api/status',
    '/api/rules',
    '/api/alerts',
    '/api/config',
    '/',
  ]) {
    const answer = await fetch(`${admin}${path}`, { headers: { authorization: `Bearer ${secrets[2]}` } });
    answers += `${answer.status} ${await answer.text()}`;
  }
  expect(answers).toContain('fluent_detect_rejected_total');
  for (const secret of secrets) {
    expect(program.stderr).not.toContain(secret);
    expect(answers).not.toContain(secret);
  }
});
