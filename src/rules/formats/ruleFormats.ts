// Every format that rules are read in, by file ending. A new one is added here and nowhere else.
import { detectionRulesToml } from './detectionRulesToml.js';
import type { RuleFormat } from './format.js';
import { kibanaNdjson } from './kibanaNdjson.js';
import { json, yaml } from './yaml.js';

export const ruleFormats: readonly RuleFormat[] = [detectionRulesToml, kibanaNdjson, yaml, json];
