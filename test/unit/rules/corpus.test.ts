// The published rules of Elastic, as they are. The folder with a checkout of them is named by DETECTION_RULES; none of
// it is in this repository.
import { beforeAll, describe, expect, it } from 'vitest';
import { Engine } from '../../../src/detect/engine.js';
import { sourceMappings } from '../../../src/fields/mappings.js';
import { evaluate } from '../../../src/kql/evaluate.js';
import { encode } from '../../../src/msgpack/encode.js';
import { type LoadResult, loadRules, ruleFilesOf } from '../../../src/rules/load.js';
import type { Rule } from '../../../src/rules/rule.js';
import { type Witness, witnessOf } from '../../support/witness.js';

const folder = process.env['DETECTION_RULES'] ?? '';

describe.skipIf(folder === '')('the published rules (in the folder that DETECTION_RULES names)', () => {
  let loaded: LoadResult;
  let files: string[];
  const witnesses = new Map<Rule, Witness>();
  beforeAll(() => {
    files = ruleFilesOf(folder);
    loaded = loadRules([folder]);
    for (const rule of loaded.ruleSet.rules) {
      const witness = witnessOf(rule.predicate, rule.query);
      if (witness) witnesses.set(rule, witness);
    }
  });

  it('are all loaded, or named with the reason why not: the counts add up, and none is an error', () => {
    const { rules, disabled, unsupported } = loaded.ruleSet;
    expect(loaded.errors).toEqual([]);
    expect(rules.length + disabled.length + unsupported.length).toBe(files.length);
    expect(rules.length).toBeGreaterThan(600);
    for (const { type, language, reason } of unsupported) {
      expect(reason).not.toBe('');
      expect([type, language]).not.toEqual(['query', 'kuery']);
    }
  });

  it('each have an event that satisfies them', () => {
    const without = loaded.ruleSet.rules.filter((rule) => !witnesses.has(rule));
    expect(without.map((rule) => `${rule.name}: ${rule.query}`)).toEqual([]);
  });

  it('match the same events from their bytes, all at once, as each does alone, and no others', () => {
    const { rules } = loaded.ruleSet;
    const engine = new Engine(loaded.ruleSet, { mappings: sourceMappings, gate: () => ({}) });
    const indexed = (record: Witness) => {
      const bytes = encode(record);
      expect(engine.match(bytes, 0, bytes.length, Date.now())).toBe(bytes.length);
      return engine.matches.map((m) => m.rule.id).sort();
    };
    const naive = (record: Witness) =>
      rules
        .filter((rule) => evaluate(rule.predicate, record))
        .map((rule) => rule.id)
        .sort();
    for (const [rule, witness] of witnesses) {
      expect(indexed(witness)).toContain(rule.id);
      for (const less of [witness, ...Object.keys(witness).map((name) => without(witness, name))])
        expect([less, indexed(less)]).toEqual([less, naive(less)]);
    }
  }, 300_000);
});

function without(witness: Witness, name: string): Witness {
  return Object.fromEntries(Object.entries(witness).filter(([n]) => n !== name));
}
