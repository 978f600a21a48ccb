// Which class of Elasticsearch field a name has. Everything is a plain case-sensitive keyword but for what the
// built-in table says (ECS 9, and the fields Elastic's own rules need analysed) and what the config adds.

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

/** Field name or pattern (`*` is any run of characters) to class; the first that fits counts. */
const builtIn: readonly (readonly [string, FieldClass])[] = [
  ['powershell.file.script_block_text', 'pattern_text'],
  ['message', 'text'],
  ['error.message', 'text'],
  ['process.command_line', 'wildcard'],
  ['process.parent.command_line', 'wildcard'],
  ['*.command_line', 'wildcard'],
  ['url.path', 'wildcard'],
  ['url.full', 'wildcard'],
  ['url.original', 'wildcard'],
  ['http.request.body.content', 'wildcard'],
  ['http.response.body.content', 'wildcard'],
  ['error.stack_trace', 'wildcard'],
  ['registry.data.strings', 'wildcard'],
  ['@timestamp', 'date'],
  ['event.created', 'date'],
  ['event.start', 'date'],
  ['event.end', 'date'],
  ['event.ingested', 'date'],
  ['file.created', 'date'],
  ['file.ctime', 'date'],
  ['file.mtime', 'date'],
  ['file.accessed', 'date'],
  ['process.start', 'date'],
  ['*.not_before', 'date'],
  ['*.not_after', 'date'],
  ['source.ip', 'ip'],
  ['destination.ip', 'ip'],
  ['*.ip', 'ip'],
  ['*.port', 'long'],
  ['*.bytes', 'long'],
  ['*.packets', 'long'],
  ['*.pid', 'long'],
  ['*.as.number', 'long'],
  ['*.status_code', 'long'],
  ['event.severity', 'long'],
  ['event.sequence', 'long'],
  ['event.duration', 'long'],
  ['event.risk_score', 'double'],
  ['event.risk_score_norm', 'double'],
  ['file.size', 'long'],
  ['process.args_count', 'long'],
  ['process.parent.args_count', 'long'],
  ['process.exit_code', 'long'],
  ['process.code_signature.trusted', 'boolean'],
  ['process.code_signature.exists', 'boolean'],
  ['process.code_signature.valid', 'boolean'],
  ['*.code_signature.trusted', 'boolean'],
  ['*.code_signature.exists', 'boolean'],
  ['*.code_signature.valid', 'boolean'],
  ['process.interactive', 'boolean'],
  ['*.interactive', 'boolean'],
  ['volume.removable', 'boolean'],
  ['tls.established', 'boolean'],
  ['tls.resumed', 'boolean'],
];

export interface ResolvedField {
  /** The field in the event: `process.name` for `process.name.caseless`. */
  readonly name: string;
  readonly class: FieldClass;
  /** Read through the multi-field `.caseless`: both sides are lower-cased. */
  readonly caseless: boolean;
  /** The config says so: a range over a declared keyword compares text, not numbers. */
  readonly declared: boolean;
}

export class FieldTypes {
  readonly #declared: readonly (readonly [string, FieldClass])[];
  readonly #known = new Map<string, ResolvedField>();

  /** @param declared `field_types` of the config: goes before the built-in table. */
  constructor(declared: Readonly<Record<string, FieldClass>> = {}) {
    this.#declared = Object.entries(declared);
  }

  /** Resolves the multi-fields `x.caseless` and `x.text`, which exist only in Elasticsearch's mapping. */
  resolve(field: string): ResolvedField {
    let known = this.#known.get(field);
    if (!known) {
      known = this.#resolve(field);
      this.#known.set(field, known);
    }
    return known;
  }

  #resolve(field: string): ResolvedField {
    const declared = find(this.#declared, field);
    if (declared) return { name: field, class: declared, caseless: false, declared: true };
    if (field.endsWith('.caseless')) {
      return { name: field.slice(0, -'.caseless'.length), class: 'keyword', caseless: true, declared: false };
    }
    if (field.endsWith('.text') && field !== 'text') {
      return { name: field.slice(0, -'.text'.length), class: 'text', caseless: false, declared: false };
    }
    return { name: field, class: find(builtIn, field) ?? 'keyword', caseless: false, declared: false };
  }
}

function find(table: readonly (readonly [string, FieldClass])[], field: string): FieldClass | undefined {
  return table.find(([name]) => (name.startsWith('*') ? field.endsWith(name.slice(1)) : name === field))?.[1];
}
