// Which class of Elasticsearch field a name has. Everything is a plain case-sensitive keyword but for what the
// built-in table says (ECS 9, and the fields Elastic's own rules need analysed) and what the config adds. It never looks at values.
import { matchesPieces } from './wildcard.js';

export type FieldClass =
  | 'keyword'
  | 'text'
  | 'pattern_text'
  | 'wildcard'
  | 'ip'
  | 'long'
  | 'double'
  | 'date'
  | 'boolean';

/** Field name or pattern (`*` is any run of characters, dots included) to class. */
const builtIn: Table = tableOf({
  'powershell.file.script_block_text': 'pattern_text',
  message: 'text',
  'error.message': 'text',
  '*.command_line': 'wildcard',
  'url.path': 'wildcard',
  'url.full': 'wildcard',
  'url.original': 'wildcard',
  'http.request.body.content': 'wildcard',
  'http.response.body.content': 'wildcard',
  'error.stack_trace': 'wildcard',
  'registry.data.strings': 'wildcard',
  '@timestamp': 'date',
  'event.created': 'date',
  'event.start': 'date',
  'event.end': 'date',
  'event.ingested': 'date',
  'file.created': 'date',
  'file.ctime': 'date',
  'file.mtime': 'date',
  'file.accessed': 'date',
  'process.start': 'date',
  'process.end': 'date',
  '*.not_before': 'date',
  '*.not_after': 'date',
  '*.ip': 'ip',
  'dns.resolved_ip': 'ip',
  '*.port': 'long',
  '*.bytes': 'long',
  '*.packets': 'long',
  '*.pid': 'long',
  '*.as.number': 'long',
  '*.status_code': 'long',
  'event.severity': 'long',
  'event.sequence': 'long',
  'event.duration': 'long',
  'event.risk_score': 'double',
  'event.risk_score_norm': 'double',
  'file.size': 'long',
  'process.args_count': 'long',
  'process.parent.args_count': 'long',
  'process.exit_code': 'long',
  '*.code_signature.trusted': 'boolean',
  '*.code_signature.exists': 'boolean',
  '*.code_signature.valid': 'boolean',
  '*.interactive': 'boolean',
  'volume.removable': 'boolean',
  'tls.established': 'boolean',
  'tls.resumed': 'boolean',
});

export interface ResolvedField {
  /** The field in the event: `process.name` for `process.name.caseless`. */
  readonly name: string;
  readonly class: FieldClass;
  /** Read through the multi-field `.caseless`: both sides are lower-cased. */
  readonly caseless: boolean;
  /** The config says so: a declared keyword is text only, whatever its values look like. */
  readonly declared: boolean;
}

/** Exact names go before patterns; of patterns the first that fits counts. */
interface Table {
  readonly exact: ReadonlyMap<string, FieldClass>;
  readonly patterns: readonly { readonly pieces: readonly string[]; readonly class: FieldClass }[];
}

function tableOf(classes: Readonly<Record<string, FieldClass>>): Table {
  const entries = Object.entries(classes);
  return {
    exact: new Map(entries.filter(([name]) => !name.includes('*'))),
    patterns: entries
      .filter(([name]) => name.includes('*'))
      .map(([name, fieldClass]) => ({ pieces: name.split('*'), class: fieldClass })),
  };
}

function find(table: Table, field: string): FieldClass | undefined {
  return table.exact.get(field) ?? table.patterns.find((p) => matchesPieces(p.pieces, field))?.class;
}

export class FieldTypes {
  readonly #declared: Table;
  /** As the config gave them. */
  readonly declared: Readonly<Record<string, FieldClass>>;

  /** @param declared `field_types` of the config: goes before the built-in table. */
  constructor(declared: Readonly<Record<string, FieldClass>> = {}) {
    this.declared = declared;
    this.#declared = tableOf(declared);
  }

  classOf(field: string): FieldClass {
    return this.resolve(field).class;
  }

  /**
   * Resolves the multi-fields `x.caseless` and `x.text`, which exist only in Elasticsearch's mapping: an event never
   * has a key of that name. A declaration of the whole name says otherwise.
   * @param prefix the path of the braces that `field` stands in, with its dot; the class is the full name's.
   */
  resolve(field: string, prefix = ''): ResolvedField {
    const full = `${prefix}${field}`;
    if (!this.#declared.exact.has(full) && field.lastIndexOf('.') > 0) {
      const name = full.slice(0, full.lastIndexOf('.'));
      if (field.endsWith('.caseless')) return { name, class: 'keyword', caseless: true, declared: false };
      if (field.endsWith('.text')) return { name, class: 'text', caseless: false, declared: false };
    }
    return this.asWritten(full);
  }

  /** The field of exactly this name, as an event spells it: no multi-field. */
  asWritten(field: string): ResolvedField {
    const declared = find(this.#declared, field);
    return {
      name: field,
      class: declared ?? find(builtIn, field) ?? 'keyword',
      caseless: false,
      declared: declared !== undefined,
    };
  }
}

export function createFieldTypes(overrides: Readonly<Record<string, FieldClass>> = {}): FieldTypes {
  return new FieldTypes(overrides);
}
