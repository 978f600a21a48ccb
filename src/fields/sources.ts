// Where a mapping finds an ECS field, worked out from its data: for the walk over bytes and for the reading of plain
// records alike.
import type { FieldSource, RawValue, SourceMapping } from './mapping.js';
import { snakeCase } from './snakeCase.js';

/** A raw path and how its keys are compared. */
export interface RawPath {
  readonly path: string;
  readonly keys: 'exact' | 'snake';
}

/** The paths of a field without `as`, the first that has a value counting. */
export function pathsOf(
  mapping: SourceMapping,
  field: string,
  source: FieldSource | undefined,
): readonly RawPath[] {
  const paths: RawPath[] = (source?.from ?? []).map((path) => ({ path, keys: 'exact' }));
  const first = mapping.trees.find((tree) => field.startsWith(`${tree.ecs}.`));
  for (const tree of mapping.trees) {
    if (tree.pairs || tree.ecs !== first?.ecs) continue;
    const rest = field.slice(tree.ecs.length + 1);
    // Every key on the way is compared in the tree's spelling.
    const raw = tree.keys === 'snake' ? tree.raw.split('.').map(snakeCase).join('.') : tree.raw;
    paths.push({
      path: raw === '' ? rest : `${raw}.${rest}`,
      keys: tree.keys === 'snake' ? 'snake' : 'exact',
    });
  }
  return paths;
}

/** Fields below `name` that mappings find by themselves or give, and not as a part of what is below `name` in the record. */
export function mappedBelow(mappings: readonly SourceMapping[]): (name: string) => string[] {
  const all = mappings.flatMap((m) => [...Object.keys(m.fields), ...Object.keys(m.constants)]);
  const fields = [...new Set(all)];
  return (name) => fields.filter((field) => field.startsWith(`${name}.`));
}

/** Paths of which something is in every record of the mapping's form that has anything below the object `name`. */
export function pathsBelow(mapping: SourceMapping, name: string): RawPath[] {
  const paths: RawPath[] = [];
  for (const { ecs, raw, keys } of mapping.trees) {
    if (ecs !== name && !ecs.startsWith(`${name}.`)) continue;
    // The record itself: it has at least what it was recognised by.
    if (raw === '') for (const { path } of mapping.when.flat()) paths.push({ path, keys: 'exact' });
    else
      paths.push({
        path: keys === 'snake' ? raw.split('.').map(snakeCase).join('.') : raw,
        keys: keys === 'snake' ? 'snake' : 'exact',
      });
  }
  return paths;
}

/** The source of a field below a tree of pairs; undefined: it is below none. */
export function pairSource(mapping: SourceMapping, field: string): FieldSource | undefined {
  const tree = mapping.trees.find((t) => t.pairs && field.startsWith(`${t.ecs}.`));
  if (!tree) return undefined;
  const key = field.slice(tree.ecs.length + 1);
  return { from: [`${tree.raw}.key`, `${tree.raw}.value`], as: (groups) => valuesOfKey(key, groups) };
}

function valuesOfKey(
  key: string,
  [keys = [], values = []]: readonly (readonly RawValue[])[],
): readonly RawValue[] {
  // A pair without a key or a value would shift those after it.
  return keys.length === values.length ? values.filter((_, i) => keys[i]!.text === key) : [];
}
