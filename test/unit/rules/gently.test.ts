// Loading in short steps, for a program whose events go on meanwhile.
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { RulePathError } from '../../../src/rules/folders.js';
import { loadRules, loadRulesGently } from '../../../src/rules/load.js';
import { jsonRule, ruleFolder } from '../../support/ruleFolder.js';

const folder = ruleFolder();

describe('loading in steps', () => {
  it('gives what loading at once gives, and lets others run in between', async () => {
    const long = `f: (${Array.from({ length: 300 }, (_, n) => `v${n}`).join(' or ')})`;
    folder.put('many.ndjson', Array.from({ length: 200 }, (_, n) => jsonRule(`r${n}`, long)).join('\n'));
    folder.put('bad.json', jsonRule('bad', '('));
    folder.put('odd.yaml', 'name: x\ntype: eql\n');
    let pauses = 0;
    const gently = await loadRulesGently([folder.path], {}, async () => {
      pauses += 1;
      await setImmediate();
    });
    const atOnce = loadRules([folder.path]);
    expect(gently.ruleSet.hash).toBe(atOnce.ruleSet.hash);
    expect([gently.errors, gently.warnings, gently.invalid, gently.files]).toEqual([
      atOnce.errors,
      atOnce.warnings,
      1,
      3,
    ]);
    expect(pauses).toBeGreaterThan(1);
  });

  it('of a path that is not there ends as loading at once does', async () => {
    const load = loadRulesGently([join(folder.path, 'nowhere')], {}, () => Promise.resolve());
    await expect(load).rejects.toThrow(RulePathError);
  });
});
