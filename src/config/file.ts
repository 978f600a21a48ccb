// A config file's text to a checked tree with places: YAML by the yaml library, its form by ajv, all errors at once.
import { Ajv, type ErrorObject } from 'ajv';
import { isMap, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { type ConfigError, nearest } from './configError.js';
import { configSchema } from './schema.js';
import { sizeOf, timeOf } from './units.js';

export type ConfigTree = Readonly<Record<string, unknown>>;
export type TreePath = readonly (string | number)[];

const ajv = new Ajv({ allErrors: true, strict: false, verbose: true, allowUnionTypes: true });
ajv.addFormat('size', { type: 'string', validate: (text: string) => sizeOf(text) !== null });
ajv.addFormat('time', { type: 'string', validate: (text: string) => timeOf(text) !== null });
const validate = ajv.compile(configSchema);

export class ConfigFile {
  readonly name: string;
  readonly tree: ConfigTree;
  readonly errors: readonly ConfigError[];
  readonly #text: string;
  readonly #contents: Node | null;
  readonly #counter = new LineCounter();

  constructor(name: string, text: string) {
    this.name = name;
    this.#text = text;
    const document = parseDocument(text, { lineCounter: this.#counter, prettyErrors: false });
    this.#contents = document.contents;
    const errors = document.errors.map((e) => this.#at(e.pos[0], e.message.split('\n')[0]!));
    let tree: unknown = {};
    if (errors.length === 0) {
      tree = document.toJS({ maxAliasCount: 100 }) ?? {};
      if (!validate(tree)) errors.push(...this.#schemaErrors(validate.errors ?? []));
    }
    this.tree = tree as ConfigTree;
    this.errors = errors;
  }

  /** An error at the value of a path, or at the nearest parent that is there. */
  error(path: TreePath, message: string): ConfigError {
    return this.#at(this.#offset(path, false), message);
  }

  #schemaErrors(all: readonly ErrorObject[]): ConfigError[] {
    // A value that fits one of several forms fails the others too: only the deepest complaints are worth reading.
    const useful = all.filter((e) => e.keyword !== 'if' && e.keyword !== 'anyOf');
    const seen = new Set<string>();
    return useful.flatMap((e) => {
      const path = pathOf(e.instancePath);
      const { message, at } = describe(e, path);
      const key = `${at.join('/')}`;
      if (seen.has(key)) return [];
      seen.add(key);
      return [this.#at(this.#offset(at, e.keyword === 'additionalProperties'), message)];
    });
  }

  #offset(path: TreePath, ofKey: boolean): number {
    let node: unknown = this.#contents;
    let offset = this.#contents?.range?.[0] ?? 0;
    path.forEach((step, i) => {
      if (isMap(node)) {
        const pair = node.items.find((p) => (p.key as { value?: unknown } | null)?.value === step);
        if (!pair) {
          node = null;
          return;
        }
        const chosen = ofKey && i === path.length - 1 ? pair.key : (pair.value ?? pair.key);
        offset = (chosen as Node | null)?.range?.[0] ?? offset;
        node = pair.value;
      } else if (isSeq(node)) {
        node = node.items[step as number];
        offset = (node as Node | null)?.range?.[0] ?? offset;
      }
    });
    return offset;
  }

  #at(offset: number, message: string): ConfigError {
    const { line, col } = this.#counter.linePos(offset);
    const shown = this.#text.split('\n')[line - 1] ?? '';
    const excerpt = `${shown}\n${shown.slice(0, col - 1).replace(/[^\t]/g, ' ')}^`;
    return { where: this.name, line: Math.max(line, 1), column: Math.max(col, 1), message, excerpt };
  }
}

function pathOf(pointer: string): (string | number)[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step.replaceAll('~1', '/').replaceAll('~0', '~')));
}

function describe(e: ErrorObject, path: TreePath): { message: string; at: TreePath } {
  const name = path.join('.') || 'the config';
  switch (e.keyword) {
    case 'additionalProperties': {
      const key = String(e.params['additionalProperty']);
      const known = Object.keys((e.parentSchema as { properties?: object }).properties ?? {});
      const near = nearest(key, known);
      const hint = near ? `; did you mean ${near}?` : `; known here: ${known.join(', ')}`;
      return { message: `unknown key ${key}${hint}`, at: [...path, key] };
    }
    case 'required':
      return { message: `${name} needs ${String(e.params['missingProperty'])}`, at: path };
    case 'enum': {
      const allowed = (e.params['allowedValues'] as unknown[]).map(String);
      const near = nearest(String(e.data), allowed);
      const hint = near ? `; did you mean ${near}?` : '';
      return {
        message: `${name} can be ${allowed.join(', ')}, not ${JSON.stringify(e.data)}${hint}`,
        at: path,
      };
    }
    case 'format': {
      const size = e.params['format'] === 'size';
      const how = size ? 'a size is written like 8m (k, m, g)' : 'a time is written like 10s (s, m, h, d)';
      return { message: `${name} is ${JSON.stringify(e.data)}; ${how}`, at: path };
    }
    case 'const':
      return {
        message: `${name} can only be ${JSON.stringify(e.params['allowedValue'])} in this version`,
        at: path,
      };
    case 'type': {
      const types = ([] as unknown[]).concat(e.params['type']).join(' or ');
      return { message: `${name} must be ${types}, not ${JSON.stringify(e.data)?.slice(0, 60)}`, at: path };
    }
    default:
      return { message: `${name} ${e.message ?? 'is wrong'}`, at: path };
  }
}
