// What a replay is expected to find (`--expect expect.yaml`), so that captured logs become regression tests of rules:
//
//   rules:
//     a83b3dac-325a-…: 5                    # exactly five matches
//     Name of another rule:                 # by name, if only one has it
//       at_least: 1
//       at_most: 10
//       alerts: { exactly: 2 }              # and of its alerts
//   unexpected: fail                        # or `allow`: matches of rules that are not named
//
// A rule that is not named must match nothing.
import { Ajv } from 'ajv';
import { excerptOf } from '../rules/excerpt.js';
import { yamlDocuments } from '../rules/formats/yamlDocument.js';
import { Lines, type Path } from '../rules/place.js';
import type { RuleSet } from '../rules/rule.js';
import { type RuleError, RuleFileError } from '../rules/ruleError.js';
import type { RuleFindings } from './replay.js';

interface Bounds {
  readonly exactly?: number;
  readonly at_least?: number;
  readonly at_most?: number;
}

interface Expectation {
  readonly ruleId: string;
  readonly line: number;
  readonly matches: Bounds;
  readonly alerts: Bounds | null;
}

export interface Expectations {
  readonly file: string;
  readonly expected: readonly Expectation[];
  readonly allowUnexpected: boolean;
}

/** One rule, held against what it found. */
export interface ExpectationOutcome {
  readonly ruleId: string;
  readonly name: string;
  /** `FILE:LINE` of the expectation; '' for a rule that is not named. */
  readonly place: string;
  /** Null: as expected. */
  readonly failure: string | null;
}

const count = { type: 'integer', minimum: 0 };
const bounds = { exactly: count, at_least: count, at_most: count };
const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile({
  type: 'object',
  required: ['rules'],
  additionalProperties: false,
  properties: {
    rules: {
      type: 'object',
      additionalProperties: {
        type: ['integer', 'object'],
        minimum: 0,
        minProperties: 1,
        additionalProperties: false,
        properties: {
          ...bounds,
          alerts: {
            type: ['integer', 'object'],
            minimum: 0,
            minProperties: 1,
            additionalProperties: false,
            properties: bounds,
          },
        },
      },
    },
    unexpected: { enum: ['fail', 'allow'] },
  },
});

type Written = number | Bounds;
interface Document {
  readonly rules: Readonly<Record<string, number | (Bounds & { readonly alerts?: Written })>>;
  readonly unexpected?: 'fail' | 'allow';
}

/** Every error of the file with its place, or what it expects of the rules in force. */
export function readExpectations(
  file: string,
  text: string,
  { rules }: RuleSet,
): { readonly errors: RuleError[] } | { readonly expectations: Expectations } {
  const lines = new Lines(text);
  const errors: RuleError[] = [];
  try {
    const [document, ...more] = yamlDocuments(text);
    const error = (path: Path, message: string, code: RuleError['code'] = 'schema'): void => {
      const place = document?.place(path) ?? { line: 1, column: 1 };
      errors.push({ code, file, ...place, message, excerpt: excerptOf(lines, place) });
    };
    if (!document || more.length > 0) error([], 'one YAML document with `rules` should be here');
    else if (!validate(document.value)) {
      for (const e of validate.errors ?? []) {
        const path = e.instancePath
          .split('/')
          .slice(1)
          .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
        const key = e.params['additionalProperty'] as string | undefined;
        error(
          key === undefined ? path : [...path, key],
          `${e.message}${key === undefined ? '' : `: ${key}`}`,
        );
      }
    } else {
      const { rules: written, unexpected } = document.value as Document;
      const expected = Object.entries(written).flatMap(([name, value]): Expectation[] => {
        const path = ['rules', name];
        const found = rules.filter((r) => r.id === name);
        if (found.length === 0) found.push(...rules.filter((r) => r.name === name));
        if (found.length !== 1) {
          const why =
            found.length === 0 ? 'no rule in force has this id or name' : 'several rules have this name';
          error(path, `${why}: ${name}`);
          return [];
        }
        const { alerts, ...own } = typeof value === 'number' ? { exactly: value } : value;
        const matches = own as Bounds;
        const ofAlerts =
          alerts === undefined ? null : typeof alerts === 'number' ? { exactly: alerts } : alerts;
        for (const [b, at] of [
          [matches, path],
          [ofAlerts ?? {}, [...path, 'alerts']],
        ] as const) {
          const problem = contradiction(b);
          if (problem !== null) error(at, problem);
        }
        return [{ ruleId: found[0]!.id, line: document.place(path).line, matches, alerts: ofAlerts }];
      });
      const ids = expected.map((e) => e.ruleId);
      const twice = ids.find((id, i) => ids.indexOf(id) !== i);
      if (twice !== undefined) error(['rules'], `rule ${twice} is named twice, by its id and by its name`);
      if (errors.length === 0)
        return { expectations: { file, expected, allowUnexpected: unexpected === 'allow' } };
    }
  } catch (cause) {
    if (!(cause instanceof RuleFileError)) throw cause;
    const { place } = cause;
    errors.push({ code: 'syntax', file, ...place, message: cause.message, excerpt: excerptOf(lines, place) });
  }
  return { errors };
}

function contradiction(b: Bounds): string | null {
  if (b.exactly !== undefined && (b.at_least !== undefined || b.at_most !== undefined))
    return '"exactly" says all: "at_least" and "at_most" have no place beside it';
  return (b.at_least ?? 0) > (b.at_most ?? Number.POSITIVE_INFINITY) ? '"at_least" is over "at_most"' : null;
}

/** Every rule that is named, and every other that found something. */
export function outcomesOf(
  { expected, allowUnexpected, file }: Expectations,
  findings: readonly RuleFindings[],
): ExpectationOutcome[] {
  return findings.flatMap((found): ExpectationOutcome[] => {
    const { rule, matches, alerts } = found;
    const e = expected.find((x) => x.ruleId === rule.id);
    const outcome = (place: string, failure: string | null): ExpectationOutcome[] => [
      { ruleId: rule.id, name: rule.name, place, failure },
    ];
    if (!e) {
      if (matches === 0) return [];
      return outcome('', allowUnexpected ? null : `${times(matches)}, and none was expected`);
    }
    const problems = [
      problemOf('match', 'matches', e.matches, matches),
      e.alerts && problemOf('alert', 'alerts', e.alerts, alerts),
    ].filter((p) => p !== null);
    return outcome(`${file}:${e.line}`, problems.length === 0 ? null : problems.join('; '));
  });
}

function times(matches: number): string {
  return `${matches} ${matches === 1 ? 'match' : 'matches'}`;
}

function problemOf(one: string, many: string, b: Bounds, found: number): string | null {
  const least = b.exactly ?? b.at_least ?? 0;
  const most = b.exactly ?? b.at_most ?? Number.POSITIVE_INFINITY;
  if (found >= least && found <= most) return null;
  const wanted =
    b.exactly !== undefined
      ? `exactly ${b.exactly}`
      : found < least
        ? `at least ${least}`
        : `at most ${most}`;
  return `${found} ${found === 1 ? one : many}, expected ${wanted}`;
}
