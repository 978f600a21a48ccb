// A query against a record, for tests of meaning.
import { type CompileOptions, compileKql } from '../../../src/kql/compile.js';
import { evaluate } from '../../../src/kql/evaluate.js';
import { createFieldTypes, type FieldClass } from '../../../src/kql/types.js';

export function holds(query: string, record: unknown, options: CompileOptions = {}): boolean {
  return evaluate(compileKql(query, options).predicate, record);
}

/** `f` declared to be of a class. */
export function holdsAs(fieldClass: FieldClass, query: string, value: unknown): boolean {
  return holds(query, { f: value }, { fieldTypes: createFieldTypes({ f: fieldClass }) });
}
