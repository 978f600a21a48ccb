// Which changes of rule files are seen, and when.
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RuleWatch } from '../../../src/cli/ruleWatch.js';
import { loadRules } from '../../../src/rules/load.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fluent-detect-gently-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const json = (id: string, query = 'f: x'): string =>
  JSON.stringify({
    rule_id: id,
    name: id,
    description: 'd',
    risk_score: 1,
    severity: 'low',
    type: 'query',
    query,
  });
const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);

describe('watching', () => {
  const watch = (): { look: (loadedAt?: number) => Promise<void>; changes: () => number } => {
    let changes = 0;
    const watched = new RuleWatch([folder], () => {
      changes += 1;
      return Promise.resolve();
    });
    return { look: (at = Date.now() + 60_000) => watched.look(at), changes: () => changes };
  };

  it('says once that files changed, and only when two looks saw the same', async () => {
    put('a.json', json('a'));
    const w = watch();
    for (let n = 0; n < 3; n += 1) await w.look();
    expect(w.changes()).toBe(0);
    put('b.json', json('b'));
    await w.look();
    put('c.json', json('c'));
    await w.look();
    expect(w.changes()).toBe(0);
    for (let n = 0; n < 3; n += 1) await w.look();
    expect(w.changes()).toBe(1);
    unlinkSync(join(folder, 'b.json'));
    for (let n = 0; n < 3; n += 1) await w.look();
    expect(w.changes()).toBe(2);
  });

  it('counts what changed between loading and the first look', async () => {
    put('a.json', json('a'));
    const w = watch();
    for (let n = 0; n < 3; n += 1) await w.look(0);
    expect(w.changes()).toBe(1);
  });

  it('sees a mounted folder that is swapped behind a link', async () => {
    for (const version of ['v1', 'v2']) {
      mkdirSync(join(folder, `..${version}`));
      put(`..${version}/a.json`, json('a', version));
    }
    symlinkSync('..v1', join(folder, '..data'));
    symlinkSync('..data/a.json', join(folder, 'a.json'));
    const w = watch();
    await w.look();
    await w.look();
    symlinkSync('..v2', join(folder, '..next'));
    renameSync(join(folder, '..next'), join(folder, '..data'));
    await w.look();
    await w.look();
    expect(w.changes()).toBe(1);
    expect(loadRules([folder]).ruleSet.rules.map((r) => r.query)).toEqual(['v2']);
  });

  it('takes a folder that is gone for a change, and says so again when it is back', async () => {
    put('a.json', json('a'));
    const w = watch();
    await w.look();
    renameSync(folder, `${folder}.away`);
    await w.look();
    await w.look();
    renameSync(`${folder}.away`, folder);
    await w.look();
    await w.look();
    expect(w.changes()).toBe(2);
  });
});
