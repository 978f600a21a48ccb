// What a user's own config adds to the source mappings: aliases of fields, constants by tag, further keys that hold
// JSON text; and whether the mappings may see more than Elastic's own pipelines would.
import type { FieldSource, SourceMapping } from './mapping.js';

export interface UserMapping {
  /** ECS field to the paths where a record keeps it, the first that has a value counting. */
  readonly aliases: Readonly<Record<string, readonly string[]>>;
  /** Fields that every event of some tags has. */
  readonly constants: readonly {
    readonly fits: (tag: string) => boolean;
    readonly values: Readonly<Record<string, readonly string[]>>;
  }[];
  /** Keys at a record's top that hold records as JSON text, beside `message`, `log` and `payload`. */
  readonly jsonText: readonly string[];
  /** False: what Elastic's own pipeline would miss is missed here too. */
  readonly beyondElastic: boolean;
}

export const noUserMapping: UserMapping = { aliases: {}, constants: [], jsonText: [], beyondElastic: true };

export interface TagMappings {
  /** The same for tags that have the same mappings. */
  readonly key: string;
  readonly mappings: readonly SourceMapping[];
}

/** The mappings for events of a tag. */
export function mappingsFor(base: readonly SourceMapping[], user: UserMapping, tag: string): TagMappings {
  const fitting = user.constants.map((c) => c.fits(tag));
  const constants: Record<string, readonly string[]> = {};
  user.constants.forEach((c, i) => {
    if (fitting[i]) Object.assign(constants, c.values);
  });
  const allowed = user.beyondElastic ? base : base.filter((m) => !m.beyondElastic).map(asElasticHasIt);
  const aliases = Object.entries(user.aliases);
  const widened = allowed.map((mapping) => ({
    ...mapping,
    constants: { ...mapping.constants, ...constants },
    fields: {
      ...mapping.fields,
      ...Object.fromEntries(aliases.map(([f, from]) => [f, alias(from, mapping.fields[f])])),
    },
  }));
  const own = ownMapping(aliases, constants);
  return { key: fitting.map(Number).join(''), mappings: own ? [...widened, own] : widened };
}

function asElasticHasIt(mapping: SourceMapping): SourceMapping {
  if (!mapping.elasticFields) return mapping;
  return { ...mapping, fields: { ...mapping.fields, ...mapping.elasticFields } };
}

/** The user's paths go first; what the mapping has of its own counts where none of them has a value. */
function alias(from: readonly string[], existing: FieldSource | undefined): FieldSource {
  if (existing?.whole) return { from };
  const all = [...from, ...(existing?.from ?? [])];
  const derive = existing?.as;
  if (!derive) return { from: all };
  return {
    from: all,
    as: (groups) =>
      groups.slice(0, from.length).find((g) => g.length > 0) ?? derive(groups.slice(from.length)),
  };
}

/** For records that no mapping knows: with constants all of them, else those that have one of the aliased paths. */
function ownMapping(
  aliases: readonly (readonly [string, readonly string[]])[],
  constants: Readonly<Record<string, readonly string[]>>,
): SourceMapping | null {
  const hasConstants = Object.keys(constants).length > 0;
  if (aliases.length === 0 && !hasConstants) return null;
  return {
    name: 'config (fields of the config)',
    when: hasConstants
      ? [[]]
      : aliases.flatMap(([, from]) => from.map((path) => [{ path, exists: true as const }])),
    constants,
    fields: Object.fromEntries(aliases.map(([field, from]) => [field, { from }])),
    trees: [],
    jsonText: [],
    general: true,
  };
}
