// The parts of the config that say what rules are and see: overlays by rule id, routes by index, the user's own field
// mapping.
import type { UserMapping } from '../fields/userMapping.js';
import { tagPattern } from '../rules/tagPattern.js';
import type { Config, RuleOverlay } from './config.js';
import type { TreePath } from './file.js';
import type { Table, TreeContext } from './treeContext.js';

export function overlays(
  tree: TreeContext,
  overrides: Readonly<Record<string, Table>>,
): Record<string, RuleOverlay> {
  const out: Record<string, RuleOverlay> = {};
  for (const [id, t] of Object.entries(overrides)) {
    const exceptions = (t['exceptions'] as Table[] | undefined)?.map((e, n) => {
      const expires = e['expires'] === undefined ? null : Date.parse(String(e['expires']));
      if (Number.isNaN(expires)) {
        tree.error(
          ['rules', 'overrides', id, 'exceptions', n, 'expires'],
          'expires is written like 2026-12-31T00:00:00Z',
        );
      }
      return { name: String(e['name']), query: String(e['query']), expires };
    });
    out[id] = {
      ...(t['enabled'] === undefined ? {} : { enabled: t['enabled'] as boolean }),
      ...(t['severity'] === undefined
        ? {}
        : { severity: t['severity'] as NonNullable<RuleOverlay['severity']> }),
      ...(t['risk_score'] === undefined ? {} : { riskScore: t['risk_score'] as number }),
      ...(exceptions === undefined ? {} : { exceptions }),
      ...(t['max_signals'] === undefined ? {} : { maxSignals: t['max_signals'] as number }),
      ...(t['interval'] === undefined ? {} : { interval: t['interval'] as string }),
      ...(t['from'] === undefined ? {} : { from: t['from'] as string }),
    };
  }
  return out;
}

export function fieldMapping(tree: TreeContext, t: Table): UserMapping {
  const constants = ((t['constants'] as Table[] | undefined) ?? []).map((c, n) => ({
    fits: checkedPattern(tree, [c['tags'] as string | string[]].flat().join(' '), [
      'fields',
      'constants',
      n,
      'tags',
    ]),
    values: listed(c['values'] as Record<string, string | string[]>),
  }));
  const aliases = listed((t['aliases'] as Record<string, string | string[]> | undefined) ?? {});
  for (const [field, paths] of Object.entries(aliases)) {
    checkedPaths(tree, [field], ['fields', 'aliases', field]);
    checkedPaths(tree, paths, ['fields', 'aliases', field]);
    if (paths.length === 0)
      tree.error(['fields', 'aliases', field], `fields.aliases.${field} names no path; leave it out`);
  }
  const jsonText = (t['json_text'] as string[] | undefined) ?? [];
  checkedPaths(tree, jsonText, ['fields', 'json_text']);
  return {
    aliases,
    constants,
    jsonText,
    beyondElastic: t['beyond_elastic'] !== false,
  };
}

export function routes(
  tree: TreeContext,
  t: Readonly<Record<string, string | string[]>>,
): Config['rules']['routes'] {
  return Object.fromEntries(
    Object.entries(t).map(([index, tags]) => {
      const list = ([] as string[]).concat(tags);
      checkedPattern(tree, list.join(' '), ['rules', 'routes', index]);
      return [index, list];
    }),
  );
}

/** A path is keys with dots between them. */
function checkedPaths(tree: TreeContext, paths: readonly string[], at: TreePath): void {
  for (const path of paths)
    if (path.split('.').includes(''))
      tree.error(at, `${JSON.stringify(path)} is no path of keys, like actor.login`);
}

function checkedPattern(tree: TreeContext, pattern: string, path: TreePath): (tag: string) => boolean {
  try {
    return tagPattern(pattern);
  } catch (error) {
    tree.error(path, (error as TypeError).message);
    return () => false;
  }
}

/** `field: path` or `field: [path, …]`. */
function listed(t: Readonly<Record<string, string | string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(t).map(([key, value]) => [key, [value].flat()]));
}
