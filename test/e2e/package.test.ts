// The package as npm packs it: what is in it, its types, and every example of docs/library.md against it, in a folder
// that has the package and what it declares to depend on, and nothing else.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/program.js';

const bin = (name: string): string => `${root}node_modules/.bin/${name}`;
let folder: string;
let tarball: string;
let files: string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fd-package-'));
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const [packed] = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' })) as [
    { filename: string; files: { path: string }[] },
  ];
  tarball = join(folder, packed.filename);
  files = packed.files.map((f) => f.path);
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'fluent-detect'), { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '--strip-components', '1', '-C', join(modules, 'fluent-detect')]);
  const { dependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
    dependencies: Record<string, string>;
  };
  // A consumer in TypeScript has Node's types.
  for (const name of [...Object.keys(dependencies), '@types/node', 'undici-types']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(`${root}node_modules/${name}`, join(modules, name));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the package', () => {
  it('has the program, the library, configs, docs and console, and neither tests nor benchmarks', () => {
    for (const path of [
      'dist/plugin.js',
      'dist/plugin.d.ts',
      'dist/src/cli/main.js',
      'conf/fluentd.conf',
      'LICENSE',
    ])
      expect(files).toContain(path);
    expect(files.filter((f) => /^(dist\/(test|bench|scripts)|test|bench|src)\//.test(f))).toEqual([]);
  });

  it('runs as it is installed', () => {
    const main = join(folder, 'node_modules/fluent-detect/dist/src/cli/main.js');
    const rules = join(folder, 'node_modules/fluent-detect/conf/rules');
    const listed = spawnSync(process.execPath, [main, 'rules', 'list', '--rules', rules, '--json'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(listed.stderr).toBe('');
    expect(JSON.parse(listed.stdout)).toHaveLength(1);
    const filtered = spawnSync(process.execPath, [main, 'filter', '--rules', rules], {
      cwd: folder,
      encoding: 'utf8',
      input: '{"a":1}\n',
    });
    expect(filtered.stdout).toBe('{"a":1}\n');
  });

  it('passes publint and attw: exports, files and types are what bundlers and compilers expect', () => {
    const lint = spawnSync(
      bin('publint'),
      ['--strict', '--pack', 'false', join(folder, 'node_modules/fluent-detect')],
      {
        encoding: 'utf8',
      },
    );
    expect(lint.status, lint.stdout + lint.stderr).toBe(0);
    const types = spawnSync(bin('attw'), [tarball, '--profile', 'esm-only', '--no-color', '--no-emoji'], {
      encoding: 'utf8',
    });
    expect(types.status, types.stdout + types.stderr).toBe(0);
  });
});

describe('the examples of docs/library.md', () => {
  it('compile in a strict project and run', () => {
    const page = readFileSync(`${root}docs/library.md`, 'utf8');
    const examples = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map((m) => m[1]!);
    expect(examples.length).toBeGreaterThanOrEqual(4);
    const rule = [
      'rule_id: r',
      'name: Failed login',
      'description: d',
      'risk_score: 21',
      'severity: low',
      'type: query',
      'query: "event.action: login and event.outcome: failure"',
    ].join('\n');
    for (const [name, text] of [
      ['rules/login.yaml', rule],
      ['broken-rules/login.yaml', rule.replace('failure"', '("')],
      ['package.json', '{ "type": "module", "private": true }'],
      [
        'tsconfig.json',
        JSON.stringify({
          compilerOptions: {
            module: 'NodeNext',
            target: 'ES2022',
            strict: true,
            types: ['node'],
            outDir: 'out',
            rootDir: '.',
          },
          files: examples.map((_, n) => `example${n}.ts`),
        }),
      ],
      ...examples.map((text, n) => [`example${n}.ts`, text] as const),
    ] as const) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const compiled = spawnSync(bin('tsc'), ['-p', '.'], { cwd: folder, encoding: 'utf8' });
    expect(compiled.stdout).toBe('');
    const said = examples.map((_, n) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [`out/example${n}.js`], {
        cwd: folder,
        encoding: 'utf8',
        timeout: 30_000,
      });
      expect(stderr, `example ${n}`).toBe('');
      expect(status, `example ${n}`).toBe(0);
      return stdout;
    });
    expect(said[0]).toContain('1 rules in force; 0 left out');
    expect(said[0]).toContain('alert.app.audit');
    expect(said[1]).toMatch(/login\.yaml:7:\d+: /);
    expect(said[2]).toMatch(/^alert [0-9a-f]{64}$/m);
    expect(said[3]).toContain('events come in at');
  });
});
