// What rule files hold, sorted: rules, exception items, what is left out, errors. It reads whole files and builds the
// rule set; which files there are is not its to know.
import { createHash } from 'node:crypto';
import { basename, dirname, extname } from 'node:path';
import type { RuleOverlay } from '../config/config.js';
import { FieldTypes } from '../kql/types.js';
import { buildRule, type RawRule, ruleId } from './build.js';
import { exceptionItem } from './exceptionItems.js';
import { excerptOf } from './excerpt.js';
import type { FieldKnowledge } from './fieldKnowledge.js';
import type { ReadDocument, RuleDocument } from './formats/format.js';
import { ruleFormats } from './formats/ruleFormats.js';
import type { LoadResult } from './load.js';
import { firstPlace, Lines, type Place, type SourceDocument } from './place.js';
import { readText } from './readText.js';
import type { Rule, RuleException, UnsupportedRule } from './rule.js';
import type { RuleWarningCode } from './ruleCodes.js';
import { type RuleError, RuleFileError, type RuleWarning, UnsupportedRuleError } from './ruleError.js';
import { schemaProblems } from './schema.js';
import { valueList } from './valueLists.js';

export interface LoadOptions {
  readonly overlays?: Readonly<Record<string, RuleOverlay>>;
  readonly fieldTypes?: FieldTypes;
  /** For the lint: a rule that reads what nothing fills gets a warning. */
  readonly fieldKnowledge?: FieldKnowledge;
  /** Index patterns that the config routes: one that no rule names is a slip. */
  readonly routes?: readonly string[];
}

const supportedTypes = new Set(['query', 'threshold', 'new_terms']);
const knownTypes = new Set([
  ...supportedTypes,
  'saved_query',
  'eql',
  'esql',
  'machine_learning',
  'threat_match',
]);

/** Reads files one by one, then builds what they hold: an exception list may stand in a later file than its rule. */
export class Loader {
  readonly #overlays: Readonly<Record<string, RuleOverlay>>;
  readonly #fieldTypes: FieldTypes;
  readonly #fieldKnowledge: FieldKnowledge | undefined;
  readonly #routes: readonly string[];
  readonly #errors: RuleError[] = [];
  readonly #warnings: RuleWarning[] = [];
  #invalid = 0;
  readonly #unsupported: UnsupportedRule[] = [];
  readonly #pending: { file: string; lines: Lines; document: ReadDocument; raw: RawRule }[] = [];
  readonly #lists = new Map<string, RuleException[]>();
  readonly #places = new Map<string, string>();
  /** Ids of rules that were met, malformed ones too. */
  readonly #named = new Set<string>();

  constructor(options: LoadOptions) {
    this.#routes = options.routes ?? [];
    this.#overlays = options.overlays ?? {};
    this.#fieldTypes = options.fieldTypes ?? new FieldTypes();
    this.#fieldKnowledge = options.fieldKnowledge;
  }

  /** Yields between documents. */
  *read(file: string): Generator<void, void> {
    const { text, problem } = readText(file);
    const lines = new Lines(text);
    if (problem !== null) {
      this.#error(file, lines, 'unreadable', firstPlace, problem);
      this.#invalid += 1;
      return;
    }
    const format = ruleFormats.find((f) => f.endings.includes(extname(file).toLowerCase()))!;
    let isEmpty = true;
    try {
      for (const document of format.read(text)) {
        isEmpty = false;
        this.#guard(file, lines, () => this.#sort(file, lines, document));
        yield;
      }
    } catch (error) {
      if (!(error instanceof RuleFileError)) throw error;
      this.#error(file, lines, error.code, error.place, error.message);
      this.#invalid += 1;
      return;
    }
    if (!isEmpty) return;
    const message = 'the file holds no rule';
    this.#warnings.push({ code: 'empty_file', file, ...firstPlace, message, excerpt: '' });
  }

  *finish(): Generator<void, Omit<LoadResult, 'files'>> {
    const rules: Rule[] = [];
    const disabled: Rule[] = [];
    for (const { file, lines, document, raw } of this.#pending) {
      this.#guard(file, lines, () => {
        const rule = this.#buildOrLeaveOut(file, lines, document, raw);
        if (rule === null) return;
        const enabled = this.#overlays[rule.id]?.enabled ?? raw['enabled'] !== false;
        if (enabled) rules.push(rule);
        else disabled.push(rule);
      });
      yield;
    }
    this.#checkConfig([...rules, ...disabled]);
    const hash = yield* hashOf(rules, this.#overlays, this.#fieldTypes.declared);
    const ruleSet = { rules, disabled, unsupported: this.#unsupported, hash };
    return { ruleSet, errors: this.#errors, invalid: this.#invalid, warnings: this.#warnings };
  }

  /** What the config says of rules that are not there. */
  #checkConfig(rules: readonly Rule[]): void {
    const warn = (code: RuleWarningCode, message: string): void => {
      this.#warnings.push({ code, file: 'config', ...firstPlace, message, excerpt: '' });
    };
    for (const id of Object.keys(this.#overlays)) {
      if (!this.#places.has(id) && !this.#named.has(id))
        warn('unknown_overlay', `the config lays over rule ${id}, which no rule file has`);
    }
    const named = new Set(rules.flatMap((rule) => rule.index));
    for (const index of this.#routes) {
      if (!named.has(index))
        warn('unknown_route', `the config routes ${index}, which no rule names as its index`);
    }
  }

  #sort(file: string, lines: Lines, document: RuleDocument): void {
    if (document.kind === 'none') return;
    if (document.kind === 'unreadable') throw document.error;
    const { source } = document;
    if (document.kind === 'exception_item') {
      this.#exceptionItem(file, lines, source);
      return;
    }
    const raw = source.value;
    if (typeof raw !== 'object' || raw === null) {
      throw new RuleFileError('schema', source.place([]), 'this is not a rule: an object should be here');
    }
    const rule = withoutNulls(raw as RawRule);
    if (!this.#isSupported(file, document, rule)) return;
    if (typeof rule['rule_id'] === 'string') this.#named.add(rule['rule_id']);
    const problems = schemaProblems(rule);
    for (const p of problems) this.#error(file, lines, 'schema', source.place(p.path), p.message);
    if (problems.length > 0) return;
    const id = ruleId(rule);
    const here = `${file}:${source.place([]).line}`;
    const before = this.#places.get(id);
    if (before)
      throw new RuleFileError(
        'duplicate_id',
        source.place(['rule_id']),
        `rule_id ${id} is in ${before} already`,
      );
    this.#places.set(id, here);
    this.#pending.push({ file, lines, document, raw: rule });
  }

  #exceptionItem(file: string, lines: Lines, source: SourceDocument): void {
    const item = exceptionItem(source, {
      fieldTypes: this.#fieldTypes,
      valueList: (id, type) => valueList(dirname(file), id, type),
      onMissingList: (id, path) => {
        const place = source.place(path);
        const message = `no file ${JSON.stringify(id)} beside it holds the value list: this exception is not applied`;
        const excerpt = excerptOf(lines, place);
        this.#warnings.push({ code: 'missing_value_list', file, ...place, message, excerpt });
      },
    });
    if (item === null) return;
    this.#lists.set(item.listId, [...(this.#lists.get(item.listId) ?? []), item.exception]);
  }

  #isSupported(file: string, { source }: ReadDocument, rule: RawRule): boolean {
    const type = rule['type'];
    const language = typeof rule['language'] === 'string' ? rule['language'] : null;
    if (typeof type !== 'string' || !knownTypes.has(type)) {
      if (type === undefined) return true;
      const known = [...knownTypes].join(', ');
      throw new RuleFileError(
        'unknown_type',
        source.place(['type']),
        `unknown rule type ${JSON.stringify(type)}; known: ${known}`,
      );
    }
    const reason = unsupportedReason(type, language);
    if (reason === null) return true;
    this.#leaveOut(file, source, rule, reason);
    return false;
  }

  #leaveOut(file: string, source: SourceDocument, rule: RawRule, reason: string): void {
    const id = typeof rule['rule_id'] === 'string' ? rule['rule_id'] : '';
    this.#named.add(id);
    const { line } = source.place([]);
    const language = typeof rule['language'] === 'string' ? rule['language'] : null;
    const [name, type] = [String(rule['name'] ?? ''), String(rule['type'])];
    this.#unsupported.push({ id, name, type, language, file, line, reason });
  }

  #buildOrLeaveOut(file: string, lines: Lines, document: ReadDocument, raw: RawRule): Rule | null {
    try {
      return this.#build(file, lines, document, raw);
    } catch (error) {
      if (!(error instanceof UnsupportedRuleError)) throw error;
      this.#leaveOut(file, document.source, raw, error.message);
      return null;
    }
  }

  #build(file: string, lines: Lines, document: ReadDocument, raw: RawRule): Rule {
    const { source } = document;
    return buildRule(source, raw, {
      file,
      ruleset: document.ruleset ?? basename(dirname(file)) ?? 'fluent-detect',
      fieldTypes: this.#fieldTypes,
      overlay: this.#overlays[ruleId(raw)] ?? {},
      listExceptions: (ids) =>
        ids.flatMap((id) => {
          const list = this.#lists.get(id);
          if (!list) {
            const place = source.place(['exceptions_list']);
            const message = `no file beside the rule holds the exception list ${JSON.stringify(id)}: its exceptions are not applied`;
            const excerpt = excerptOf(lines, place);
            this.#warnings.push({ code: 'missing_exception_list', file, ...place, message, excerpt });
          }
          return list ?? [];
        }),
      ...(this.#fieldKnowledge ? { fieldKnowledge: this.#fieldKnowledge } : {}),
      onWarning: ({ code, span, message }) => {
        const place = source.placeIn(['query'], span.start);
        this.#warnings.push({ code, file, ...place, message, excerpt: excerptOf(lines, place) });
      },
    });
  }

  /** Work on one document: whatever goes wrong with it is one invalid rule. */
  #guard(file: string, lines: Lines, work: () => void): void {
    const before = this.#errors.length;
    try {
      work();
    } catch (error) {
      if (!(error instanceof RuleFileError)) throw error;
      this.#error(file, lines, error.code, error.place, error.message);
    }
    if (this.#errors.length > before) this.#invalid += 1;
  }

  #error(file: string, lines: Lines, code: RuleError['code'], place: Place, message: string): void {
    this.#errors.push({ code, file, ...place, message, excerpt: excerptOf(lines, place) });
  }
}

/** Kibana's API writes null for what a rule does not have. */
function withoutNulls(raw: RawRule): RawRule {
  return Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== null));
}

function unsupportedReason(type: string, language: string | null): string | null {
  if (!supportedTypes.has(type)) return `rules of type ${type} are not supported`;
  if (language !== null && language !== 'kuery')
    return `queries in ${language} are not supported; only kuery (KQL) is`;
  return null;
}

/** Over all that decides a match and a tag. */
function* hashOf(
  rules: readonly Rule[],
  overlays: Readonly<Record<string, RuleOverlay>>,
  declared: Readonly<Record<string, string>>,
): Generator<void, string> {
  const hash = createHash('sha256');
  for (const rule of [...rules].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const { predicate: _predicate, exceptions, source: _source, ...rest } = rule;
    const names = exceptions.map((e) => [e.name, e.expires, e.text]);
    hash.update(JSON.stringify([rest, names, rule.source.hash, overlays[rule.id] ?? null]));
    yield;
  }
  hash.update(JSON.stringify(declared));
  return hash.digest('hex').slice(0, 12);
}
