// The bytes of tags for records that have none of our fields. They follow from the rules and the places alone, so those of
// a combination of matches that comes again are made once.
import type { Match } from '../detect/match.js';
import { type Encodable, encode } from '../msgpack/encode.js';
import type { Rule } from '../rules/rule.js';
import { detectionOf, detectionRuleOf, ecsLeaves } from './leaves.js';

export interface ConstantTags {
  /** `severity` and `risk_score` pairs for an `event` map that is there. */
  readonly eventPairs: Buffer;
  /** The `event` pair for a record without one. */
  readonly eventPair: Buffer;
  /** `rule`, `threat` (if the rule has any) and `detection`, and how many pairs that is. */
  readonly pairs: Buffer;
  readonly count: number;
}

interface Combination {
  readonly matches: readonly { readonly rule: Rule; readonly path: string | null }[];
  readonly tags: ConstantTags;
}

/** Combinations remembered that begin with one rule; past it they are forgotten. */
const MAX_KNOWN = 256;
/** A combination of more matches is made each time. */
const MAX_MATCHES = 16;

/** By the first rule: the combination that came last, and all by the places and the ids of the others. */
const known = new WeakMap<Rule, { last: Combination; readonly all: Map<string, Combination> }>();

/** @param matches one or more. */
export function constantTags(matches: readonly Match[]): ConstantTags {
  if (matches.length > MAX_MATCHES || !matches.every(isPlain)) return tagsOf(matches);
  const ofRule = known.get(matches[0]!.rule);
  if (ofRule && isOf(ofRule.last, matches)) return ofRule.last.tags;
  const name = matches.map((m) => `${m.rule.id}\n${m.path ?? ''}`).join('\n');
  let combination = ofRule?.all.get(name);
  // Rules of one id are others after a reload.
  if (!combination || !isOf(combination, matches)) {
    combination = { matches: matches.map(({ rule, path }) => ({ rule, path })), tags: tagsOf(matches) };
  }
  if (!ofRule) {
    known.set(matches[0]!.rule, { last: combination, all: new Map([[name, combination]]) });
    return combination.tags;
  }
  if (ofRule.all.size >= MAX_KNOWN) ofRule.all.clear();
  ofRule.all.set(name, combination);
  ofRule.last = combination;
  return combination.tags;
}

function isOf(combination: Combination, matches: readonly Match[]): boolean {
  const its = combination.matches;
  if (its.length !== matches.length) return false;
  for (let i = 0; i < its.length; i += 1) {
    if (its[i]!.rule !== matches[i]!.rule || its[i]!.path !== matches[i]!.path) return false;
  }
  return true;
}

/** What the event says does not change what is said of the rule. */
function isPlain(match: Match): boolean {
  const { rule } = match;
  return match.severity === rule.severity && match.riskScore === rule.riskScore && match.name === rule.name;
}

function tagsOf(matches: readonly Match[]): ConstantTags {
  const tree: { [top: string]: { [key: string]: Encodable } } = {};
  for (const { path, value } of ecsLeaves(matches)) {
    let at: { [key: string]: Encodable } = tree;
    for (const key of path.slice(0, -1)) {
      at[key] ??= {};
      at = at[key] as { [key: string]: Encodable };
    }
    at[path[path.length - 1]!] = value;
  }
  const { event, ...rest } = tree;
  const tops: [string, Encodable][] = [
    ...Object.entries(rest),
    ['detection', detectionOf(matches.map(detectionRuleOf)) as unknown as Encodable],
  ];
  return {
    eventPairs: Buffer.concat(Object.entries(event!).flatMap(([k, v]) => [encode(k), encode(v)])),
    eventPair: Buffer.concat([encode('event'), encode(event!)]),
    pairs: Buffer.concat(tops.flatMap(([k, v]) => [encode(k), encode(v)])),
    count: tops.length,
  };
}
