// Examples beside a rule: events that it must match, and events that it must not (`NAME.examples.yaml` or `.json`).
//
//   rule_id: a83b3dac-…        # which rule of the folder; without it the one of NAME.toml, .yaml, …
//   examples:
//     - name: a sentence that is true of the rule
//       matches: true
//       tag: azure.signin      # optional: constants of the config go by it
//       record: { event: { dataset: azure.signinlogs } }
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { Ajv } from 'ajv';
import { excerptOf } from './excerpt.js';
import { filesBelow, isFolder } from './folders.js';
import { yamlDocuments } from './formats/yamlDocument.js';
import { isExamples } from './load.js';
import { Lines, type Place } from './place.js';
import { type RuleError, RuleFileError } from './ruleError.js';

export interface Example {
  readonly file: string;
  readonly line: number;
  /** Null: the rule of the file beside it. */
  readonly ruleId: string | null;
  readonly name: string;
  readonly matches: boolean;
  /** '' where the example says none. */
  readonly tag: string;
  readonly record: Readonly<Record<string, unknown>>;
}

const validate = new Ajv({ allErrors: true }).compile({
  type: 'object',
  required: ['examples'],
  additionalProperties: false,
  properties: {
    rule_id: { type: 'string', minLength: 1 },
    examples: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['name', 'matches', 'record'],
        additionalProperties: false,
        properties: {
          name: { type: 'string', minLength: 1 },
          matches: { type: 'boolean' },
          tag: { type: 'string' },
          record: { type: 'object' },
        },
      },
    },
  },
});

/** The example files at a path: itself, those below a folder, or the one beside a rule file. @throws RulePathError */
export function exampleFilesOf(path: string): string[] {
  if (isFolder(path)) return filesBelow(path).filter(isExamples);
  if (isExamples(path)) return [path];
  const stem = basename(path, extname(path));
  return readdirSync(dirname(path))
    .filter((name) => isExamples(name) && stemOf(name) === stem)
    .map((name) => join(dirname(path), name));
}

/** `NAME` of `NAME.examples.yaml`. */
export function stemOf(file: string): string {
  return basename(file).replace(/\.examples\.(ya?ml|json)$/i, '');
}

export function readExamples(file: string): { readonly examples: Example[]; readonly errors: RuleError[] } {
  const text = readFileSync(file, 'utf8').replace(/^\ufeff/, '');
  const lines = new Lines(text);
  const errorAt = (place: Place, message: string, code: RuleError['code']): RuleError => {
    return { code, file, ...place, message, excerpt: excerptOf(lines, place) };
  };
  try {
    const documents = yamlDocuments(text);
    if (documents.length === 0) {
      return {
        examples: [],
        errors: [errorAt({ line: 1, column: 1 }, 'the file holds no examples', 'schema')],
      };
    }
    const found = documents.map((source) => {
      if (!validate(source.value)) {
        const errors = (validate.errors ?? []).map((e) => {
          const path = e.instancePath
            .split('/')
            .slice(1)
            .map((p) => (/^\d+$/.test(p) ? Number(p) : p));
          const what = e.params['additionalProperty'] ?? '';
          return errorAt(source.place(path), `${e.message}${what === '' ? '' : `: ${what}`}`, 'schema');
        });
        return { examples: [], errors };
      }
      const { rule_id: ruleId, examples } = source.value as {
        rule_id?: string;
        examples: (Omit<Example, 'tag'> & { tag?: string })[];
      };
      return {
        examples: examples.map((e, n) => ({
          file,
          line: source.place(['examples', n]).line,
          ruleId: ruleId ?? null,
          name: e.name,
          matches: e.matches,
          tag: e.tag ?? '',
          record: e.record,
        })),
        errors: [],
      };
    });
    return { examples: found.flatMap((f) => f.examples), errors: found.flatMap((f) => f.errors) };
  } catch (error) {
    if (!(error instanceof RuleFileError)) throw error;
    return { examples: [], errors: [errorAt(error.place, error.message, error.code)] };
  }
}
