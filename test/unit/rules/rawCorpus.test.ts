// Elastic's published rules for AWS, Okta and Azure on raw records: for each rule a record as its source writes it.
// The folder with a checkout of them is named by DETECTION_RULES; none of it is in this repository.
import { beforeAll, describe, expect, it } from 'vitest';
import { Engine } from '../../../src/detect/engine.js';
import type { SourceMapping } from '../../../src/fields/mapping.js';
import { sourceMappings } from '../../../src/fields/mappings.js';
import { type Encodable, encode } from '../../../src/msgpack/encode.js';
import { loadRules } from '../../../src/rules/load.js';
import type { Rule } from '../../../src/rules/rule.js';
import { ruleSetOf } from '../../support/makeRule.js';
import { rawOf } from '../../support/rawOf.js';
import { type Witness, witnessOf } from '../../support/witness.js';

const folder = process.env['DETECTION_RULES'] ?? '';

/** What Elastic looks up (networks by the address) or reads out of other fields (the parts of a user agent). */
const isLookedUp = (field: string): boolean =>
  /^(source|client)\.as\./.test(field) || /^user_agent\.(name|version|os)/.test(field);

interface Tried {
  readonly rule: Rule;
  readonly missing: readonly string[];
  readonly matched: boolean;
  /** With what is looked up put beside the raw record, as an earlier stage would. */
  readonly matchedEnriched: boolean;
}

describe.skipIf(folder === '').each(['aws', 'okta', 'azure'])('published rules for %s', (source) => {
  let tried: Tried[];
  beforeAll(() => {
    tried = loadRules([`${folder}/rules/integrations/${source}`]).ruleSet.rules.map(tryOut);
  });

  it('match a raw record, but for those that ask for what a lookup adds', () => {
    expect(tried.length).toBeGreaterThan(30);
    const failed = tried.filter((t) => !t.matched && !(t.missing.length > 0 && t.missing.every(isLookedUp)));
    expect(failed.map((t) => `${t.rule.name}: ${t.missing.join()}`)).toEqual([]);
  });

  it('match it too when an earlier stage has put what it looked up beside the record', () => {
    expect(tried.filter((t) => !t.matchedEnriched).map((t) => t.rule.name)).toEqual([]);
  });
});

function tryOut(rule: Rule): Tried {
  const witness = plausible(witnessOf(rule.predicate, rule.query)!);
  // A query of several datasets: the one whose fields it asks for.
  const made = mappingsFor(witness)
    .map(([dataset, mapping]) => rawOf(witness, dataset, mapping))
    .sort((a, b) => a.missing.length - b.missing.length)[0]!;
  const enriched = Object.fromEntries(made.missing.map((field) => [field, witness[field]]));
  return {
    rule,
    missing: made.missing,
    matched: matches(rule, made.raw),
    matchedEnriched: matches(rule, { ...made.raw, ...enriched }),
  };
}

function mappingsFor(witness: Witness): [string, SourceMapping][] {
  const own = sourceMappings.filter((m) => !m.beyondElastic);
  const asked = Object.keys(witness);
  const named = [...(witness['data_stream.dataset'] ?? []), ...(witness['event.dataset'] ?? [])].map(String);
  const below = own.filter((m) => m.trees.some((t) => asked.some((f) => f.startsWith(`${t.ecs}.`))));
  const datasets = new Set([...named, ...below.flatMap((m) => m.constants['event.dataset'] ?? [])]);
  return [...datasets].flatMap((dataset): [string, SourceMapping][] => {
    const mapping = own.find((m) => m.constants['event.dataset']?.[0] === dataset);
    return mapping ? [[dataset, mapping]] : [];
  });
}

/** What `*` stands for must be what the source could write there. */
function plausible(witness: Witness): Witness {
  const out: Witness = { ...witness };
  if (out['source.ip']?.[0] === '*') out['source.ip'] = ['192.0.2.1'];
  const paths = out['url.path'];
  if (paths) out['url.path'] = [`/${paths.map((path) => String(path).replace(/^\/|\*/g, '')).join('/')}`];
  return out;
}

function matches(rule: Rule, record: Record<string, unknown>): boolean {
  const engine = new Engine(ruleSetOf(rule), { mappings: sourceMappings, gate: () => ({}) });
  const bytes = encode(record as Encodable);
  expect(engine.match(bytes, 0, bytes.length, Date.now())).toBe(bytes.length);
  return engine.matches.length > 0;
}
