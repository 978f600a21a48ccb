// Kibana's saved objects: a prebuilt rule keeps the rule under `attributes`; one exported by Stack Management keeps its
// parameters in camelCase under `attributes.params`.
import type { Path, SourceDocument } from '../place.js';

/** The rule inside a saved object; null: it is none. */
export function savedRule(source: SourceDocument): SourceDocument | null {
  const { value } = source;
  if (!isObject(value) || !isObject(value['attributes'])) return null;
  const { type, attributes } = value;
  if (type === 'security-rule') return within(source, ['attributes'], attributes);
  if (type !== 'alert' || !isObject(attributes['params'])) return null;
  const { name, tags, enabled, schedule, params } = attributes;
  const interval = isObject(schedule) ? schedule['interval'] : undefined;
  const given = Object.entries({ id: value['id'], name, tags, enabled, interval }).filter(
    ([, v]) => v !== undefined,
  );
  const rule = { ...(snake(params, []) as object), ...Object.fromEntries(given) };
  const camelPath = (path: Path): Path => {
    const inAttributes = path[0] === 'name' || path[0] === 'tags' || path[0] === 'enabled';
    if (path.length === 0 || inAttributes) return ['attributes', ...path];
    return ['attributes', 'params', ...path.map((step) => (typeof step === 'string' ? camel(step) : step))];
  };
  return {
    value: rule,
    place: (path) => source.place(camelPath(path)),
    placeIn: (path, offset) => source.placeIn(camelPath(path), offset),
  };
}

/** What lies at a path of a document, as a document of its own. */
export function within(source: SourceDocument, prefix: Path, value: unknown): SourceDocument {
  return {
    value,
    place: (path) => source.place([...prefix, ...path]),
    placeIn: (path, offset) => source.placeIn([...prefix, ...path], offset),
  };
}

/** Keys in snake_case; those of `filters` are Elasticsearch's and stay. */
function snake(value: unknown, path: Path): unknown {
  if (path[0] === 'filters') return value;
  if (Array.isArray(value)) return value.map((v, i) => snake(v, [...path, i]));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, v]) => [
      key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`),
      snake(v, [...path, key]),
    ]),
  );
}

function camel(key: string): string {
  return key.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase());
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
