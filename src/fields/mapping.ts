// The form of a source mapping: data that says where a raw record keeps what an ECS field would hold.
// A mapping is a view; it never changes an event. One file a source beside this one; `index over them: mappings.ts`.

/** One scalar of a raw record: its JSON kind and JSON text (a string's content without quotes). */
export interface RawValue {
  readonly kind: 'string' | 'number' | 'boolean';
  readonly text: string;
}

/** A sign by which a record is recognised. `path` is dotted and raw; keys are compared exactly as written. */
export type Clue =
  | { readonly path: string; readonly exists: true }
  | { readonly path: string; readonly oneOf: readonly string[] }
  | { readonly path: string; readonly endsWith: string };

/**
 * Where one ECS field is found. `from` lists raw paths (dotted; arrays are looked through; a path's values are
 * the scalars exactly there). Without `as`: the values of the first path that has any.
 * `as` gets one group of values a path, empty groups included, and returns the field's values (it must be pure).
 */
export interface FieldSource {
  readonly from: readonly string[];
  /** Instead of `as`: the first thing at a path, a map or list too, and what becomes of it (plain values, or Maps for maps). */
  readonly whole?: (value: unknown) => readonly RawValue[];
  readonly as?: (groups: readonly (readonly RawValue[])[]) => readonly RawValue[];
}

/**
 * All ECS fields below `ecs` are found below `raw` ('' is the record), by a rule for the keys. The first tree that a
 * field is below counts, and where it has no value the others of the same `ecs`; `fields` go before them.
 */
interface TreeSource {
  readonly ecs: string;
  readonly raw: string;
  /** `snake`: a raw key fits when its snake_case (Elastic's regex: ([a-z])([A-Z]+) → $1_$2, lower-cased) is the ECS key. */
  readonly keys: 'snake' | 'as_is';
  /** `raw` is a list of `{key, value}` maps: the field below `ecs` is the key, its value the value. */
  readonly pairs?: true;
}

export interface SourceMapping {
  /** For `fluent-detect fields` and the docs: `azure.signinlogs (Azure Monitor record)`. */
  readonly name: string;
  /** A record is this source's when all clues of any one group hold. The first mapping in the list wins. */
  readonly when: readonly (readonly Clue[])[];
  readonly constants: Readonly<Record<string, readonly string[]>>;
  readonly fields: Readonly<Record<string, FieldSource>>;
  readonly trees: readonly TreeSource[];
  /** Raw paths whose string holds JSON text (Log Analytics columns); looked into as if it were in place. */
  readonly jsonText: readonly string[];
  /** It knows every record (the config's constants): what such a record carries inside may still be the event. */
  readonly general?: true;
  /** Elastic has no pipeline for this form at all; left out with `fields.beyond_elastic: false`. */
  readonly beyondElastic?: true;
  /** With `fields.beyond_elastic: false` these stand in for `fields` of the same name. */
  readonly elasticFields?: Readonly<Record<string, FieldSource>>;
}
