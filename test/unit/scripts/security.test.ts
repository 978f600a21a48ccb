// SECURITY.md names the test of each thing that it claims; here each name is held to be one of a test.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../support/program.js';

describe('SECURITY.md', () => {
  it('names only tests that exist', () => {
    const text = readFileSync(join(root, 'SECURITY.md'), 'utf8').replaceAll('\n', ' ');
    const titles = [...text.matchAll(/"([^"]{20,})"/g)].map((m) => m[1]!);
    expect(titles.length).toBeGreaterThan(20);
    const tests = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => readFileSync(join(root, 'test', file), 'utf8'))
      .join('\n');
    expect(
      titles.filter((title) => !["'", '"', '`'].some((q) => tests.includes(`${q}${title}${q}`))),
    ).toEqual([]);
  });
});

describe('the bill of materials', () => {
  it('names every package that a user installs, with its version and licence', () => {
    const { status, stdout } = spawnSync(process.execPath, ['dist/scripts/sbom.js'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(status).toBe(0);
    const { bomFormat, components } = JSON.parse(stdout) as {
      bomFormat: string;
      components: { name: string; version: string; licenses?: unknown[] }[];
    };
    expect(bomFormat).toBe('CycloneDX');
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const names = new Set(components.map((c) => c.name));
    expect(Object.keys(dependencies).filter((name) => !names.has(name))).toEqual([]);
    expect(components.filter((c) => c.version === '' || !c.licenses?.length)).toEqual([]);
  });
});
