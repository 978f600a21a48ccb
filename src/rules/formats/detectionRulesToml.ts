// elastic/detection-rules TOML: `[metadata]`, `[rule]`, `[[rule.threat]]`. Names that differ from Kibana's schema
// (`new_terms`) are put into it; `[transform]` is UI text and left out. A file of `[[exceptions]]` holds exception items.
import { parse, TomlError } from 'smol-toml';
import { Lines, type Path, type Place, type SourceDocument } from '../place.js';
import { RuleFileError } from '../ruleError.js';
import type { RuleDocument, RuleFormat } from './format.js';
import { offsetInString, pathKey, type TomlPlaces, tomlPlaces } from './tomlPositions.js';

export const detectionRulesToml: RuleFormat = {
  name: 'detection-rules TOML',
  endings: ['.toml'],
  read(text): readonly RuleDocument[] {
    const file = parseToml(text);
    const rule = file['rule'];
    if (rule === undefined && Array.isArray(file['exceptions']))
      return exceptionItems(text, file['exceptions']);
    if (!isTable(rule)) throw new RuleFileError('schema', { line: 1, column: 1 }, 'there is no [rule] table');
    const integration = isTable(file['metadata']) ? file['metadata']['integration'] : undefined;
    const ruleset = Array.isArray(integration) ? integration[0] : integration;
    // `enabled` says whether Kibana turns the rule on when it installs it; here a file in the folder is a rule in force.
    const { enabled: _enabled, ...inForce } = rule;
    const source = new TomlSource(text, ['rule'], { ...inForce, ...newTermsOf(rule['new_terms']) });
    return [{ kind: 'rule', source, ruleset: typeof ruleset === 'string' ? ruleset : null }];
  },
};

/** `[[exceptions]]` with a `container` and `items`, as detection-rules exports them from Kibana. */
function exceptionItems(text: string, lists: readonly unknown[]): RuleDocument[] {
  return lists.flatMap((list, n) => {
    const items = isTable(list) && Array.isArray(list['items']) ? (list['items'] as unknown[]) : [];
    const read = items.map((item, i): RuleDocument => {
      const source = new TomlSource(text, ['exceptions', n, 'items', i], item);
      return { kind: 'exception_item', source, ruleset: null };
    });
    return read.length > 0 ? read : [{ kind: 'none' }];
  });
}

function parseToml(text: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const message = error.message.split('\n')[0]!.replace(/^Invalid TOML document: /, '');
    throw new RuleFileError('syntax', { line: error.line, column: error.column }, `not TOML: ${message}`);
  }
}

/** `[rule.new_terms] field = "new_terms_fields", value = […]` and its `history_window_start`. */
function newTermsOf(table: unknown): Record<string, unknown> {
  if (!isTable(table)) return {};
  const window = table['history_window_start'];
  const start: unknown = Array.isArray(window) && isTable(window[0]) ? window[0]['value'] : undefined;
  return { new_terms_fields: table['value'], history_window_start: start };
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

class TomlSource implements SourceDocument {
  readonly value: unknown;
  readonly #text: string;
  readonly #prefix: Path;
  readonly #lines: Lines;
  #places: TomlPlaces | null = null;

  /** @param prefix where in the file the value stands. */
  constructor(text: string, prefix: Path, value: unknown) {
    this.#prefix = prefix;
    this.value = value;
    this.#text = text;
    this.#lines = new Lines(text);
  }

  place(path: Path): Place {
    // Asked for every rule, those that are left out too; all other places only when something is to be said of them.
    const table = path.length === 0 && this.#prefix.length === 1 ? this.#text.search(/^\[rule\]/m) : -1;
    return this.#lines.placeOf(table === -1 ? (this.#find(path)?.offset ?? 0) : table);
  }

  placeIn(path: Path, offset: number): Place {
    const found = this.#find(path);
    if (!found?.string) return this.place(path);
    return this.#lines.placeOf(offsetInString(this.#text, found.string, offset));
  }

  #find(path: Path): ReturnType<TomlPlaces['get']> {
    this.#places ??= tomlPlaces(this.#text);
    const full = [...this.#prefix, ...path];
    for (let n = full.length; n > 0; n -= 1) {
      const found = this.#places.get(pathKey(full.slice(0, n)));
      if (found) return found;
    }
    return undefined;
  }
}
