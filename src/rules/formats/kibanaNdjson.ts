// A Kibana export: one JSON object a line: rules, exception lists and items, connectors, and a closing summary.
import type { SourceDocument } from '../place.js';
import { RuleFileError } from '../ruleError.js';
import type { RuleDocument, RuleFormat } from './format.js';
import { yamlDocuments } from './yamlDocument.js';

export const kibanaNdjson: RuleFormat = {
  name: 'Kibana NDJSON export',
  endings: ['.ndjson'],
  read(text): readonly RuleDocument[] {
    const documents: RuleDocument[] = [];
    text.split('\n').forEach((line, i) => {
      if (line.trim() === '') return;
      try {
        for (const source of yamlDocuments(line, i + 1)) documents.push(...documentsOf(source));
      } catch (error) {
        if (!(error instanceof RuleFileError)) throw error;
        documents.push({ kind: 'unreadable', error });
      }
    });
    return documents;
  },
};

/** What one JSON object of an export is: a rule, an exception item, or nothing of ours. */
export function documentsOf(source: SourceDocument): RuleDocument[] {
  const { value } = source;
  if (Array.isArray(value)) {
    return value.flatMap((element: unknown, i) => documentsOf(within(source, [i], element)));
  }
  if (typeof value !== 'object' || value === null) return [{ kind: 'rule', source, ruleset: null }];
  const object = value as Record<string, unknown>;
  if ('exported_count' in object || 'exported_rules_count' in object) return [];
  if ('item_id' in object && 'entries' in object) return [{ kind: 'exception_item', source, ruleset: null }];
  if ('list_id' in object && !('risk_score' in object)) return [];
  if ('connector_type_id' in object || 'actionTypeId' in object) return [];
  // The saved object of a prebuilt rule keeps the rule under `attributes`.
  if (object['type'] === 'security-rule' && typeof object['attributes'] === 'object') {
    return documentsOf(within(source, ['attributes'], object['attributes']));
  }
  return [{ kind: 'rule', source, ruleset: null }];
}

function within(
  source: SourceDocument,
  prefix: readonly (string | number)[],
  value: unknown,
): SourceDocument {
  return {
    value,
    place: (path) => source.place([...prefix, ...path]),
    placeIn: (path, offset) => source.placeIn([...prefix, ...path], offset),
  };
}
