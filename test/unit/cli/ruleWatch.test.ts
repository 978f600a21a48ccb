// Which changes of rule files are seen, and when.
import { mkdirSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RuleWatch } from '../../../src/cli/ruleWatch.js';
import { loadRules } from '../../../src/rules/load.js';
import { jsonRule, ruleFolder } from '../../support/ruleFolder.js';

const folder = ruleFolder();

describe('watching', () => {
  const watch = (): { look: (loadedAt?: number) => Promise<void>; changes: () => number } => {
    let changes = 0;
    const watched = new RuleWatch([folder.path], () => {
      changes += 1;
      return Promise.resolve();
    });
    return { look: (at = Date.now() + 60_000) => watched.look(at), changes: () => changes };
  };

  it('says once that files changed, and only when two looks saw the same', async () => {
    folder.put('a.json', jsonRule('a'));
    const w = watch();
    for (let n = 0; n < 3; n += 1) await w.look();
    expect(w.changes()).toBe(0);
    folder.put('b.json', jsonRule('b'));
    await w.look();
    folder.put('c.json', jsonRule('c'));
    await w.look();
    expect(w.changes()).toBe(0);
    for (let n = 0; n < 3; n += 1) await w.look();
    expect(w.changes()).toBe(1);
    unlinkSync(join(folder.path, 'b.json'));
    for (let n = 0; n < 3; n += 1) await w.look();
    expect(w.changes()).toBe(2);
  });

  it('counts what changed between loading and the first look', async () => {
    folder.put('a.json', jsonRule('a'));
    const w = watch();
    for (let n = 0; n < 3; n += 1) await w.look(0);
    expect(w.changes()).toBe(1);
  });

  it('sees a mounted folder that is swapped behind a link', async () => {
    for (const version of ['v1', 'v2']) {
      mkdirSync(join(folder.path, `..${version}`));
      folder.put(`..${version}/a.json`, jsonRule('a', version));
    }
    symlinkSync('..v1', join(folder.path, '..data'));
    symlinkSync('..data/a.json', join(folder.path, 'a.json'));
    const w = watch();
    await w.look();
    await w.look();
    symlinkSync('..v2', join(folder.path, '..next'));
    renameSync(join(folder.path, '..next'), join(folder.path, '..data'));
    await w.look();
    await w.look();
    expect(w.changes()).toBe(1);
    expect(loadRules([folder.path]).ruleSet.rules.map((r) => r.query)).toEqual(['v2']);
  });

  it('takes a folder that is gone for a change, and says so again when it is back', async () => {
    folder.put('a.json', jsonRule('a'));
    const w = watch();
    await w.look();
    renameSync(folder.path, `${folder.path}.away`);
    await w.look();
    await w.look();
    renameSync(`${folder.path}.away`, folder.path);
    await w.look();
    await w.look();
    expect(w.changes()).toBe(2);
  });
});
