// YAML and JSON with places, by the yaml library's document tree (JSON is read as the YAML that it is).
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  Scalar,
} from 'yaml';
import type { Path, Place, SourceDocument } from '../place.js';
import { RuleFileError } from '../ruleError.js';

/**
 * The documents of a YAML or JSON text.
 * @param firstLine line of the file at which `text` begins (NDJSON reads line by line).
 * @throws RuleFileError on the first syntax error.
 */
export function yamlDocuments(text: string, firstLine = 1): SourceDocument[] {
  const counter = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: counter,
    uniqueKeys: true,
    maxAliasCount: 100,
    prettyErrors: false,
  } as Parameters<typeof parseAllDocuments>[1]);
  const list = (Array.isArray(documents) ? documents : []) as Document.Parsed[];
  const placeAt = (offset: number): Place => {
    const { line, col } = counter.linePos(offset);
    return { line: line + firstLine - 1, column: col };
  };
  for (const document of list) {
    const [error] = document.errors;
    if (error) throw new RuleFileError('syntax', placeAt(error.pos[0]), error.message.split('\n')[0]!);
  }
  return list.map((document) => new YamlSource(document, text, placeAt));
}

class YamlSource implements SourceDocument {
  readonly value: unknown;
  readonly #document: Document.Parsed;
  readonly #text: string;
  readonly #placeAt: (offset: number) => Place;

  constructor(document: Document.Parsed, text: string, placeAt: (offset: number) => Place) {
    this.#document = document;
    this.#text = text;
    this.#placeAt = placeAt;
    try {
      this.value = document.toJS({ maxAliasCount: 100 });
    } catch (error) {
      // An alias of nothing, or too many of them.
      throw new RuleFileError('syntax', placeAt(0), (error as Error).message);
    }
  }

  place(path: Path): Place {
    return this.#placeAt(this.#nodeAt(path)?.range?.[0] ?? 0);
  }

  placeIn(path: Path, offset: number): Place {
    const node = this.#nodeAt(path);
    if (!isScalar(node) || typeof node.value !== 'string') return this.place(path);
    return this.#placeAt(offsetOf(this.#text, node as Scalar<string>, offset));
  }

  /** The node at a path, or the last one on the way that is there. */
  #nodeAt(path: Path): Node | null {
    let node: unknown = this.#document.contents;
    for (const step of path) {
      const next: unknown = isMap(node)
        ? node.get(step, true)
        : isSeq(node)
          ? node.get(step, true)
          : undefined;
      if (next === undefined || next === null) break;
      node = next;
    }
    return (node as Node | null) ?? null;
  }
}

/** Offset in the file of a character of a scalar's text: exact for block literals and quoted strings. */
function offsetOf(text: string, node: Scalar<string>, wanted: number): number {
  const start = node.range?.[0] ?? 0;
  if (node.type === Scalar.BLOCK_LITERAL) {
    const lines = node.value.slice(0, wanted).split('\n');
    let at = text.indexOf('\n', start) + 1;
    for (let i = 1; i < lines.length; i += 1) at = text.indexOf('\n', at) + 1;
    const indent = /^[ \t]*/.exec(text.slice(at))![0].length;
    const own = /^[ \t]*/.exec(node.value.split('\n')[lines.length - 1] ?? '')![0].length;
    return at + Math.max(0, indent - own) + lines[lines.length - 1]!.length;
  }
  if (node.type === Scalar.QUOTE_DOUBLE) {
    let at = start + 1;
    for (let seen = 0; seen < wanted; seen += 1) {
      if (text[at] !== '\\') at += 1;
      else at += text[at + 1] === 'u' ? 6 : text[at + 1] === 'x' ? 4 : 2;
    }
    return at;
  }
  const quote = node.type === Scalar.QUOTE_SINGLE ? 1 : 0;
  return start + quote + (node.value.includes('\n') ? 0 : wanted);
}
