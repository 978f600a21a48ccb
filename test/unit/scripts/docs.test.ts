// The pages of docs/ that are made from the code say what the code says now.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { licencesPage, runtimePackages } from '../../../scripts/licencesPage.js';
import { logsPage } from '../../../scripts/logsPage.js';
import { ruleCodesPage } from '../../../scripts/ruleCodesPage.js';
import { root } from '../../support/program.js';

const text = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('the pages made from the code', () => {
  it.each([
    ['docs/logs.md', logsPage()],
    ['docs/rule-codes.md', ruleCodesPage()],
    ['docs/licences.md', licencesPage(text('package-lock.json'))],
  ])('%s is current (npm run docs)', (path, made) => {
    expect(text(path)).toBe(made);
  });

  it('every package that a user installs is under a licence that Apache-2.0 may carry', () => {
    const packages = runtimePackages(text('package-lock.json'));
    expect(packages.length).toBeGreaterThan(10);
    expect(packages.filter((p) => !p.plain)).toEqual([]);
  });

  it('every log line has a code of docs/logs.md: nothing writes to the log beside it', () => {
    const wrong = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.startsWith('observe/'))
      .filter((file) => /\b#?log\.(trace|debug|info|warn|error|fatal)\(/.test(text(join('src', file))));
    expect(wrong).toEqual([]);
  });
});
