// What conf/deploy/ ships: linted with what the registries offer, held against the program's own config, and run as far
// as a machine without a container engine can.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { Fluentd, fileEvents, fluentCat, freePort, noFluentd, until } from '../support/fluentd.js';
import { missing } from '../support/peers.js';
import { Program, root, run } from '../support/program.js';
import { match, plain } from '../support/records.js';

const deploy = `${root}conf/deploy/`;
const text = (name: string): string => readFileSync(`${deploy}${name}`, 'utf8');
const said = (command: string, args: string[]): string => {
  const { stdout, stderr, status } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  return status === 0 && stderr === '' ? '' : `${stdout}${stderr}`;
};
const noSystemd = missing('systemd-analyze', 'systemd-analyze', ['--version'], 'apt-get install systemd');
const noYamllint = missing('yamllint', 'yamllint', ['--version'], 'apt-get install yamllint');

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly data?: Record<string, string>;
  readonly spec: {
    readonly template: { readonly spec: PodSpec };
    readonly selector?: unknown;
  };
}
interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly Container[];
}
interface Container {
  readonly name: string;
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources: { readonly limits: Record<string, string>; readonly requests: Record<string, string> };
  readonly securityContext: Record<string, unknown>;
  readonly livenessProbe?: { readonly httpGet: { readonly path: string } };
  readonly readinessProbe?: { readonly httpGet: { readonly path: string } };
}
const manifests = (name: string): Manifest[] =>
  parseAllDocuments(text(`kubernetes/${name}`)).map((d) => d.toJS() as Manifest);

describe('the Dockerfile', () => {
  it('passes the linter, ends as a user that is not root, and copies only what is there', () => {
    const lint = spawnSync(`${root}node_modules/.bin/dockerfilelint`, ['-o', 'json', 'Dockerfile'], {
      cwd: deploy,
      encoding: 'utf8',
    });
    expect(JSON.parse(lint.stdout)).toMatchObject({ totalIssues: 0 });
    const lines = text('Dockerfile').split('\n');
    expect(lines.filter((l) => l.startsWith('USER')).at(-1)).toBe('USER node');
    const ignored = readFileSync(`${root}.dockerignore`, 'utf8').split('\n').filter(Boolean);
    for (const line of lines.filter((l) => l.startsWith('COPY ') && !l.includes('--from')))
      for (const source of line.split(' ').slice(1, -1)) {
        expect(existsSync(`${root}${source}`), source).toBe(true);
        expect(ignored).not.toContain(source);
      }
  });

  it('has a health check that passes for a stage with its admin server, and fails for one without', async () => {
    const line = /^HEALTHCHECK .*CMD (\[.*\])$/m.exec(text('Dockerfile'))![1]!;
    const [command, ...args] = JSON.parse(line) as [string, ...string[]];
    const folder = mkdtempSync(join(tmpdir(), 'fd-health-'));
    const port = await freePort();
    const check = (): number | null =>
      spawnSync(
        command,
        args.map((a) => a.replace('24220', String(port))),
      ).status;
    expect(check()).toBe(1);
    const flags = ['--in', 'forward://127.0.0.1:0', '--out', 'discard:', '--admin', `127.0.0.1:${port}`];
    const stage = new Program(['run', '--log-format', 'json', ...flags], { cwd: folder });
    await stage.ready();
    expect(check()).toBe(0);
    await stage.kill();
    rmSync(folder, { recursive: true, force: true });
  });
});

describe('the Kubernetes manifests', () => {
  it.each(['stage.yaml', 'agent.yaml'])('%s is what the Kubernetes schemas allow', async (name) => {
    for (const manifest of manifests(name)) {
      const models = (await import(/* @vite-ignore */ `kubernetes-models/${manifest.apiVersion}`)) as Record<
        string,
        new (
          manifest: unknown,
        ) => { validate(): void }
      >;
      const Model = models[manifest.kind]!;
      expect(() => new Model(manifest).validate(), manifest.kind).not.toThrow();
    }
  });

  it('give every container limits and a read-only root, and the stage probes, no root and time to end', () => {
    const pods = ['stage.yaml', 'agent.yaml'].flatMap((name) =>
      manifests(name)
        .filter((m) => m.kind === 'Deployment' || m.kind === 'DaemonSet')
        .map((m) => m.spec.template.spec),
    );
    expect(pods).toHaveLength(2);
    for (const pod of pods) {
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(30);
      for (const { name, resources, securityContext } of pod.containers) {
        expect(resources.limits['memory'], name).toBeDefined();
        expect(resources.requests['cpu'], name).toBeDefined();
        expect(securityContext).toMatchObject({
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
        });
      }
      const stage = pod.containers.find((c) => c.name === 'fluent-detect')!;
      expect(stage.livenessProbe?.httpGet.path).toBe('/healthz');
      expect(stage.readinessProbe?.httpGet.path).toBe('/readyz');
      expect(stage.ports?.find((p) => p.name === 'admin')?.containerPort).toBe(24220);
    }
    const headless = manifests('stage.yaml').find((m) => m.kind === 'Service')!.spec as unknown;
    expect(headless).toMatchObject({ clusterIP: 'None' });
    const kinds = manifests('stage.yaml').map((m) => m.kind);
    expect(kinds).toEqual(['Deployment', 'Service', 'PodDisruptionBudget', 'NetworkPolicy']);
  });
});

describe('the compose file', () => {
  it('runs the stage read-only, as nobody special, with secrets from outside and longer to end than it needs', () => {
    const { services, volumes } = parse(text('compose.yaml')) as {
      services: Record<
        string,
        { volumes: string[]; environment: Record<string, string> } & Record<string, unknown>
      >;
      volumes: Record<string, unknown>;
    };
    expect(Object.keys(services)).toEqual(['agent', 'detect', 'aggregator']);
    expect(services['detect']).toMatchObject({ read_only: true, user: '1000:1000', cap_drop: ['ALL'] });
    expect(Number.parseInt(String(services['detect']!['stop_grace_period']), 10)).toBeGreaterThan(30);
    for (const { volumes: mounts, environment } of Object.values(services)) {
      for (const mount of mounts) {
        const source = mount.split(':')[0]!;
        if (source.startsWith('.')) expect(existsSync(`${deploy}${source}`), source).toBe(true);
        else expect(volumes).toHaveProperty(source);
      }
      for (const secret of Object.values(environment)) expect(secret).toMatch(/^\$\{\w+:\?/);
    }
  });
});

describe('the configs of the stage', () => {
  const check = (name: string, config: string): string => {
    const folder = mkdtempSync(join(tmpdir(), 'fd-config-'));
    writeFileSync(join(folder, name), config);
    const env = { ...process.env, FORWARD_SHARED_KEY: 'k', ADMIN_TOKEN: 't' };
    const { status, stdout, stderr } = run(['config', 'check', name], { cwd: folder, env });
    rmSync(folder, { recursive: true, force: true });
    return status === 0 ? '' : `${stdout}${stderr}`;
  };

  it('pass the check of the program itself, the one inside the ConfigMap too', () => {
    expect(check('stage.yaml', text('fluent-detect.yaml'))).toBe('');
    const agent = manifests('agent.yaml').find((m) => m.kind === 'ConfigMap')!;
    expect(check('agent.yaml', agent.data!['fluent-detect.yaml']!)).toBe('');
  });
});

describe.skipIf(noYamllint !== null)('yamllint', () => {
  it('finds nothing', () => {
    const rules =
      '{extends: default, rules: {line-length: {max: 130}, document-start: disable, comments: disable, braces: disable}}';
    expect(said('yamllint', ['-d', rules, 'conf/deploy'])).toBe('');
  });
});

describe.skipIf(noSystemd !== null)('the systemd unit', () => {
  it('is one that systemd takes', () => {
    expect(said('systemd-analyze', ['verify', '--man=no', 'conf/deploy/fluent-detect.service'])).toBe('');
  });
});

describe.skipIf(noFluentd !== null)(
  'the Fluentd configs on both sides, with the stage of the same folder between them',
  () => {
    const running: { stop(): Promise<unknown> }[] = [];
    let folder: string;
    afterEach(async () => {
      for (const r of running.splice(0).reverse()) await r.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    it('carry events and alerts over the shared key', async () => {
      folder = mkdtempSync(join(tmpdir(), 'fd-deploy-'));
      const [agent, detect, aggregator] = [await freePort(), await freePort(), await freePort()];
      const env = {
        FORWARD_SHARED_KEY: 'a-shared-key',
        ADMIN_TOKEN: 'token',
        AGENT_PORT: String(agent),
        DETECT_HOST: '127.0.0.1',
        DETECT_PORT: String(detect),
        AGGREGATOR_PORT: String(aggregator),
        FLUENTD_DATA: folder,
      };
      const config = text('fluent-detect.yaml')
        .replace('0.0.0.0:24224', `127.0.0.1:${detect}`)
        .replace('host: aggregator, port: 24224', `host: 127.0.0.1, port: ${aggregator}`)
        .replace('forward://aggregator:24224', `forward://127.0.0.1:${aggregator}`)
        .replace('0.0.0.0:24220', '127.0.0.1:0')
        .replace('/var/lib/fluent-detect/spool', join(folder, 'spool'))
        .replace('/etc/fluent-detect/rules', `${root}conf/rules`);
      writeFileSync(join(folder, 'fluent-detect.yaml'), config);
      const stage = new Program(['run', '--log-format', 'json'], {
        cwd: folder,
        env: { ...process.env, ...env },
      });
      running.push({ stop: () => stage.kill() });
      await stage.ready();
      running.push(
        new Fluentd(`${deploy}fluentd-aggregator.conf`, { ...env, SELF_HOSTNAME: 'aggregator' }, folder),
      );
      running.push(new Fluentd(`${deploy}fluentd-agent.conf`, { ...env, SELF_HOSTNAME: 'agent' }, folder));
      const lines = [plain(1), match('m'), plain(2)].map((r) => `${JSON.stringify(r)}\n`).join('');
      await fluentCat(agent, 'azure.entra', lines);
      const events = (): number => fileEvents(join(folder, 'events')).length;
      await until(
        () => events() === 3 && fileEvents(join(folder, 'alerts')).length === 1,
        'events and an alert',
      );
      expect(fileEvents(join(folder, 'events')).filter((e) => 'detection' in e.record)).toHaveLength(1);
    });
  },
);
