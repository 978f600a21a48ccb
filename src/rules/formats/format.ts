// What a rule format is: which files it reads, and how a file becomes documents in Kibana's rule schema.
import type { SourceDocument } from '../place.js';
import type { RuleFileError } from '../ruleError.js';

/** A part of a file that cannot be read, beside others that can (a line of an export). */
interface UnreadableDocument {
  readonly kind: 'unreadable';
  readonly error: RuleFileError;
}

export interface ReadDocument {
  readonly kind: 'rule' | 'exception_item';
  readonly source: SourceDocument;
  /** Name for `rule.ruleset` that the file itself gives; null: none. */
  readonly ruleset: string | null;
}

/** What belongs into a file of rules and is none: an export's summary, a list, a connector. */
interface NoDocument {
  readonly kind: 'none';
}

export type RuleDocument = ReadDocument | UnreadableDocument | NoDocument;

export interface RuleFormat {
  readonly name: string;
  /** File endings with their dot, lower case. */
  readonly endings: readonly string[];
  /** @throws RuleFileError when the file cannot be read at all. Nothing: the file is blank. */
  read(text: string): Iterable<RuleDocument>;
}
