// What a rule format is: which files it reads, and how a file becomes documents in Kibana's rule schema.
import type { SourceDocument } from '../place.js';

export interface RuleDocument {
  readonly kind: 'rule' | 'exception_item';
  readonly source: SourceDocument;
  /** Name for `rule.ruleset` that the file itself gives; null: none. */
  readonly ruleset: string | null;
}

export interface RuleFormat {
  readonly name: string;
  /** File endings with their dot, lower case. */
  readonly endings: readonly string[];
  /** @throws RuleFileError when the file cannot be read at all; what is no rule (a summary line) is left out. */
  read(text: string): readonly RuleDocument[];
}
