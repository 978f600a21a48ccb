// Rules as YAML (one or more documents) or JSON (one, or a list), in Kibana's schema.
import type { RuleFormat } from './format.js';
import { documentsOf } from './kibanaNdjson.js';
import { yamlDocuments } from './yamlDocument.js';

export const yaml: RuleFormat = {
  name: 'YAML or JSON',
  endings: ['.yaml', '.yml', '.json'],
  read: (text) => yamlDocuments(text).flatMap(documentsOf),
};
