// A Kibana export: one JSON object a line: rules, exception lists and items, connectors, and a closing summary.
import type { SourceDocument } from '../place.js';
import { RuleFileError } from '../ruleError.js';
import type { RuleDocument, RuleFormat } from './format.js';
import { jsonDocument } from './jsonDocument.js';
import { savedRule, within } from './savedObject.js';

export const kibanaNdjson: RuleFormat = {
  name: 'Kibana NDJSON export',
  endings: ['.ndjson'],
  *read(text): Iterable<RuleDocument> {
    let line = 1;
    for (let start = 0; start < text.length; line += 1) {
      const end = text.indexOf('\n', start);
      const past = end === -1 ? text.length : end;
      yield* documentsOn(text.slice(start, past), line);
      start = past + 1;
    }
  },
};

/** A line that cannot be read costs that line. */
function documentsOn(line: string, number: number): RuleDocument[] {
  try {
    const source = jsonDocument(line, number);
    return source === null ? [] : documentsOf(source);
  } catch (error) {
    if (!(error instanceof RuleFileError)) throw error;
    return [{ kind: 'unreadable', error }];
  }
}

/** What a value of a file is: rules, exception items, or (an export's summary, lists, connectors) nothing of ours. */
export function documentsOf(source: SourceDocument): RuleDocument[] {
  const { value } = source;
  if (Array.isArray(value)) {
    return value.flatMap((element: unknown, i) => documentsOf(within(source, [i], element)));
  }
  if (typeof value !== 'object' || value === null) return [{ kind: 'rule', source, ruleset: null }];
  const object = value as Record<string, unknown>;
  if ('exported_count' in object || 'exported_rules_count' in object || 'exportedCount' in object) {
    return [{ kind: 'none' }];
  }
  if ('item_id' in object && 'entries' in object) return [{ kind: 'exception_item', source, ruleset: null }];
  if ('list_id' in object && !('risk_score' in object)) return [{ kind: 'none' }];
  if ('connector_type_id' in object || 'actionTypeId' in object) return [{ kind: 'none' }];
  // A page of Kibana's API (`_find`).
  if (Array.isArray(object['data']) && typeof object['total'] === 'number') {
    return documentsOf(within(source, ['data'], object['data']));
  }
  const saved = savedRule(source);
  return [{ kind: 'rule', source: saved ?? source, ruleset: null }];
}
