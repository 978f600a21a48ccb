// Where tags go in a record, whatever its form: it reads the record's shape (keys, and which values are maps) and
// says what is appended to which map and what is replaced. It overwrites nothing that the source wrote.
import type { Match } from '../detect/match.js';
import type { Encodable } from '../msgpack/encode.js';
import { type DetectionRule, detectionOf, detectionRuleOf, ecsLeaves, type TagLeaf } from './leaves.js';

/** A map of the record, seen from outside. The same for msgpack bytes, JSON text and objects. */
export interface MapShape {
  /** In order; the last of duplicate keys is the one that counts. */
  readonly entries: readonly EntryShape[];
}
export interface EntryShape {
  readonly key: string;
  /** Null: the value is not a map. The same object whenever it is asked. */
  map(): MapShape | null;
  /** The whole value as plain JSON-like values; only asked for `detection`. */
  value(): unknown;
}

/** Pairs to append to one map of the record. */
interface Addition {
  readonly map: MapShape;
  readonly pairs: (readonly [key: string, value: Encodable])[];
}
interface Replacement {
  readonly entry: EntryShape;
  readonly value: Encodable;
}
export interface TagPlan {
  readonly additions: readonly Addition[];
  readonly replacements: readonly Replacement[];
}

/** A tree of values to append, built from leaves that share a parent which the record lacks. */
type Branch = Map<string, Branch | { leaf: Encodable }>;

/**
 * The plan for an event that matches. Null: there is nothing to add, because an earlier stage has tagged
 * the event with all of these rules.
 */
export function planTags(
  root: MapShape,
  matches: readonly Match[],
  extra: readonly TagLeaf[] = [],
): TagPlan | null {
  const spelling = isDotted(root) ? 'dotted' : 'nested';
  const found = findDetection(root);
  const known = new Set(found.rules.map(matchKey));
  const fresh = matches.filter((m) => !known.has(matchKey(detectionRuleOf(m))));
  if (fresh.length === 0 && extra.length === 0) return null;
  const leaves: TagLeaf[] = [...ecsLeaves(fresh)];
  if (fresh.length > 0 && found.name !== null) {
    const detection = detectionOf([...found.rules, ...fresh.map(detectionRuleOf)]);
    for (const [key, value] of Object.entries(detection)) {
      leaves.push({ path: [found.name, key], value: value as Encodable, replace: true });
    }
  }
  return planLeaves(root, [...leaves, ...extra], spelling);
}

function planLeaves(root: MapShape, leaves: readonly TagLeaf[], spelling: 'dotted' | 'nested'): TagPlan {
  const replacements: Replacement[] = [];
  const missing = new Map<MapShape, Branch>();
  for (const leaf of leaves) place(root, leaf.path, leaf);
  const additions = [...missing].map(([map, branch]): Addition => {
    const pairs: [string, Encodable][] = [];
    if (map === root && spelling === 'dotted') flatten(branch, '', pairs);
    else for (const [key, value] of branch) pairs.push([key, treeOf(value)]);
    return { map, pairs };
  });
  return { additions, replacements };

  function place(map: MapShape, path: readonly string[], leaf: TagLeaf): void {
    // The longest part of the path that some key of this map spells (`threat`, `threat.tactic`, …).
    for (let n = path.length; n > 0; n -= 1) {
      const key = path.slice(0, n).join('.');
      const entry = lastEntry(map, key);
      if (!entry) continue;
      if (n === path.length) {
        if (leaf.replace) replacements.push({ entry, value: leaf.value });
        return;
      }
      const inner = entry.map();
      if (inner) place(inner, path.slice(n), leaf);
      return;
    }
    // `rule.id.sub` there already: a scalar at `rule.id` would make the document contradict itself.
    const prefix = `${path.join('.')}.`;
    if (map.entries.some((e) => e.key.startsWith(prefix))) return;
    let branch: Branch = missing.get(map) ?? new Map();
    missing.set(map, branch);
    for (const key of path.slice(0, -1)) {
      const next: Branch | { leaf: Encodable } | undefined = branch.get(key);
      if (next instanceof Map) branch = next;
      else {
        const made: Branch = new Map();
        branch.set(key, made);
        branch = made;
      }
    }
    branch.set(path[path.length - 1]!, { leaf: leaf.value });
  }
}

function treeOf(value: Branch | { leaf: Encodable }): Encodable {
  if (!(value instanceof Map)) return value.leaf;
  return Object.fromEntries([...value].map(([key, inner]) => [key, treeOf(inner)]));
}

function flatten(branch: Branch, prefix: string, pairs: [string, Encodable][]): void {
  for (const [key, value] of branch) {
    if (value instanceof Map) flatten(value, `${prefix}${key}.`, pairs);
    else pairs.push([`${prefix}${key}`, value.leaf]);
  }
}

function lastEntry(map: MapShape, key: string): EntryShape | null {
  for (let i = map.entries.length - 1; i >= 0; i -= 1)
    if (map.entries[i]!.key === key) return map.entries[i]!;
  return null;
}

/** A record spells its fields with dots when a key at its top does. */
function isDotted(root: MapShape): boolean {
  return root.entries.some((e) => /[^.]\.[^.]/.test(e.key));
}

/**
 * Where our tag goes, and what an earlier stage has put there. A `detection` that is not ours stays as it is; where the
 * source has both names (null) only the ECS fields are added.
 */
export function findDetection(root: MapShape): { name: string | null; rules: readonly DetectionRule[] } {
  for (const name of ['detection', 'fluent_detect']) {
    const entry = lastEntry(root, name);
    if (entry) {
      const ours = ourRules(entry.value());
      if (ours) return { name, rules: ours };
      continue;
    }
    const dotted = root.entries.filter((e) => e.key.startsWith(`${name}.`));
    if (dotted.length === 0) return { name, rules: [] };
    const spelled = Object.fromEntries(dotted.map((e) => [e.key.slice(name.length + 1), e.value()]));
    const ours = ourRules(spelled);
    if (ours) return { name, rules: ours };
  }
  return { name: null, rules: [] };
}

function ourRules(value: unknown): DetectionRule[] | null {
  if (!isRecord(value) || typeof value['severity'] !== 'string' || typeof value['risk_score'] !== 'number')
    return null;
  const rules = value['rules'];
  if (!Array.isArray(rules) || !rules.every(isDetectionRule)) return null;
  return rules;
}

function isDetectionRule(value: unknown): value is DetectionRule {
  return (
    isRecord(value) &&
    typeof value['id'] === 'string' &&
    typeof value['name'] === 'string' &&
    typeof value['severity'] === 'string' &&
    typeof value['risk_score'] === 'number'
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function matchKey(rule: DetectionRule): string {
  return `${rule.id} ${rule.path ?? ''}`;
}
