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
    if (error) throw new RuleFileError('syntax', placeAt(error.pos[0]), messageOf(error));
  }
  return list.map((document) => new YamlSource(document, text, placeAt));
}

function messageOf(error: Error): string {
  const message = error.message.split('\n')[0]!;
  return message.startsWith('Maximum call stack') ? 'nested too deep' : message;
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

/** Offset in the file of a character of a scalar's text: exact for block literals, by the words for folded text. */
function offsetOf(text: string, node: Scalar<string>, wanted: number): number {
  const start = node.range?.[0] ?? 0;
  switch (node.type) {
    case Scalar.BLOCK_LITERAL:
      return inBlock(text, node.value, start, wanted);
    case Scalar.BLOCK_FOLDED:
      return inFolded(text, node.value, text.indexOf('\n', start) + 1, wanted, false);
    case Scalar.QUOTE_DOUBLE:
      return inFolded(text, node.value, start + 1, wanted, true);
    default:
      return inFolded(text, node.value, start + (node.type === Scalar.QUOTE_SINGLE ? 1 : 0), wanted, false);
  }
}

function inBlock(text: string, value: string, start: number, wanted: number): number {
  const lines = value.slice(0, wanted).split('\n');
  let at = text.indexOf('\n', start) + 1;
  for (let i = 1; i < lines.length; i += 1) at = text.indexOf('\n', at) + 1;
  const indent = /^[ \t]*/.exec(text.slice(at))![0].length;
  const own = /^[ \t]*/.exec(value.split('\n')[lines.length - 1] ?? '')![0].length;
  return at + Math.max(0, indent - own) + lines[lines.length - 1]!.length;
}

const BLANK = /\s/;

/** Text whose line ends and indents became single spaces: a run of blanks in the value answers to one in the file. */
function inFolded(text: string, value: string, start: number, wanted: number, escapes: boolean): number {
  const pastBlanks = (of: string, from: number): number => {
    let at = from;
    while (at < of.length && BLANK.test(of[at]!)) at += 1;
    return at;
  };
  let at = BLANK.test(value[0] ?? '') ? start : pastBlanks(text, start);
  let seen = 0;
  while (seen < wanted && at < text.length) {
    if (escapes && text[at] === '\\') {
      const next = text[at + 1];
      at += next === 'u' ? 6 : next === 'x' ? 4 : next === 'U' ? 10 : 2;
      // A character past U+FFFF is two units of the text.
      seen += next === 'U' && (value.codePointAt(seen) ?? 0) > 0xffff ? 2 : 1;
    } else if (BLANK.test(value[seen]!)) {
      const run = pastBlanks(value, seen) - seen;
      const end = pastBlanks(text, at);
      const isFold = text.slice(at, end).includes('\n');
      at = isFold ? end : at + Math.min(run, wanted - seen);
      seen += isFold ? run : Math.min(run, wanted - seen);
    } else {
      at += 1;
      seen += 1;
    }
  }
  return at;
}
