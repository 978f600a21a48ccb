// Loading in short steps, for a program whose events go on meanwhile.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RulePathError } from '../../../src/rules/folders.js';
import { loadRules, loadRulesGently } from '../../../src/rules/load.js';

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

describe('loading in steps', () => {
  it('gives what loading at once gives, and lets others run in between', async () => {
    const long = `f: (${Array.from({ length: 300 }, (_, n) => `v${n}`).join(' or ')})`;
    put('many.ndjson', Array.from({ length: 200 }, (_, n) => json(`r${n}`, long)).join('\n'));
    put('bad.json', json('bad', '('));
    put('odd.yaml', 'name: x\ntype: eql\n');
    let pauses = 0;
    const gently = await loadRulesGently([folder], {}, async () => {
      pauses += 1;
      await setImmediate();
    });
    const atOnce = loadRules([folder]);
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
    const load = loadRulesGently([join(folder, 'nowhere')], {}, () => Promise.resolve());
    await expect(load).rejects.toThrow(RulePathError);
  });
});
