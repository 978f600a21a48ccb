// The published rules of Elastic, as they are. The folder with a checkout of them is named by DETECTION_RULES; none of
// it is in this repository.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'smol-toml';
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

  it('match the same events from their bytes as alone when fields are altered, listed, nested or taken from another rule', () => {
    const { rules } = loaded.ruleSet;
    const engine = new Engine(loaded.ruleSet, { mappings: sourceMappings, gate: () => ({}) });
    const all = [...witnesses.values()];
    for (const [n, witness] of all.entries()) {
      const other = all[(n * 7 + 1) % all.length]!;
      const [name] = Object.keys(witness);
      if (name === undefined) continue;
      const events = [
        { ...other, ...witness },
        { ...witness, [name]: ['altered', 0, false, ''] },
        { ...witness, [name]: [[...witness[name]!, 'more'], []] },
        nested(witness),
        { ...nested(witness), ...nested(other) },
      ];
      // Five events by 700 rules: every seventh rule's will do.
      if (n % 7 !== 0) continue;
      for (const event of events) {
        const bytes = encode(event as never);
        engine.match(bytes, 0, bytes.length, Date.now());
        const naive = rules.filter((r) => evaluate(r.predicate, event)).map((r) => r.id);
        expect([event, engine.matches.map((m) => m.rule.id).sort()]).toEqual([event, naive.sort()]);
      }
    }
  }, 300_000);

  it('are the same rules as one Kibana export', () => {
    const folder_ = mkdtempSync(join(tmpdir(), 'fluent-detect-corpus-'));
    try {
      const lines = files.map((file) => JSON.stringify(exported(readFileSync(file, 'utf8'))));
      writeFileSync(join(folder_, 'export.ndjson'), [...lines, '{"exported_count":1}', ''].join('\n'));
      const { ruleSet, errors } = loadRules([folder_]);
      expect(errors).toEqual([]);
      const known = ({ id, query, type, threshold, newTerms, severity }: Rule): unknown => [
        ...[id, query, type, threshold, newTerms, severity],
      ];
      const byId = (rules: readonly Rule[]): unknown[] => rules.map(known).sort();
      expect(byId(ruleSet.rules)).toEqual(byId(loaded.ruleSet.rules));
      expect(ruleSet.unsupported.length).toBe(loaded.ruleSet.unsupported.length);
    } finally {
      rmSync(folder_, { recursive: true });
    }
  }, 300_000);
});

/** What Kibana exports of a rule that was made from such a TOML file, once it is turned on. */
function exported(toml: string): object {
  const {
    new_terms: terms,
    enabled: _enabled,
    ...rule
  } = (parse(toml) as { rule: Record<string, unknown> }).rule;
  if (terms === undefined) return rule;
  const { value, history_window_start: start } = terms as {
    value: unknown;
    history_window_start: { value: unknown }[];
  };
  return { ...rule, new_terms_fields: value, history_window_start: start[0]!.value };
}

/** The first part of each name as an object around the rest. */
function nested(witness: Witness): Record<string, unknown> {
  const out: Record<string, Record<string, unknown>> = {};
  for (const [name, values] of Object.entries(witness)) {
    const [first, ...rest] = name.split('.');
    out[first!] = { ...out[first!], [rest.length === 0 ? '' : rest.join('.')]: values };
  }
  return out;
}

function without(witness: Witness, name: string): Witness {
  return Object.fromEntries(Object.entries(witness).filter(([n]) => n !== name));
}
