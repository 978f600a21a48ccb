// An event as the rules see it, written out whole: which records of it are judged, which mapping reads each, and every
// ECS field with its values. The slow, readable twin of what the engine does over bytes; for people and for explaining.
import { type EcsFields, ecsFields } from './ecsFields.js';
import { ecsRecord, plainOf } from './ecsRecord.js';
import { judgedRecords } from './innerRecords.js';
import type { SourceMapping } from './mapping.js';
import { foundAt } from './view.js';

export interface EcsForm {
  /** Which record of the event (`records[3]`, `message`); null: the event itself. */
  readonly path: string | null;
  /** The mapping's name; null: the record is read as ECS. */
  readonly mapping: string | null;
  /** ECS field to its values. */
  readonly fields: EcsFields;
  /** Where each is found: paths of the record as it spells them; '' for what the mapping says itself. */
  readonly found: ReadonlyMap<string, readonly string[]>;
  /** The whole record in ECS, objects kept as objects; what it takes from the records around it is spelled with dots. */
  readonly record: unknown;
}

/**
 * The event itself first, unless it only carries others; then the records inside it.
 * @param jsonText the config's further keys that hold records.
 */
export function ecsForms(
  event: Readonly<Record<string, unknown>>,
  mappings: readonly SourceMapping[],
  jsonText: readonly string[] = [],
): EcsForm[] {
  return judgedRecords(event, mappings, jsonText).map(({ path, record, mapping, outers }) => {
    const fields = new Map(ecsFields(record, mapping));
    const found = new Map<string, readonly string[]>();
    for (const name of fields.keys()) found.set(name, mapping ? foundAt(record, mapping, name) : [name]);
    const taken: Record<string, unknown> = {};
    for (const outer of outers.toReversed()) {
      for (const [name, values] of ecsFields(outer.record, null))
        if (!fields.has(name) && !isOwn(name, outer.carries, path)) {
          fields.set(name, values);
          found.set(name, [`${name} around it`]);
          taken[name] = values.map(plainOf);
        }
    }
    return {
      path,
      mapping: mapping?.name ?? null,
      fields,
      found,
      record: { ...(mapping ? ecsRecord(record, mapping) : record), ...taken },
    };
  });
}

/** What an inner record does not take from the record around it: what that carries, and the id of an envelope. */
function isOwn(field: string, carries: string, path: string | null): boolean {
  if (field === carries || field.startsWith(`${carries}.`) || field === 'message') return true;
  return field === 'event.id' && path?.includes('[') === true;
}
