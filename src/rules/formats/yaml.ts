// Rules as YAML (one or more documents) or JSON (one, or a list), in Kibana's schema.
import type { RuleFormat } from './format.js';
import { jsonDocument } from './jsonDocument.js';
import { documentsOf } from './kibanaNdjson.js';
import { yamlDocuments } from './yamlDocument.js';

export const yaml: RuleFormat = {
  name: 'YAML',
  endings: ['.yaml', '.yml'],
  read: (text) => yamlDocuments(text).flatMap(documentsOf),
};

export const json: RuleFormat = {
  name: 'JSON',
  endings: ['.json'],
  read: (text) => {
    const source = jsonDocument(text);
    return source === null ? [] : documentsOf(source);
  },
};
