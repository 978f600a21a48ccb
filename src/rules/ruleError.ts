// What is wrong with a rule file, and where. A malformed rule costs that rule, never the others.
import type { KqlErrorCode } from '../kql/error.js';
import type { Place } from './place.js';
import type { RuleWarningCode } from './ruleCodes.js';

export type RuleErrorCode =
  | 'unreadable'
  | 'syntax'
  | 'schema'
  /** Of the query. */
  | `kql_${KqlErrorCode}`
  | 'filter'
  | 'exception'
  | 'duplicate_id'
  | 'unknown_type'
  | 'overlay';

export interface RuleError {
  readonly code: RuleErrorCode;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** The line, and a caret under the place. */
  readonly excerpt: string;
}

export type RuleWarning = Omit<RuleError, 'code'> & { readonly code: RuleWarningCode };

/** Thrown for a rule that is well formed but cannot run here: it is named with the reason and left out. */
export class UnsupportedRuleError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'UnsupportedRuleError';
  }
}

/** Thrown inside a format; the loader adds file and excerpt. */
export class RuleFileError extends Error {
  readonly code: RuleErrorCode;
  readonly place: Place;
  constructor(code: RuleErrorCode, place: Place, message: string) {
    super(message);
    this.name = 'RuleFileError';
    this.code = code;
    this.place = place;
  }
}

/** `file:line:column: message`, with the line and the caret below. */
export function formatRuleError(error: RuleError | RuleWarning): string {
  const head = `${error.file}:${error.line}:${error.column}: ${error.message} [${error.code}]`;
  return error.excerpt === '' ? head : `${head}\n${error.excerpt.replace(/^/gm, '  ')}`;
}
